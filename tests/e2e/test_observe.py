"""A fleet that observes: a week of runs beside an older tool that does the work. Nothing of ours changes anything; what it reports is what it would have done.

The producers observe; the workers were told otherwise, by their own options: the run carries it. The older tool is the test: it sets the
instances' states after each of our runs, as that tool leaves them.
"""

import datetime
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crew import Crew
from judge import events, of
from test_schedules import table
from workloads import ASK, REGION, Workload, scenario

from lib.process import wait_until
from lib.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
DAYS = 5
# All that may be asked of AWS. Whatever is not here is a change, or nobody's business.
READS = {
    "DescribeInstances", "DescribeInstanceStatus", "DescribeSpotInstanceRequests", "DescribeInstanceInformation", "ListCommandInvocations",
    "GetItem", "BatchGetItem", "Query", "Scan", "DescribeTable", "GetCallerIdentity", "AssumeRole",
}  # fmt: skip
OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/scheduler"
FILE = ASK["TierStopOverrideFilename"]


def workloads():
    s3 = {"SSMS3BucketName": "answers", "SSMS3KeyPrefixName": "ssm"}
    return {
        w.name: w
        for w in (
            Workload("shop", **s3).tier("web", 3, stop=0, start=2, stop_row=ASK).tier("app", 3, stop=1, start=1, sync=True, stop_row=ASK)
            .tier("db", 1, stop=2, start=0, start_row={"ReadyCheck": "status-ok"}),
            Workload("gone", SSMS3BucketName="retired").tier("a", 2, stop=0, start=0, stop_row=ASK),
            Workload("far", CrossAccountRole=ROLE).tier("a", 2, stop=0, start=0, machine={"account": OTHER}, stop_row=ASK),
            Workload("odd").tier("asg", 1, stop=0, machine={"tags": {"aws:autoscaling:groupName": "g"}})
            .tier("spot", 1, stop=0, machine={"market": "spot-one-time"}).tier("up", 1, stop=1, stop_row={"IgnoreStop": "True"}),
            Workload("doubt").tier("a", 2, stop=0, stop_row=ASK, machine=[{"agent": {"state": "stale", "os": "Linux"}}, {}]).tier("b", 1, stop=1),
            Workload("ticks").tier("a", 2, stop=0, start=0),
        )
    }  # fmt: skip


def schedule_row():
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=3)
    return {"SpecName": "ticks", "ScheduleName": "evening", "Action": "stop", "TimeZone": "UTC", "Cron": f"{at.minute} * * * *"}


class Week:
    def __init__(self, crew):
        self.crew, self.told, self.wanted = crew, {}, {}

    def run(self, action, name, run, wanted, code=0):
        if any(c["kind"] == "call" and c["operation"] not in READS | {"SendCommand"} for c in self.crew.aws.calls()):
            return  # lost already: the tests say so
        self.crew.go(action, name, run).wait(60)
        self.told[name, run] = (self.crew.watches[name, run].wait(1), *self.crew.outcomes(name, run))
        self.wanted[name, run] = (code, *wanted)

    def older_tool(self, ids, state, **more):
        self.crew.aws.change("set", {"instances": [{"id": i, "state": state, **more} for i in ids]})


def all_of(w, tier, outcome, cause=""):
    return {i: (outcome, cause) for i in w.ids(tier)}


def shops_day(week, day):
    """One of the web servers is kept up, each day another one; the older tool stops the others in the evening and starts them in the morning."""
    w, crew = week.crew.w["shop"], week.crew
    kept = w.ids("web")[day % 3]
    crew.aws.change("set", {"instances": [{"id": kept, "agent": {"files": [FILE]}}]})
    would = {m["id"]: ("bypassed", "observe") for m in w.machines}
    week.run("stop", "shop", f"evening-{day}", ("succeeded", {**would, kept: ("bypassed", "override-present")}))
    crew.aws.change("set", {"instances": [{"id": kept, "agent": {"files": []}}]})
    stopped = [i for i in would if i != kept]
    week.older_tool(stopped, "stopped")
    week.run("stop", "shop", f"late-{day}", ("succeeded", {**{i: ("unchanged", "") for i in stopped}, kept: ("bypassed", "observe")}))
    week.run("start", "shop", f"morning-{day}", ("succeeded", {**{i: ("bypassed", "observe") for i in stopped}, kept: ("unchanged", "")}))
    week.older_tool(stopped, "running")


def gones_day(week, day):
    week.run("stop", "gone", f"e{day}", ("succeeded", all_of(week.crew.w["gone"], "a", "bypassed", "observe")))


def fars_day(week, day):
    far = week.crew.w["far"]
    week.run("stop", "far", f"e{day}", ("succeeded", all_of(far, "a", "bypassed", "observe")))
    week.older_tool(far.ids("a"), "stopped")
    week.run("start", "far", f"m{day}", ("succeeded", all_of(far, "a", "bypassed", "observe")))
    week.older_tool(far.ids("a"), "running")


def odds_day(week, day):
    odd = week.crew.w["odd"]
    aside = {**all_of(odd, "asg", "bypassed", "asg-member"), **all_of(odd, "spot", "bypassed", "spot-one-time"), **all_of(odd, "up", "bypassed", "ignore-stop")}
    week.run("stop", "odd", f"e{day}", ("succeeded", aside))


def doubts_day(week, day):
    unsure, sure = week.crew.w["doubt"].ids("a")
    halted = {unsure: ("bypassed", "override-unknown"), sure: ("bypassed", "observe")}  # tier b was not even planned
    week.run("stop", "doubt", f"e{day}", ("halted", halted), code=1)


def a_week(made):
    """Workloads side by side, each with its days one after the other."""
    weeks = [(shops_day, DAYS), (gones_day, 2), (fars_day, 2), (odds_day, 2), (doubts_day, 2)]
    with ThreadPoolExecutor(len(weeks)) as pool:
        for done in [pool.submit(lambda day=day, days=days: [day(made, n) for n in range(days)]) for day, days in weeks]:
            done.result()


def a_tick_comes_due(crew):
    """As after five minutes without any producer: the tick of three minutes ago fires."""
    marks = [f"{{{crew.prefix}:{p}}}:sk" for p in range(2)]
    with crew.redis.client(decode_responses=True) as r:
        found = wait_until(lambda: [(m, k) for m in marks for k in r.hkeys(m) if k.startswith("ticks|")], "the schedule to be known", 30)
        for producer in crew.producers:
            producer.kill()
        for mark, key in found:
            r.hset(mark, key, int((time.time() - 300) * 1000))
    crew.env["EC2SCHED_OBSERVE"] = "true"
    crew.hire("producer")
    wait_until(lambda: of(events(crew, crew.kafka), "RunFinished", "ticks"), "the schedule's run", 40)


@pytest.fixture(scope="module")
def week(tmp_path_factory, bin_dir, kafka):
    w = workloads()
    aws = scenario(w.values(), roles=[{"arn": ROLE}], ssm={"missing_buckets": ["retired"]})
    aws["tables"].append(table([schedule_row()]))
    folder = tmp_path_factory.mktemp("o")
    env = {"EC2SCHED_OBSERVE": "true", "EC2SCHED_SCHEDULE_REFRESH": "2s", "EC2SCHED_LOG_LEVEL": "debug"}
    with RedisServer(folder, port=True) as redis, Crew(folder, bin_dir, kafka, redis, aws, producers=2, workers=0, env=env) as crew:
        crew.w = w
        crew.env.update({"EC2SCHED_OBSERVE": "false"})  # what the workers are told
        crew.hire()
        crew.env.update({"EC2SCHED_WORKER_CONCURRENCY": "3", "EC2SCHED_AWS_PACE": "learn"})
        crew.hire()
        made = Week(crew)
        a_week(made)
        crew.workers[0].kill()  # what it had in hand is another's now
        crew.env.update({"EC2SCHED_LEASE_TTL": "2s", "EC2SCHED_DRAIN_TIMEOUT": "1s"})
        crew.hire()
        shops_day(made, DAYS)
        a_tick_comes_due(crew)
        crew.calls, crew.records = crew.aws.calls(), events(crew, kafka)
        yield made


def calls_of(week):
    return [c for c in week.crew.calls if c["kind"] == "call"]


def test_a_week_of_observed_runs_makes_no_call_that_changes_anything(week):
    asked = {c["operation"] for c in calls_of(week)}
    assert asked - READS == {"SendCommand"}
    moved = [c for c in week.crew.calls if c["kind"] == "state" and (c.get("run") or c.get("job") or c["cause"] in ("StartInstances", "StopInstances"))]
    assert moved == []
    assert len(of(week.crew.records, "RunAccepted")) >= 3 * (DAYS + 1) + 10


def test_guests_are_asked_the_override_question_alone_and_only_where_the_rows_say_so(week):
    w = week.crew.w
    asking = {i for name in ("shop", "gone", "far", "doubt") for t in w[name].tiers if "TierStopOverrideFilename" in t.get("TierStop", {}) for i in w[name].ids(t["TierTagValue"])}
    sent = [c for c in calls_of(week) if c["operation"] == "SendCommand"]
    assert sent and {i for c in sent for i in c["ids"]} <= asking
    stops = {r["run"] for r in of(week.crew.records, "RunAccepted") if r["action"] == "stop"}
    assert {c["run"].split("@")[-1] for c in sent} <= stops
    found = {c["found"] for c in week.crew.calls if c["kind"] == "guest"}
    assert found == {"ABSENT", "PRESENT"}  # an agent that is given anything else than the question says so here


def test_every_member_of_the_week_is_told_as_what_would_have_been_done(week):
    assert week.told == week.wanted
    assert sum(cause == "observe" for *_, members in week.told.values() for _, cause in members.values()) > 60


def test_the_run_carries_it_to_workers_that_were_told_otherwise(week):
    accepted = of(week.crew.records, "RunAccepted")
    assert accepted and all(r["observe"] is True for r in accepted)
    for planned in of(week.crew.records, "TierPlanned"):
        assert all(t["options"]["observe"] is True for t in planned["tiers"])
    terminals = of(week.crew.records, "JobTerminal")
    assert len({t["worker"] for t in terminals}) >= 3  # each of them had a part
    assert not any(t.get("unanswered") or m["outcome"] in ("done", "failed") for t in terminals for m in t["members"])


def test_a_schedules_tick_is_observed_too(week):
    (accepted,) = of(week.crew.records, "RunAccepted", "ticks")
    assert accepted["origin"]["kind"] == "schedule" and accepted["observe"] is True
    told = [m for t in of(week.crew.records, "JobTerminal", "ticks") for m in t["members"]]
    assert sorted(m["id"] for m in told) == week.crew.w["ticks"].ids("a")
    assert {(m["outcome"], m["cause"]) for m in told} == {("bypassed", "observe")}


def test_people_are_told_that_the_fleet_only_observes(week):
    said = week.crew.cli("stop", "ticks", "--yes", "--wait")
    assert said.returncode == 0 and "the fleet only observes" in said.stdout, said.stdout + said.stderr
    said = week.crew.cli("start", "ticks", "--yes")
    assert said.returncode == 0 and "the fleet only observes" in said.stdout, said.stdout + said.stderr
    assert week.crew.read("show", "shop@evening-0")["observe"] is True


# ---- docs/migrating.md: the comparison that the page shows


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / "migrating.md").read_text(), re.MULTILINE | re.DOTALL)


def typed(week, text, **words):
    """Runs a block of the page as somebody types it."""
    crew = week.crew
    path = f"{crew.bin}:{ROOT / '.cache' / 'venv' / 'bin'}:{os.environ['PATH']}"
    env = {**{k: str(v) for k, v in crew.env.items()}, "PATH": path, "HOME": str(crew.folder), **words}
    return subprocess.run(["bash", "-c", text], env=env, cwd=crew.folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_page_compares_a_run_with_what_the_older_tool_has_left(week):
    (text,) = [b for b in blocks("sh") if "describe-instances" in b]
    text = text.replace("shop@RUN", "shop@compared").replace("Environment", "Workload").replace("ENV001", "SHOP").replace("us-west-2", REGION)
    w = week.crew.w["shop"]
    kept = w.ids("web")[0]
    week.older_tool([m["id"] for m in w.machines], "running")
    week.crew.aws.change("set", {"instances": [{"id": kept, "agent": {"files": [FILE]}}]})
    week.crew.go("stop", "shop", "compared")
    week.crew.ended("shop", "compared")
    week.older_tool([m["id"] for m in w.machines if m["id"] != kept], "stopped")
    same = typed(week, text)
    assert (same.returncode, same.stdout) == (0, ""), same.stdout + same.stderr
    week.older_tool([kept], "stopped")  # it did not ask
    other = typed(week, text)
    assert other.returncode == 1 and f"> {kept}" in other.stdout, other.stdout + other.stderr


def test_the_page_lists_the_week_a_line_for_each_member(week):
    (text,) = [b for b in blocks("sh") if "kcat" in b]
    listed = typed(week, text, BROKERS=week.crew.kafka.bootstrap, TOPIC=f"{week.crew.prefix}.events.v1")
    assert listed.returncode == 0, listed.stderr
    lines = [line.split("\t") for line in listed.stdout.splitlines()]
    for (name, run), (*_, members) in week.told.items():
        told = {(i, outcome, cause) for _, n, r, _, i, outcome, cause in lines if (n, r) == (name, run)}
        assert told == {(i, *o) for i, o in members.items()}, (name, run)
