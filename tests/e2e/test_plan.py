"""What `plan` says stands in the way of a run is what a run meets: holds, and a run under way."""

import time

import pytest
from crew import Crew
from workloads import Workload, scenario

from lib.process import free_port
from lib.redis_server import RedisServer

SLOW = {"start_ms": 40000, "stop_ms": 40000}
REFUSED = 3
HOUR_MS = 3_600_000


def workloads():
    return [
        Workload("held").tier("a", 2, stop=0).tier("b", 2, stop=1),
        Workload("part").tier("a", 2, stop=0).tier("b", 2, stop=1),
        Workload("busy").tier("a", 1, stop=0, start=0, machine=SLOW),
    ]


@pytest.fixture(scope="module")
def crew(tmp_path_factory, bin_dir, kafka):
    made = workloads()
    folder = tmp_path_factory.mktemp("p")
    with RedisServer(folder, port=True) as redis, Crew(folder, bin_dir, kafka, redis, scenario(made), partitions=1, jobs_partitions=1) as c:
        c.w = {w.name: w for w in made}
        yield c


def hold(crew, workload, scope, name, until_ms=HOUR_MS):
    crew.append("HoldSet", workload=workload, id=f"{workload}-{name}", hold=name, scope=scope, until_ms=int(time.time() * 1000) + until_ms, who="ann@desk", reason="repair")


def holds(crew, workload, env=None):
    return crew.read("status", workload, env=env)["workloads"][0]["holds"]


def plan(crew, workload, *more, expect=0, env=None):
    return crew.read("stop", workload, "--dry-run", *more, expect=expect, env=env)


def test_a_hold_of_the_whole_workload_refuses_the_plan_as_it_refuses_the_run(crew):
    hold(crew, "held", {}, "h1")
    crew.wait_until(lambda: holds(crew, "held"), "the hold is seen")
    planned = plan(crew, "held", expect=REFUSED)
    assert planned["refused"] == "held" and planned["unknown"] == ""
    run = crew.cli("stop", "held", "--yes", "--output", "json")
    assert run.returncode == REFUSED and "a hold covers the whole workload" in run.stdout
    said = crew.cli("plan", "held", "stop")
    assert said.returncode == REFUSED and "a hold covers the whole workload" in said.stderr and "`ec2sched status`" in said.stderr
    assert "hold h1 until " in crew.cli("status", "held").stdout


def test_members_that_a_hold_covers_are_planned_as_left_alone(crew):
    member = crew.w["part"].machines[0]["id"]
    hold(crew, "part", {"tier": "b"}, "tier")
    hold(crew, "part", {"instance": member}, "one")
    hold(crew, "part", {}, "over", until_ms=-1000)
    crew.wait_until(lambda: len(holds(crew, "part")) == 2, "the holds that are not over are seen")
    planned = plan(crew, "part")
    assert {m["id"]: m["cause"] for m in planned["members"]} == {m["id"]: "held" if i != 1 else "" for i, m in enumerate(crew.w["part"].machines)}
    assert planned["to_act"] == 1
    crew.go("stop", "part", "r")
    crew.ended("part", "r")
    _, outcomes = crew.outcomes("part", "r")
    assert {i for i, (_, cause) in outcomes.items() if cause == "held"} == {m["id"] for m in planned["members"] if m["cause"] == "held"}


def test_without_redis_the_plan_takes_the_holds_from_the_log(crew):
    lost = {"EC2SCHED_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    assert holds(crew, "part", env=lost) == holds(crew, "part")
    assert plan(crew, "part", env=lost)["to_act"] == 0


def test_without_redis_and_kafka_the_plan_says_what_it_does_not_know(crew):
    lost = {"EC2SCHED_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}"}
    assert plan(crew, "part", env=lost)["unknown"] != ""
    assert "whether a hold or another run stands in the way is not known" in crew.cli("plan", "part", "stop", env=lost).stderr


def test_a_run_under_way_refuses_the_plan_unless_the_run_would_wait(crew):
    crew.go("stop", "busy", "first")
    crew.wait_until(lambda: crew.read("status", "busy")["workloads"][0]["state"] == "running", "the run is under way")
    planned = plan(crew, "busy", expect=REFUSED)
    assert planned["refused"] == "busy" and "first" in planned["detail"]
    assert plan(crew, "busy", "--if-busy", "queue")["refused"] == ""
    assert plan(crew, "busy", "--if-busy", "supersede")["refused"] == ""
