"""What a person meets when something is in the way: an output that is full, a word that is not known, a run that is over, a part that is down."""

import json
import os
import re
import resource
import subprocess
import tempfile
import time

import boto3
import pytest
from cli_scenario import SHOP_WEB, SLOW_MS, ids, instance, row, scenario, tier
from stack import KEY, SECRET, Stack

from lib.process import Process, free_port
from lib.redis_server import RedisServer

LINE = 1200  # members of a tier that goes one by one
OK, FAILED, USAGE, REFUSED, UNREACHABLE, NO_ANSWER = range(6)


def more_workloads():
    """Those of cli_scenario, and some of this file's own."""
    s = scenario()
    workloads, tiers = (t["items"] for t in s["tables"] if "items" in t)
    for name, letter in (("piped", "1"), ("cut", "2")):
        workloads.append(row(name))
        tiers.append(tier(name, "Role_Only", 0, 0))
        s["instances"] += [instance(i, name, "Role_Only", change_ms=SLOW_MS) for i in ids(letter, 2)]
    workloads.append(row("begun"))
    tiers += [tier("begun", "Role_A", 1, 0), tier("begun", "Role_B", 0, 1)]
    s["instances"] += [instance(i, "begun", "Role_A", change_ms=SLOW_MS) for i in ids("6", 2)] + [instance(ids("7", 1)[0], "begun", "Role_B")]
    up = {"SpecName": {"S": "three"}, "TierTagValue": {"S": "Role_Up"}, "TierStart": {"M": {"TierSequence": {"N": "1"}}}}
    workloads += [row("three", MaxInstances={"N": "2"}), row("line"), row("spot")]
    tiers += [tier("three", "Role_Only", 0, 0), up, tier("line", "Role_Line", 0, 0, TierSynchronization={"S": "True"}), tier("spot", "Role_Only", 0, 0)]
    s["instances"] += [instance(i, "three", role) for i, role in zip(ids("3", 3), ["Role_Only", "Role_Only", "Role_Up"], strict=True)]
    s["instances"] += [instance(f"i-04{k:015x}", "line", "Role_Line") for k in range(LINE)]
    s["instances"] += [instance(i, "spot", "Role_Only", market=m) for i, m in zip(ids("5", 3), ["on-demand", "spot-one-time", "spot-persistent"], strict=True)]
    s["credentials"].append({"access_key": "AKIANOSPOTNOSPOT0001", "secret_key": "nospot", "deny": ["ec2:DescribeSpotInstanceRequests"]})
    return s


@pytest.fixture(scope="module")
def stack(bin_dir, kafka):
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, RedisServer(folder) as redis:
        with Stack(folder, bin_dir, kafka, redis, more_workloads()) as s:
            yield s


@pytest.fixture(scope="module")
def stopped(stack):
    done = stack.cli("stop", "shop", "--yes", "--run", "first", "--wait", "--timeout", "60s")
    assert done.returncode == OK, done.stdout + done.stderr


def client(stack, service):
    return boto3.client(service, endpoint_url=stack.aws.url, region_name="eu-west-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET)


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("ec2sched: "), text
    return lines[0]


def no_traces_left(stack, workload):
    """Everything that the log says of a workload, to compare."""
    return stack.cli("watch", f"{workload}@first", "--output", "json").stdout


# ---- words that are not known ----


@pytest.mark.parametrize("program", ["ec2sched-producer", "ec2sched-worker"])
def test_a_daemon_ends_with_2_when_its_words_are_wrong(stack, program, tmp_path):
    for words in (["--observe", "true"], ["--kafka.broker", "x"], ["--lease.ttl", "soon"], ["--config", "/nowhere"]):
        done = subprocess.run([stack.bin / program, *words], env={}, cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == USAGE and len(done.stderr.splitlines()) == 1, (words, done.returncode, done.stderr)


@pytest.mark.parametrize("words", ["--kafka.broker x list", "list --kafka.broker x", "--kafka.broker=x list", "list --kafka.broker=x"])
def test_a_misspelt_option_is_told_the_nearest_wherever_it_stands(stack, words):
    done = stack.cli(*words.split())
    assert done.returncode == USAGE and "did you mean --kafka.brokers?" in one_line(done.stderr), done.stderr
    flag = stack.cli("stop", "shop", "--resaon", "x")
    assert "did you mean --reason?" in one_line(flag.stderr)


# ---- an output that cannot be written ----


def no_bytes():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as `ulimit -f 0`


def into_nothing(stack, words, kind):
    """Runs it with an output that is full, a file that may not grow, or a pipe that nobody reads."""
    env = Process(["ec2sched"], cwd=stack.folder, env=stack.env).env
    if kind == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    elif kind == "limited":
        out = os.open(stack.folder / "limited", os.O_WRONLY | os.O_CREAT)
    else:
        reader, out = os.pipe()
        os.close(reader)
    try:
        return subprocess.run([stack.bin / "ec2sched", *words], env=env, cwd=stack.folder, text=True, stdin=subprocess.DEVNULL,
                              stdout=out, stderr=subprocess.PIPE, timeout=60, check=False, preexec_fn=no_bytes if kind == "limited" else None)  # fmt: skip
    finally:
        os.close(out)


READING = [
    "watch shop@first", "watch shop@first --output json", "list", "list --output json", "status shop", "status", "runs shop", "show shop@first",
    "plan shop stop --output json", "lint", "doctor few", "topics check", "--help", "stop --help", "--version",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["full", "limited", "closed"])
@pytest.mark.parametrize("words", READING)
def test_what_cannot_be_written_ends_each_verb_with_one_line(stack, stopped, words, kind):
    done = into_nothing(stack, words.split(), kind)
    assert done.returncode == FAILED and "standard output" in one_line(done.stderr), (done.returncode, done.stderr)


def test_a_run_whose_reader_leaves_goes_on_and_says_so(stack):
    done = into_nothing(stack, ["stop", "piped", "--yes", "--run", "first", "--wait"], "closed")
    assert done.returncode == FAILED and "ec2sched watch piped@first" in one_line(done.stderr), (done.returncode, done.stderr)
    assert stack.read("status", "piped")["workloads"][0]["run"] == "first"


# ---- a plan says no where the run would be refused, with the same cause ----


@pytest.mark.parametrize(
    "workload, cause, remedy, said",
    [
        ("three", "too-many", "raise MaxInstances", "has 3 members, MaxInstances allows 2"),
        ("few", "too-many", "raise MaxInstances", "has 2 members, MaxInstances allows 1"),
        ("line", "too-many", "TierSynchronization", f"synchronous tier Role_Line has {LINE} members"),
    ],
)
def test_a_plan_refuses_what_the_run_refuses_and_for_the_same_cause(stack, workload, cause, remedy, said):
    for words in (("plan", workload, "stop"), ("stop", workload, "--dry-run")):
        planned = stack.cli(*words)
        assert planned.returncode == REFUSED and said in planned.stderr and remedy in planned.stderr, (words, planned.stderr)
        document = json.loads(stack.cli(*words, "--output", "json").stdout)
        assert (document["refused"], said in document["detail"]) == (cause, True)
    stopped = stack.cli("stop", workload, "--yes")
    assert stopped.returncode == REFUSED and said in stopped.stderr and remedy in stopped.stderr, stopped.stderr


def test_a_workload_that_is_switched_off_has_no_plan(stack):
    said = {stack.cli(*words).stderr for words in (("plan", "off", "stop"), ("stop", "off", "--dry-run"), ("start", "off", "--dry-run"))}
    assert len(said) == 1 and "DisableAllSchedulingActions" in one_line(said.pop())
    assert stack.cli("stop", "off", "--dry-run").returncode == REFUSED


def test_a_one_time_spot_member_is_planned_as_left_alone(stack):
    plan = stack.read("plan", "spot", "stop")
    assert [(m["outcome"], m["cause"]) for m in plan["members"]] == [("", ""), ("bypassed", "spot-one-time"), ("", "")] and plan["to_act"] == 2
    unproven = stack.cli("plan", "spot", "stop", env={"AWS_ACCESS_KEY_ID": "AKIANOSPOTNOSPOT0001", "AWS_SECRET_ACCESS_KEY": "nospot"})
    assert unproven.returncode == OK and "3 members, 1 to act on" in unproven.stdout
    assert "ec2:DescribeSpotInstanceRequests" in one_line(unproven.stderr)


def test_a_tag_that_nobody_carries_is_said(stack):
    planned = stack.cli("plan", "win", "stop")
    assert planned.returncode == OK and "no instance in eu-west-1 carries Environment=WIN" in one_line(planned.stderr)
    stopped = stack.cli("stop", "win", "--yes", "--run", "nobody", "--wait", "--timeout", "30s")
    assert stopped.returncode == OK and "no instance in eu-west-1 carries Environment=WIN" in one_line(stopped.stderr)


# ---- one id, one run ----


@pytest.mark.parametrize("more", [(), ("--wait",)])
def test_an_id_that_is_another_actions_is_refused(stack, stopped, more):
    """The run that has it is over, or goes on."""
    assert stack.cli("stop", "cut", "--yes", "--run", "mine").returncode in (OK, REFUSED)
    for workload, run in (("shop", "first"), ("cut", "mine")):
        done = stack.cli("start", workload, "--run", run, *more)
        assert (done.returncode, done.stdout) == (REFUSED, ""), (done.returncode, done.stdout, done.stderr)
        assert f"{workload}@{run}: this id is a stop's already" in one_line(done.stderr)
    again = stack.cli("stop", "shop", "--yes", "--run", "first", *more)
    assert again.returncode == OK and "shop@first" in again.stdout, again.stdout + again.stderr


def shown(stack, run):
    done = stack.cli("show", run, "--output", "json")
    return json.loads(done.stdout) if done.returncode == OK else {"result": ""}


def test_members_in_hand_of_a_run_that_was_cut_are_unresolved(stack):
    """Its second step was not reached."""
    assert stack.cli("stop", "begun", "--yes", "--run", "a").returncode == OK
    stack.wait_until(lambda: [m for m in shown(stack, "begun@a").get("members", [])], "its members are planned")
    assert stack.cli("start", "begun", "--run", "b", "--if-busy", "supersede").returncode == OK
    stack.wait_until(lambda: shown(stack, "begun@a")["result"], "the newer run took its place")
    cut = shown(stack, "begun@a")
    assert cut["result"] == "superseded" and set(cut["counts"]) == {"done", "unchanged", "bypassed", "failed", "doubt", "unresolved"}
    for m in cut["members"]:
        assert (m["outcome"], m["cause"]) == (("unresolved" if m["step"] == 0 else "not reached"), "superseded"), cut
    assert cut["counts"]["unresolved"] == len([m for m in cut["members"] if m["step"] == 0]) == 2
    text = stack.cli("show", "begun@a").stdout
    assert "pending" not in text and text.splitlines()[-1].endswith("2 unresolved") and "a newer run took its place" in text, text


def test_a_request_that_came_too_late_is_shown_with_its_action(stack):
    assert stack.cli("stop", "shop", "--yes", "--run", "e1", "--expires", "0s").returncode == REFUSED
    assert shown(stack, "shop@e1")["action"] == "stop"
    assert stack.cli("show", "shop@e1").stdout.splitlines()[-1].startswith("shop@e1 stop: refused, ")
    stack.wait_until(lambda: [r for r in records(stack, "shop") if r["run"] == "e1"][0]["result"] == "refused", "its end is in the log")


def records(stack, workload):
    return stack.read("runs", workload)["runs"]


@pytest.mark.parametrize("run, said", [("shop@first", "it is over already: succeeded"), ("shop@never", "does not know"), ("nowhere@x1", "does not know")])
def test_what_is_over_or_never_was_is_not_cancelled(stack, stopped, run, said):
    before, begun = records(stack, run.split("@")[0]), time.monotonic()
    done = stack.cli("cancel", run)
    assert (done.returncode, done.stdout) == (FAILED, "") and said in one_line(done.stderr), (done.returncode, done.stdout, done.stderr)
    assert time.monotonic() - begun < 8, "it waited for an answer"
    assert records(stack, run.split("@")[0]) == before
    told = [json.loads(line)["type"] for line in stack.cli("watch", "shop@first", "--output", "json").stdout.splitlines()]
    assert "Cancel" not in told


# ---- Kafka is down, or not what it should be ----


def test_a_request_that_was_not_sent_is_said_to_be_so(stack):
    down = {"EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}"}
    missing = {"EC2SCHED_KAFKA_PREFIX": "nobody"}
    for env, expect, why in ((down, (UNREACHABLE, NO_ANSWER), "kafka at 127.0.0.1"), (missing, (USAGE,), "topics create")):
        for words in (("stop", "shop", "--yes"), ("start", "shop", "--run", "x")):
            done = stack.cli(*words, env=env)
            line = one_line(done.stderr)
            assert done.returncode in expect and why in line and "nothing was sent" in line and "not known" not in line, (done.returncode, line)


def test_status_and_list_without_kafka_read_the_view_and_say_so(stack, stopped):
    down = {"EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}"}
    stack.wait_until(lambda: stack.read("status", "shop")["workloads"][0]["state"] == "idle", "it is idle")
    with_kafka, without = (stack.read("status", env=env)["workloads"] for env in (None, down))
    same = ("workload", "run", "action", "source")  # not what goes on meanwhile
    known = [w["workload"] for w in with_kafka if w["run"]]
    assert "shop" in known and "piped" in known  # of different log partitions or not: each is found
    for name in known:
        ours, theirs = ({k: w[k] for k in same} for ws in (with_kafka, without) for w in ws if w["workload"] == name)
        assert ours == theirs
    said = stack.cli("status", "shop", env=down)
    assert said.returncode == OK and said.stdout.startswith("shop: idle, stop ") and "Kafka cannot be asked" in said.stdout, said.stdout + said.stderr
    assert stack.read("status", "shop", env=down)["kafka"].startswith("kafka at 127.0.0.1") and stack.read("status", "shop")["kafka"] == ""
    listed = stack.cli("list", env=down)
    assert listed.returncode == OK and re.search("^shop .* idle ", listed.stdout, re.M) and "what Redis holds" in one_line(listed.stderr)
    both = stack.cli("status", "shop", env={**down, "EC2SCHED_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    assert both.returncode in (UNREACHABLE, NO_ANSWER) and both.stdout == "" and "kafka at 127.0.0.1" in one_line(both.stderr)


# ---- credentials, regions, tables, names ----

WITHOUT = {
    "credentials": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, USAGE, ("no AWS credentials", "AWS_ACCESS_KEY_ID")),
    "a region": ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, USAGE, ("no region", "set AWS_REGION, or --specs.region")),
    "tables": ({"EC2SCHED_SPECS_TABLES_PREFIX": "nobodys."}, FAILED, ("table nobodys.", "`ec2sched tables create` makes it")),
}  # fmt: skip


@pytest.mark.parametrize("verb", ["list", "lint", "status", "plan shop stop", "stop shop --yes"])
@pytest.mark.parametrize("what", WITHOUT)
def test_what_aws_lacks_is_named_with_its_remedy(stack, what, verb):
    env, expect, says = WITHOUT[what]
    done = stack.cli(*verb.split(), env=env)
    line = one_line(done.stderr)
    assert (done.returncode, done.stdout) == (expect, ""), (done.returncode, line)
    places = [line.index(text) for text in says]  # what failed, then what to do
    assert places == sorted(places) and "--help" not in line and "ec2sched lint" not in line, line


@pytest.mark.parametrize("verb", ["stop", "plan", "status", "watch", "lint"])
def test_a_name_that_can_be_nobodys_is_a_wrong_word(stack, verb):
    for name in ("", "a|b", "x" * 201):
        done = stack.cli(verb, name, *(["stop"] if verb == "plan" else []))
        assert done.returncode == USAGE and "cannot be a workload's name" in one_line(done.stderr), (name, done.stderr)


def test_watching_a_workload_that_nobody_knows_ends_at_once(stack):
    done = stack.cli("watch", "nowhere", timeout_s=30)
    assert done.returncode == FAILED and done.stdout == "" and "nowhere" in done.stderr and "ec2sched list" in one_line(done.stderr)


def test_a_log_with_another_number_of_partitions_is_not_written_to(stack):
    other = {"EC2SCHED_KAFKA_LOG_PARTITIONS": "3"}
    for words in ("stop few --yes", "start few", "stop few --yes --run mine"):
        done = stack.cli(*words.split(), env=other)
        said = one_line(done.stderr)
        assert done.returncode == USAGE and "has 2 partitions, kafka.log.partitions is 3" in said and "correct the option" in said, (words, done.stderr)
    assert stack.cli("status", "shop", env=other).returncode == OK
    (log,) = [c for c in stack.read("doctor", "few", expect=FAILED, env=other)["checks"] if c["check"] == "topic" and ".events.v1 has 2" in c["message"]]
    assert "topics create` makes" not in log["remedy"]


def test_without_a_worker_status_and_doctor_say_that_nobody_works(tmp_path_factory, bin_dir, kafka):
    folder = tmp_path_factory.mktemp("idle")
    with RedisServer(folder, port=True) as redis, Stack(folder, bin_dir, kafka, redis, scenario(), workers=0) as idle:
        idle.wait_until(lambda: idle.cli("stop", "shop", "--yes", "--run", "r").returncode == OK, "the run is accepted")
        idle.wait_until(lambda: "no worker holds any of its " in idle.read("status", "shop")["workloads"][0]["why"], "status says so")
        assert "does a worker run?: `ec2sched doctor`" in idle.cli("status", "shop").stdout
        (workers,) = [c for c in idle.read("doctor", "shop", expect=FAILED)["checks"] if c["check"] == "workers"]
        assert workers["state"] == "fail" and "start a worker" in workers["remedy"]


def test_the_doctor_does_not_advise_topics_where_kafka_is_down(stack):
    down = {"EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}"}
    (producers,) = [c for c in stack.read("doctor", "few", expect=FAILED, env=down)["checks"] if c["check"] == "producers"]
    assert producers["state"] == "fail" and "kafka.brokers" in producers["remedy"]


def test_every_verbs_help_is_its_own_and_names_the_output(stack):
    for verb in ("list", "plan", "start", "stop", "status", "watch", "runs", "cancel", "lint", "doctor", "show", "tables", "topics"):
        text = stack.cli(verb, "--help").stdout
        assert "--output table|json" in text and "the same)" not in text, text
    assert "[--if-busy MODE]" in stack.cli("stop", "--help").stdout.splitlines()[0]


# ---- tables ----


@pytest.mark.parametrize("billing", ["on-demand", "provisioned"])
def test_tables_are_made_with_the_billing_that_was_asked_for(stack, billing):
    prefix = {"EC2SCHED_SPECS_TABLES_PREFIX": f"{billing}."}
    made = stack.cli("tables", "create", "--billing", billing, env=prefix)
    assert made.returncode == OK and f"{billing}.TierSpecification" in made.stdout, made.stdout + made.stderr
    table = client(stack, "dynamodb").describe_table(TableName=f"{billing}.WorkloadSpecification")["Table"]
    if billing == "provisioned":
        units = table["ProvisionedThroughput"]
        assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (5, 5) and "BillingModeSummary" not in table
    else:
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


# ---- the fleet's times ----


def times(stack):
    return {(p["lease_ttl_ms"], p["fence_window_ms"]) for p in stack.read("topics", "settings")["partitions"]}


def test_the_fleets_times_are_raised_and_never_lowered(stack):
    """Its lease.ttl is 3 s, its fence.window 5 s."""
    stack.wait_until(lambda: times(stack) == {(3000, 5000)}, "each partition has a view")
    for lower in (("--lease.ttl", "2s"), ("--fence.window=4s",), ("--lease.ttl", "9s", "--fence.window", "100ms")):
        done = stack.cli("topics", "settings", *lower)
        assert done.returncode == REFUSED and "must not shrink" in one_line(done.stderr), (lower, done.returncode, done.stderr)
    assert stack.cli("topics", "settings", "--lease.ttl", "soon").returncode == USAGE
    assert times(stack) == {(3000, 5000)}
    raised = stack.cli("topics", "settings", "--lease.ttl", "4s")
    assert raised.returncode == OK and "4.000 s" in raised.stdout, raised.stdout + raised.stderr
    stack.wait_until(lambda: times(stack) == {(4000, 5000)}, "the fleet has folded it")
    assert stack.cli("topics", "settings", "--fence.window=6s", "--output", "json").returncode == OK
    stack.wait_until(lambda: times(stack) == {(4000, 6000)}, "the fleet has folded it")
    assert stack.cli("topics", "settings", "--lease.ttl", "3s").returncode == REFUSED
