"""A tiered workload stops and starts over real Kafka and Redis; the simulator's call log proves the order."""

import pytest
from order import reached, touched, violations
from stack import Stack

OVERRIDE = "/var/lock/keep-running"
WEB = [f"i-0a0000000000000{n:02x}" for n in range(3)]
APP = [f"i-0b0000000000000{n:02x}" for n in range(4)]
DB = [f"i-0c0000000000000{n:02x}" for n in range(2)]


def instance(id_, role, state="running", **more):
    return {
        "id": id_, "state": state, "tags": {"Environment": "SHOP", "Role": role}, "start_ms": 4000, "stop_ms": 4000,
        "agent": {"os": "Linux", "latency_ms": 500, **more.pop("agent", {})}, **more,
    }  # fmt: skip


def tier(role, start, stop, **stop_more):
    return {
        "SpecName": {"S": "shop"}, "TierTagValue": {"S": role},
        "TierStart": {"M": {"TierSequence": {"N": str(start)}}},
        "TierStop": {"M": {"TierSequence": {"S": str(stop)}, **stop_more}},
    }  # fmt: skip


def scenario(**more):
    web = [instance(i, "Role_Web") for i in WEB]
    app = [instance(i, "Role_App") for i in APP]
    db = [instance(DB[0], "Role_DB", agent={"files": [OVERRIDE]}), instance(DB[1], "Role_DB")]
    asks = {"TierStopOverrideFilename": {"S": OVERRIDE}, "TierStopOverrideOperatingSystem": {"S": "Linux"}}
    return {
        "region": "eu-west-1",
        "credentials": [{"access_key": "AKIAEXAMPLEEXAMPLE00", "secret_key": "example/secret/for/the/simulator/00000000"}],
        "instances": web + app + db,
        "tables": [
            {"name": "WorkloadSpecification", "hash": "SpecName", "items": [{
                "SpecName": {"S": "shop"}, "Region": {"S": "eu-west-1"}, "EnvFilterTagName": {"S": "Environment"},
                "EnvFilterTagValue": {"S": "SHOP"}, "TierFilterTagName": {"S": "Role"},
            }]},
            {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue", "items": [
                tier("Role_Web", 2, 0), tier("Role_App", 1, 1, TierSynchronization={"S": "True"}), tier("Role_DB", 0, 2, **asks),
            ]},
        ],
        **more,
    }  # fmt: skip


@pytest.fixture
def stack(tmp_path, bin_dir, kafka, redis_server):
    with Stack(tmp_path, bin_dir, kafka, redis_server, scenario(), producers=2, workers=3) as s:
        yield s


def outcomes(document):
    return {m["id"]: (m["outcome"], m["cause"]) for m in document["members"]}


def test_no_tier_is_touched_before_the_one_before_it_has_reached_its_state(stack):
    stop = stack.cli("stop", "shop", "--yes", "--run", "stop-1", "--wait", "--timeout", "60s")
    assert stop.returncode == 0, stop.stdout + stop.stderr
    calls = stack.aws.calls()
    assert violations(calls, [WEB, APP, DB], "stopped", aside=[DB[0]]) == []
    shown = outcomes(stack.read("show", "shop@stop-1"))
    assert shown == {
        **{i: ("done", "") for i in WEB + APP + [DB[1]]}, DB[0]: ("bypassed", "override-present"),
    }  # fmt: skip
    states = stack.aws.states()
    assert {i: states[i] for i in WEB + APP + DB} == {**{i: "stopped" for i in WEB + APP + [DB[1]]}, DB[0]: "running"}
    assert DB[0] not in {i for _, operation, i in touched(calls) if operation == "StopInstances"}

    seen = calls[-1]["seq"]
    start = stack.cli("start", "shop", "--run", "start-1", "--wait", "--timeout", "60s")
    assert start.returncode == 0, start.stdout + start.stderr
    calls = [c for c in stack.aws.calls() if c["seq"] > seen]
    assert violations(calls, [DB, APP, WEB], "running", already=[DB[0]]) == []
    shown = outcomes(stack.read("show", "shop@start-1"))
    assert shown == {**{i: ("done", "") for i in WEB + APP + [DB[1]]}, DB[0]: ("unchanged", "")}
    assert set(stack.aws.states().values()) == {"running"}


def test_a_synchronous_tier_goes_one_member_after_the_other(stack):
    stop = stack.cli("stop", "shop", "--yes", "--tier", "Role_App", "--run", "sync", "--wait", "--timeout", "60s")
    assert stop.returncode == 0, stop.stdout + stop.stderr
    calls = stack.aws.calls()
    stops = [(seq, i) for seq, operation, i in touched(calls) if operation == "StopInstances"]
    assert [i for _, i in stops] == sorted(APP)
    for (_, before), (seq, _) in zip(stops, stops[1:]):
        assert reached(calls, before, "stopped") < seq


def test_the_same_run_id_twice_is_one_run(stack):
    for _ in range(2):
        done = stack.cli("stop", "shop", "--yes", "--run", "once", "--wait", "--timeout", "60s")
        assert done.returncode == 0, done.stdout + done.stderr
    stops = [i for _, operation, i in touched(stack.aws.calls()) if operation == "StopInstances"]
    assert len(stops) == len(set(stops))


@pytest.mark.parametrize("words", [("stop", "nowhere", "--yes"), ("start", "nowhere")])
def test_an_unknown_workload_is_refused_before_anything_is_sent(stack, words):
    done = stack.cli(*words)
    assert done.returncode == 3
    assert "nowhere" in done.stderr and "ec2sched list" in done.stderr
    assert touched(stack.aws.calls()) == []
