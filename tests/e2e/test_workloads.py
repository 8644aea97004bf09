"""What the attributes of the tables mean, each on a workload of its own, seen from the simulator and from `show`."""

import pytest
from order import reached, touched, violations
from stack import Stack
from workloads import ACCOUNT, ASK, Workload, scenario

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/scheduler"
SLOW = {"stop_ms": 30000}  # slow enough for a neighbour to begin meanwhile
W = {
    w.name: w
    for w in (
        Workload("equal").tier("c", 2, stop=900).tier("a", 2, stop=5, machine=SLOW).tier("b", 2, stop="5", machine=SLOW),
        Workload("nosection").tier("a", 1, stop=0).tier("x", 1, start=0),
        Workload("hollow").tier("a", 1, stop=0).tier("none", 0, stop=1).tier("c", 1, stop=2),
        Workload("ignored").tier("a", 1, stop=0).tier("up", 1, stop=1, stop_row={"IgnoreStop": "true"}).tier("c", 1, stop=2),
        Workload("delayed").tier("a", 1, stop=0, stop_row={"InterTierOrchestrationDelay": "2"}).tier("b", 1, stop=1),
        Workload("off", DisableAllSchedulingActions="1").tier("a", 1, stop=0),
        Workload("many", MaxInstances=1).tier("a", 2, stop=0),
        Workload("halts").tier("a", 2, stop=0, machine=[{"stop_protected": True}, {}]).tier("b", 1, stop=1),
        Workload("goes-on", FailurePolicy="continue").tier("a", 2, stop=0, machine=[{"stop_protected": True}, {}]).tier("b", 1, stop=1),
        Workload("doubt").tier("a", 2, stop=0, stop_row=ASK, machine=[{"agent": {"state": "stale", "os": "Linux"}}, {}]).tier("b", 1, stop=1),
        Workload("stuck").tier("a", 1, stop=0, machine={"stuck": "stopping"}, row={"TierTimeout": 2}).tier("b", 1, stop=1),
        Workload("ready").tier("a", 1, start=0, start_row={"ReadyCheck": "status-ok"}, machine={"state": "stopped"})
        .tier("b", 1, start=1, machine={"state": "stopped"}),
        Workload("there").tier("a", 2, stop=0, machine={"state": "stopped"}),
        Workload("odd").tier("asg", 1, stop=0, machine={"tags": {"aws:autoscaling:groupName": "g"}})
        .tier("spot", 1, stop=0, machine={"market": "spot-one-time"}).tier("store", 1, stop=0, machine={"root_device": "instance-store"})
        .tier("plain", 1, stop=1),
        Workload("star", WorkloadFilterTagValue="ENV*").tier("a", 1, stop=0, machine={"tags": {"Workload": "ENV*"}}),
        Workload("prod", WorkloadFilterTagValue="ENV-PROD").tier("a", 1, stop=0, machine={"tags": {"Workload": "ENV-PROD"}}),
        Workload("vpc", VPC_ID="vpc-11111111").tier("a", 2, stop=0, machine=[{"vpc": "vpc-11111111"}, {"vpc": "vpc-22222222"}]),
        Workload("cross", CrossAccountRole=ROLE, CrossAccountRoleExternalId="ours").tier("a", 1, stop=0, stop_row=ASK, machine={"account": OTHER}),
        Workload("syncfail").tier("a", 3, stop=0, sync=True, machine=[{}, {"stop_protected": True}, {}]),
        Workload("one-bad").tier("a", 3, stop=0, machine=[{"stop_protected": True}, {}, {}]).tier("b", 1, stop=1),
        Workload("paths").tier("a", 2, stop=0, stop_row={**ASK, "TierStopOverrideFilename": "/tmp/it's `me` $(x); \"q\""},
                               machine=[{"agent": {"os": "Linux", "files": ["/tmp/it's `me` $(x); \"q\""]}}, {}]),
        Workload("windows").tier("a", 2, stop=0, stop_row={"TierStopOverrideFilename": "C:\\keep\\it's.txt",
                                                           "TierStopOverrideOperatingSystem": "Windows"},
                                 machine=[{"platform": "windows", "agent": {"os": "Windows", "files": ["C:\\keep\\it's.txt"]}},
                                          {"platform": "windows", "agent": {"os": "Windows"}}]),
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory, bin_dir, kafka):
    from lib.redis_server import RedisServer

    folder = tmp_path_factory.mktemp("w")
    aws = scenario(W.values(), roles=[{"arn": ROLE, "external_id": "ours"}])
    with RedisServer(folder, port=True) as redis, Stack(folder, bin_dir, kafka, redis, aws, producers=2, workers=2) as s:
        yield s


def go(stack, action, name, expect=0, *more):
    """Runs it to its end; returns the calls of it and {id: (outcome, cause)}."""
    before = stack.aws.calls()
    seen = before[-1]["seq"] if before else 0
    done = stack.cli(action, name, "--yes", "--run", f"r-{action}", "--wait", "--timeout", "60s", *more)
    assert done.returncode == expect, done.stdout + done.stderr
    mine = {m["id"] for m in W[name].machines}
    calls = [c for c in stack.aws.calls() if c["seq"] > seen and (c.get("id") in mine or mine & set(c.get("ids", [])))]
    shown = stack.read("show", f"{name}@r-{action}")
    return calls, {m["id"]: (m["outcome"], m["cause"]) for m in shown["members"]}, shown


def all_of(name, tier, outcome, cause=""):
    return {i: (outcome, cause) for i in W[name].ids(tier)}


def test_equal_numbers_are_one_step_and_gaps_are_allowed(stack):
    calls, members, shown = go(stack, "stop", "equal")
    assert [s["tiers"] for s in shown["steps"]] == [["a", "b"], ["c"]]
    together = W["equal"].ids("a") + W["equal"].ids("b")
    assert violations(calls, [together, W["equal"].ids("c")], "stopped") == []
    assert max(seq for seq, _, i in touched(calls) if i in together) < min(reached(calls, i, "stopped") for i in together)


def test_a_tier_without_the_section_takes_no_part(stack):
    calls, members, _ = go(stack, "stop", "nosection")
    assert members == all_of("nosection", "a", "done")
    assert not {i for _, _, i in touched(calls)} & set(W["nosection"].ids("x"))


def test_an_empty_tier_does_not_stop_the_run(stack):
    calls, members, shown = go(stack, "stop", "hollow")
    assert shown["result"] == "succeeded" and len(shown["steps"]) == 3
    assert violations(calls, [W["hollow"].ids("a"), W["hollow"].ids("c")], "stopped") == []


def test_a_tier_with_ignore_stop_stays_up_and_does_not_hold_the_next(stack):
    calls, members, shown = go(stack, "stop", "ignored")
    assert members == {**all_of("ignored", "a", "done"), **all_of("ignored", "up", "bypassed", "ignore-stop"), **all_of("ignored", "c", "done")}
    assert shown["result"] == "succeeded"


def test_the_delay_lies_between_the_steps(stack):
    calls, _, _ = go(stack, "stop", "delayed")
    (a,), (b,) = W["delayed"].ids("a"), W["delayed"].ids("b")
    at = {c["seq"]: c["mono_ms"] for c in calls}
    first = min(seq for seq, _, i in touched(calls) if i == b)
    assert at[first] - at[reached(calls, a, "stopped")] >= 2000


@pytest.mark.parametrize("name,words", [("off", "DisableAllSchedulingActions"), ("many", "MaxInstances")])
def test_a_workload_that_may_not_run_is_refused_and_nothing_is_touched(stack, name, words):
    done = stack.cli("stop", name, "--yes")
    assert done.returncode == 3, done.stdout + done.stderr
    assert words in done.stderr
    mine = {m["id"] for m in W[name].machines}
    assert not [i for _, _, i in touched(stack.aws.calls()) if i in mine]


def test_a_failure_halts_before_the_next_step(stack):
    calls, members, shown = go(stack, "stop", "halts", 1)
    protected, other = W["halts"].ids("a")
    assert members == {protected: ("failed", "stop-protected"), other: ("done", "")}
    assert shown["result"] == "halted" and not shown["steps"][1]["reached"]
    assert not {i for _, _, i in touched(calls)} & set(W["halts"].ids("b"))


def test_with_continue_the_next_step_begins_after_a_failure(stack):
    calls, members, shown = go(stack, "stop", "goes-on", 1)
    protected, other = W["goes-on"].ids("a")
    assert members == {protected: ("failed", "stop-protected"), other: ("done", ""), **all_of("goes-on", "b", "done")}
    assert shown["result"] == "partial"


def test_an_instance_whose_guest_does_not_answer_is_never_stopped_and_halts_the_run(stack):
    calls, members, shown = go(stack, "stop", "doubt", 1)
    silent, other = W["doubt"].ids("a")
    assert members == {silent: ("bypassed", "override-unknown"), other: ("done", "")}
    assert shown["result"] == "halted"
    assert silent not in {i for _, operation, i in touched(calls) if operation == "StopInstances"}


def test_a_member_that_does_not_reach_its_state_in_time_is_failed(stack):
    _, members, shown = go(stack, "stop", "stuck", 1)
    assert members == all_of("stuck", "a", "failed", "timed-out")
    assert shown["result"] == "halted"


def test_the_next_tier_starts_only_when_both_status_checks_pass(stack):
    calls, members, _ = go(stack, "start", "ready")
    (a,), (b,) = W["ready"].ids("a"), W["ready"].ids("b")
    assert members == {a: ("done", ""), b: ("done", "")}
    at = {c["seq"]: c["mono_ms"] for c in calls}
    assert at[min(seq for seq, _, i in touched(calls) if i == b)] - at[reached(calls, a, "running")] >= 20000 / 10


def test_members_that_are_there_already_are_unchanged_and_not_called(stack):
    calls, members, shown = go(stack, "stop", "there")
    assert members == all_of("there", "a", "unchanged") and touched(calls) == []
    assert shown["result"] == "succeeded"


def test_what_must_not_or_cannot_be_stopped_is_left_alone_with_its_reason(stack):
    calls, members, shown = go(stack, "stop", "odd")
    assert members == {
        **all_of("odd", "asg", "bypassed", "asg-member"), **all_of("odd", "spot", "bypassed", "spot-one-time"),
        **all_of("odd", "store", "bypassed", "instance-store"), **all_of("odd", "plain", "done"),
    }  # fmt: skip
    assert {i for _, _, i in touched(calls)} == set(W["odd"].ids("plain"))


def test_a_star_in_a_tag_value_is_a_star(stack):
    go(stack, "stop", "star")
    assert stack.aws.states()[W["prod"].ids("a")[0]] == "running"


def test_only_members_of_the_vpc_are_touched(stack):
    _, members, _ = go(stack, "stop", "vpc")
    assert list(members) == W["vpc"].ids("a")[:1]


def test_every_call_about_a_cross_account_workload_is_made_in_its_role(stack):
    calls, members, _ = go(stack, "stop", "cross")
    assert members == all_of("cross", "a", "done")
    assert {c["account"] for c in calls if c["kind"] == "call"} == {OTHER}
    assert ACCOUNT in {c["account"] for c in stack.aws.calls() if c["kind"] == "call"}


def test_a_synchronous_tier_stops_acting_after_a_failed_member(stack):
    calls, members, _ = go(stack, "stop", "syncfail", 1)
    first, bad, last = W["syncfail"].ids("a")
    assert members == {first: ("done", ""), bad: ("failed", "stop-protected"), last: ("failed", "not-attempted")}
    assert last not in {i for _, _, i in touched(calls)}


def test_one_bad_id_does_not_spoil_its_batch(stack):
    _, members, _ = go(stack, "stop", "one-bad", 1)
    bad, *others = W["one-bad"].ids("a")
    assert members == {bad: ("failed", "stop-protected"), **{i: ("done", "") for i in others}}


@pytest.mark.parametrize("name", ["paths", "windows"])
def test_a_path_is_never_interpreted(stack, name):
    _, members, _ = go(stack, "stop", name)
    kept, other = W[name].ids("a")
    assert members == {kept: ("bypassed", "override-present"), other: ("done", "")}
