"""Each verb as people and programs meet it: its text, its JSON, its exit code, over real Kafka and Redis and an AWS simulator."""

import json
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from cli_scenario import SHOP_DB, SHOP_WEB, SLOW, scenario
from order import touched
from stack import Stack

from lib.process import free_port
from lib.redis_server import RedisServer

OK, FAILED, USAGE, REFUSED, UNREACHABLE, NO_ANSWER = range(6)
ROOT = Path(__file__).resolve().parents[2]
VERBS = ["list", "plan", "start", "stop", "status", "watch", "runs", "cancel", "lint", "doctor", "show", "schedule", "tables", "topics"]


@pytest.fixture(scope="module")
def stack(bin_dir, kafka):
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, RedisServer(folder) as redis:
        with Stack(folder, bin_dir, kafka, redis, scenario(), workers=2) as s:
            s.wait_until(lambda: is_led(s), "a leader for each partition")  # a standby is ready, too
            yield s


def is_led(stack):
    checks = json.loads(stack.cli("doctor", "few", "--output", "json").stdout)["checks"]
    return [c["state"] for c in checks if c["check"] == "producers"] == ["ok"]


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("ec2sched: "), text
    return lines[0]


def failed(stack, *words, expect, env=None, says=()):
    """Fails as a person sees it and as a program does: one line on stderr, or one document; both with the remedy."""
    text = stack.cli(*words, env=env)
    assert (text.returncode, text.stdout) == (expect, ""), (text.returncode, text.stdout, text.stderr)
    line = one_line(text.stderr)
    done = stack.cli(*words, "--output", "json", env=env)
    assert (done.returncode, done.stderr) == (expect, ""), (done.returncode, done.stdout, done.stderr)
    document = json.loads(done.stdout)
    assert document["v"] == 1 and set(document) == {"v", "error"}
    assert set(document["error"]) == {"kind", "message", "remedy"}
    assert document["error"]["remedy"] and document["error"]["remedy"] in line
    for words_ in says:
        assert words_ in line, line
    return document["error"]


def state_of(stack, workload):
    return stack.read("status", workload)["workloads"][0]


def is_idle(stack, workload):
    return lambda: state_of(stack, workload)["state"] == "idle"


# ---- help ----


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_how_it_is_used(stack, verb):
    done = stack.cli(verb, "--help")
    assert done.returncode == OK and done.stdout.startswith(f"usage: ec2sched {verb} "), done.stdout + done.stderr
    assert verb in stack.cli("--help").stdout


def test_a_misspelt_verb_or_flag_is_told_the_nearest(stack):
    failed(stack, "statsu", expect=USAGE, says=("statsu", "did you mean status"))
    failed(stack, "stop", "shop", "--resaon", "x", expect=USAGE, says=("--resaon", "did you mean --reason"))
    failed(stack, "stop", expect=USAGE)
    failed(stack, "show", "shop", expect=USAGE, says=("WORKLOAD@ID",))
    failed(stack, "stop", "shop", "--if-busy", "perhaps", expect=USAGE, says=("reject, queue, supersede",))
    failed(stack, "stop", "shop", "--expires", "soon", expect=USAGE, says=("--expires soon",))
    failed(stack, "stop", "shop", "--run", "a b", expect=USAGE, says=("--run a b",))


# ---- reading ----


def test_list_names_each_workload_and_its_state(stack):
    rows = {w["workload"]: w for w in stack.read("list")["workloads"]}
    assert set(rows) == {"shop", "off", "win", "few", *SLOW}
    assert (rows["shop"]["region"], rows["shop"]["tiers"], rows["off"]["state"]) == ("eu-west-1", 2, "switched off")
    text = stack.cli("list").stdout
    assert text.startswith("WORKLOAD ") and re.search("^shop +eu-west-1 +2 ", text, re.M)


def test_a_plan_tells_what_would_happen_and_touches_nothing(stack):
    seen = len(touched(stack.aws.calls()))
    plan = stack.read("plan", "shop", "stop")
    assert [m["tier"] for m in plan["members"]] == ["Role_Web"] * 3 + ["Role_DB"] * 2
    assert stack.cli("stop", "shop", "--dry-run").stdout == stack.cli("plan", "shop", "stop").stdout
    assert len(touched(stack.aws.calls())) == seen


def test_a_plan_above_the_bound_would_be_refused(stack):
    failed_plan = stack.cli("plan", "few", "stop")
    assert failed_plan.returncode == REFUSED and "MaxInstances" in failed_plan.stderr


def test_lint_counts_what_it_finds(stack):
    assert stack.read("lint")["errors"] == 0
    assert stack.cli("lint", "shop").stdout.endswith("0 errors\n")


def test_tables_and_topics_are_checked(stack):
    assert all(t["ok"] for t in stack.read("tables", "check")["tables"])
    assert all(t["ok"] for t in stack.read("topics", "check")["topics"])
    failed(stack, "tables", "drop", expect=USAGE, says=("create or check",))


# ---- a run, and what is told of it ----


@pytest.fixture(scope="module")
def stopped(stack):
    done = stack.cli("stop", "shop", "--yes", "--run", "first", "--reason", "the night", "--wait", "--timeout", "60s")
    assert done.returncode == OK, done.stdout + done.stderr
    return done


def test_a_run_with_wait_is_told_line_by_line_in_a_pipe(stopped):
    assert "\x1b" not in stopped.stdout
    lines = stopped.stdout.splitlines()
    assert re.fullmatch(r"20\S+Z shop@first accepted: stop, 2 steps, 5 members", lines[0]), lines[0]
    assert lines[-1] == "shop@first stop: succeeded: 4 done, 0 unchanged, 1 bypassed, 0 failed"


def test_show_tells_each_member_with_outcome_and_cause(stack, stopped):
    shown = stack.read("show", "shop@first")
    assert {m["id"]: (m["outcome"], m["cause"]) for m in shown["members"]} == {
        **{i: ("done", "") for i in SHOP_WEB}, SHOP_DB[0]: ("bypassed", "override-present"), SHOP_DB[1]: ("done", ""),
    }  # fmt: skip
    assert shown["counts"]["done"] == 4 and shown["reason"] == "the night"
    text = stack.cli("show", "shop@first").stdout
    assert "override file" in text and re.search(f"^1 +Role_DB +{SHOP_DB[1]} +done +running -> stopped", text, re.M), text


def test_runs_tells_the_history_of_a_workload_and_of_all(stack, stopped):
    known = stack.read("runs", "shop")["runs"]
    (first,) = [r for r in known if r["run"] == "first"]
    assert (first["action"], first["result"], first["counts"]["done"], first["reason"]) == ("stop", "succeeded", 4, "the night")
    assert first["asked"] <= first["began"] <= first["ended"] and first["who"]
    assert re.search("^shop@first +stop +succeeded ", stack.cli("runs").stdout, re.M)
    assert len(stack.read("runs", "--limit", 1)["runs"]) == 1


def test_history_begins_where_since_says(stack, stopped):
    time.sleep(1.1)  # what is asked is a time: nothing else can be awaited
    assert stack.read("runs", "shop", "--since", "1s")["runs"] == []
    failed(stack, "show", "shop@first", "--since", "1s", expect=FAILED, says=("shop@first", "--since"))
    assert stack.read("show", "shop@first", "--since", "1h")["result"] == "succeeded"


def test_watch_of_a_run_that_is_over_tells_it_whole_and_ends_with_its_result(stack, stopped):
    done = stack.cli("watch", "shop@first")
    assert done.returncode == OK and done.stdout == stopped.stdout
    events = [json.loads(line) for line in stack.cli("watch", "shop@first", "--output", "json").stdout.splitlines()]
    types = [e["type"] for e in events]
    assert types[:2] == ["RunRequested", "RunAccepted"] and types[-1] == "RunFinished" and "JobTerminal" in types
    failed(stack, "watch", "shop@never", expect=FAILED, says=("shop@never", "ec2sched runs"))


def test_status_of_an_idle_workload_names_its_last_run(stack, stopped):
    stack.wait_until(is_idle(stack, "shop"), "the workload is idle")
    s = state_of(stack, "shop")
    assert (s["run"], s["result"], s["source"], s["confirmed"]) == ("first", "succeeded", "view", True)
    assert 0 <= s["age_ms"] < 5000
    text = stack.cli("status", "shop").stdout
    assert text.startswith("shop: idle, stop first (ended)\n") and re.search(r"the view is \d\.\d s old", text)
    failed(stack, "status", "nowhere", expect=FAILED, says=("nowhere", "ec2sched list"))


def test_status_without_redis_folds_the_log_and_says_so(stack, stopped):
    stack.wait_until(is_idle(stack, "shop"), "the workload is idle")
    lost = {"EC2SCHED_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    seen, folded = state_of(stack, "shop"), stack.read("status", "shop", env=lost)["workloads"][0]
    assert folded["source"] == "log"
    same = ("state", "run", "action", "result", "counts", "next_run", "waiting", "holds")
    assert {k: folded[k] for k in same} == {k: seen[k] for k in same}
    assert "leases are unknown" in stack.cli("status", "shop", env=lost).stdout
    assert len(stack.read("status", env=lost)["workloads"]) == len(stack.read("status")["workloads"])


# ---- refusals ----


def test_what_cannot_be_begun_is_refused_with_its_reason(stack):
    failed(stack, "start", "nowhere", expect=REFUSED, says=("nowhere",))
    failed(stack, "stop", "shop", "--tier", "Role_Nobody", expect=REFUSED, says=("Role_Nobody",))
    for words in (("stop", "off", "--yes"), ("stop", "few", "--yes")):
        failed(stack, *words, expect=REFUSED, says=(words[1],))
    failed(stack, "stop", "shop", "--yes", "--expires", "0s", expect=REFUSED, says=("shop",))


def test_one_workload_runs_one_run_at_a_time(stack):
    begun = stack.cli("stop", "busy", "--yes", "--run", "one")
    assert begun.returncode == OK and begun.stdout.startswith("busy@one accepted"), begun.stdout + begun.stderr
    refused = failed(stack, "start", "busy", expect=REFUSED, says=("--if-busy queue",))
    assert refused["kind"] == "refused"
    queued = stack.read("start", "busy", "--run", "two", "--if-busy", "queue")
    assert queued == {"v": 1, "workload": "busy", "run": "two", "state": "accepted", "start": "", "observe": False}
    s = state_of(stack, "busy")
    assert (s["state"], s["run"], s["next_run"], s["next_action"]) == ("running", "one", "two", "start")
    text = stack.cli("status", "busy").stdout
    assert "next: start two: when the run has ended" in text and re.search("^0 +Role_Only +in progress ", text, re.M), text

    third = stack.read("start", "busy", "--run", "three", "--if-busy", "supersede")
    assert third["run"] == "three"
    s = state_of(stack, "busy")
    assert (s["next_run"], s["next_action"]) in (("three", "start"), ("", ""))
    stack.wait_until(lambda: result(stack, "busy@three"), "the run that displaced the others ends", 60)
    assert [result(stack, f"busy@{r}") for r in ("one", "two", "three")] == ["superseded", "superseded", "succeeded"]


def result(stack, run):
    done = stack.cli("show", run, "--output", "json")
    return json.loads(done.stdout)["result"] if done.returncode == OK else None


def test_the_same_id_twice_is_one_run(stack):
    documents = [stack.read("stop", "asked", "--yes", "--run", "same", "--tier", "Role_Only") for _ in range(2)]
    assert documents[0]["run"] == documents[1]["run"] == "same"
    assert len([r for r in stack.read("runs", "asked")["runs"] if r["run"] == "same"]) == 1
    cancelled = stack.cli("cancel", "asked@same", "--reason", "a mistake")
    assert cancelled.returncode in (OK, NO_ANSWER), cancelled.stdout + cancelled.stderr
    stack.wait_until(lambda: result(stack, "asked@same") == "cancelled", "it is cancelled")


def test_a_cancelled_run_ends_and_watching_it_says_so(stack):
    assert stack.cli("stop", "watched", "--yes", "--run", "w").returncode == OK
    watching = start(stack, "watch", "watched@w")
    live = start(stack, "watch", "watched", "--output", "json")
    stack.wait_until(lambda: state_of(stack, "watched")["state"] == "running", "it runs")
    assert stack.cli("cancel", "watched@w").returncode in (OK, NO_ANSWER)
    out, err = watching.communicate(timeout=60)
    assert watching.returncode == FAILED, (out, err)
    assert "Cancel by " in out and out.splitlines()[-1].startswith("watched@w stop: cancelled")
    stack.wait_until(lambda: result(stack, "watched@w") == "cancelled", "it is over")
    live.send_signal(signal.SIGINT)
    out, err = live.communicate(timeout=30)
    assert live.returncode == OK, (out, err)
    assert "Cancel" in [json.loads(line)["type"] for line in out.splitlines()]


def test_ctrl_c_while_waiting_leaves_the_run_going_and_says_how_to_follow_it(stack):
    waiting = start(stack, "stop", "waited", "--yes", "--run", "long", "--wait")
    stack.wait_until(lambda: state_of(stack, "waited")["run"] == "long", "it runs")
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == NO_ANSWER and "ec2sched watch waited@long" in err, (out, err)
    late = stack.cli("stop", "waited", "--yes", "--run", "long", "--wait", "--timeout", "1s")
    assert late.returncode == NO_ANSWER and "ec2sched watch waited@long" in late.stderr, late.stdout + late.stderr


def start(stack, *words):
    from lib.process import Process

    env = Process(["ec2sched"], cwd=stack.folder, env=stack.env).env
    return subprocess.Popen(
        [stack.bin / "ec2sched", *words], env=env, cwd=stack.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip


# ---- the doctor ----


def test_the_doctor_says_of_each_thing_how_it_stands(stack):
    checks = stack.read("doctor")["checks"]
    by = {}
    for check in checks:
        by.setdefault(check["check"], []).append(check)
    assert {"kafka", "topic", "redis", "producers", "workers", "credentials", "clock", "table", "rows", "members", "powershell"} <= set(by)
    assert [c for c in checks if c["state"] == "fail"] == []
    assert [c["state"] for c in by["powershell"]] == ["warn"] and "win" in by["powershell"][0]["message"]
    assert all(c["remedy"] for c in checks if c["state"] != "ok")
    assert stack.cli("doctor", "shop").stdout.splitlines()[-1].endswith(" 0 failed")


def test_the_doctor_names_what_is_wrong_and_the_remedy(stack):
    lost = {"EC2SCHED_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    (redis,) = [c for c in stack.read("doctor", expect=FAILED, env=lost)["checks"] if c["check"] == "redis"]
    assert redis["state"] == "fail" and "redis.url" in redis["remedy"]
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong"}
    (keys,) = [c for c in stack.read("doctor", expect=FAILED, env=wrong)["checks"] if c["check"] == "credentials"]
    assert keys["state"] == "fail" and "AWS_PROFILE" in keys["remedy"]
    assert [c["state"] for c in stack.read("doctor", "nowhere", expect=FAILED)["checks"] if c["check"] == "rows"] == ["fail"]


def permissions(checks):
    """{(subject, IAM action): check}"""
    found = {}
    for check in checks:
        if check["check"] == "permission":
            subject, action = re.match(r"(\S+): (\w+:\w+) ", check["message"]).groups()
            found[subject, action] = check
    return found


def test_the_doctor_says_of_each_permission_whether_it_is_there(stack):
    found = permissions(stack.read("doctor", "shop")["checks"])
    needed = {"ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeSpotInstanceRequests", "ec2:StartInstances", "ec2:StopInstances"}
    needed |= {"ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations", "ssm:SendCommand"}
    tables = {("WorkloadSpecification", "dynamodb:GetItem"), ("TierSpecification", "dynamodb:Query")}
    tables |= {("ScheduleSpecification", "dynamodb:BatchGetItem")}
    tables |= {(t, "dynamodb:Scan") for t in ("WorkloadSpecification", "TierSpecification", "ScheduleSpecification")}
    assert set(found) == {("shop", action) for action in needed} | tables
    send = found.pop(("shop", "ssm:SendCommand"))  # cannot be known without sending one
    assert send["state"] == "warn" and "cannot be checked" in send["message"] and "deploy/iam/worker.json" in send["remedy"]
    assert {c["state"] for c in found.values()} == {"ok"} and all("is allowed" in c["message"] for c in found.values())
    none = permissions(stack.read("doctor", "win")["checks"])  # a workload without instances
    for action in ("ec2:StartInstances", "ec2:StopInstances", "ssm:DescribeInstanceInformation"):
        assert none["win", action]["state"] == "warn" and "no instance to ask about" in none["win", action]["message"]


def test_the_doctor_names_the_permission_that_is_missing_and_the_policy_that_has_it(stack):
    before = stack.aws.states()
    keys = {"AWS_ACCESS_KEY_ID": "AKIANOSTOPNOSTOP0001", "AWS_SECRET_ACCESS_KEY": "nostop"}
    found = permissions(stack.read("doctor", expect=FAILED, env=keys)["checks"])
    missing = {key: check for key, check in found.items() if check["state"] == "fail"}
    assert {a for _, a in missing} == {"ec2:StopInstances", "ssm:ListCommandInvocations", "dynamodb:Query"}
    assert all("is missing" in c["message"] for c in missing.values())
    assert missing["shop", "ec2:StopInstances"]["remedy"] == "allow ec2:StopInstances: deploy/iam/worker.json"
    assert missing["TierSpecification", "dynamodb:Query"]["remedy"] == "allow dynamodb:Query: deploy/iam/producer.json"
    assert found["shop", "ec2:StartInstances"]["state"] == "ok"
    assert stack.aws.states() == before  # a dry run changes nothing
    for policy in {c["remedy"].split()[-1] for c in missing.values()}:
        assert (ROOT / policy).is_file()


def test_a_persons_own_credentials_need_not_stop_instances(stack):
    keys = {"AWS_ACCESS_KEY_ID": "AKIAPERSONPERSON0001", "AWS_SECRET_ACCESS_KEY": "person"}
    found = permissions(stack.read("doctor", "shop", env=keys)["checks"])
    missing = {action for (_, action), c in found.items() if "is missing" in c["message"]}
    assert missing == {"ec2:DescribeInstanceStatus", "ec2:StartInstances", "ec2:StopInstances", "ssm:ListCommandInvocations"}
    assert {found["shop", action]["state"] for action in missing} == {"warn"}
    assert "person" in found["shop", "ec2:StopInstances"]["remedy"] and "deploy/iam/worker.json" in found["shop", "ec2:StopInstances"]["remedy"]


def test_the_doctor_looks_for_the_output_bucket_and_does_not_fail_for_it(stack):
    (bucket,) = [c for c in stack.read("doctor", "shop")["checks"] if c["check"] == "bucket"]
    assert bucket["state"] == "warn" and "no bucket retired" in bucket["message"] and "SSMS3BucketName" in bucket["remedy"]


# ---- what cannot be reached ----


def test_an_unreachable_kafka_is_said_in_one_line(stack):
    lost = {"EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}"}
    for words in (("runs",), ("show", "shop@first"), ("topics", "check")):
        done = stack.cli(*words, env=lost)
        assert done.returncode in (UNREACHABLE, NO_ANSWER) and done.stdout == "", (words, done.returncode, done.stderr)
        assert "kafka at 127.0.0.1" in one_line(done.stderr), done.stderr


def test_an_unreachable_aws_and_wrong_credentials_are_said_apart(stack):
    nowhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    assert stack.cli("list", env=nowhere).returncode == UNREACHABLE
    failed(stack, "stop", "shop", "--yes", expect=UNREACHABLE, env={"AWS_SECRET_ACCESS_KEY": "wrong"})


def test_no_tag_or_reason_can_write_to_the_terminal(stack):
    hostile = "\x1b]0;title\x07\x1b[31mred\x7f\x9b1m"
    done = stack.cli("stop", "shop", "--yes", "--tier", "Role_Web", "--run", "hostile", "--reason", hostile, "--wait", "--timeout", "60s")
    assert done.returncode == OK, done.stdout + done.stderr
    for words in (("show", "shop@hostile"), ("runs", "shop"), ("watch", "shop@hostile"), ("status", "shop\x1b[2J"), ("show", "x\x1b[2J@r")):
        said = stack.cli(*words)
        text = (said.stdout + said.stderr).replace("\n", "")
        assert not re.search("[\x00-\x1f\x7f-\x9f]", text), (words, text)


def test_a_run_that_waits_for_a_dead_workers_calls_says_until_when(stack):
    """Last: it kills the workers."""
    assert stack.cli("stop", "held", "--yes", "--run", "dead").returncode == OK
    stack.wait_until(lambda: [x for x in state_of(stack, "held")["steps"] if x["leased"]], "a worker holds its job")
    for worker in stack.workers:
        worker.kill()
    taken = stack.cli("start", "held", "--run", "next", "--if-busy", "supersede")
    assert taken.returncode == OK and "held@next accepted; it " in taken.stdout, taken.stdout + taken.stderr
    stack.wait_until(lambda: state_of(stack, "held")["why"] == "signature window", "the lease is over")
    s = state_of(stack, "held")
    assert (s["state"], s["next_run"]) == ("draining", "next") and s["not_before"]
    for words in (("status", "held"), ("list",)):
        text = stack.cli(*words).stdout
        assert re.search(r"starts 20\S+ \S+Z at the earliest: a worker died holding", text), text
    for worker in stack.workers:
        worker.start()
    stack.wait_until(lambda: result(stack, "held@next") == "succeeded", "it ran after all", 60)
    assert result(stack, "held@dead") == "superseded"
