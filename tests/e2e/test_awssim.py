"""The AWS simulator against AWS's own words: botocore parses every reply by its models, the AWS CLI and moto look on."""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from lib.awssim import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, Awssim
from lib.process import Process, free_port, wait_until

WEB, DB, WINDOWS, LONE = ("i-0123456789abcdef" + d for d in "0123")
NONCE = "0123456789abcdef0123456789abcdef"
QUICK = {"start_ms": 150, "stop_ms": 150, "agent": {"latency_ms": 60}}


def scenario(**more):
    tags = {"Environment": "ENV1"}
    return {
        "defaults": QUICK,
        "ssm": {"visible_after_ms": 20},
        "instances": [
            {"id": WEB, "tags": {**tags, "Role": "Web"}, "agent": {"files": ["/etc/hold"]}},
            {"id": DB, "tags": {**tags, "Role": "DB"}},
            {"id": WINDOWS, "tags": {**tags, "Role": "App"}, "platform": "windows", "agent": {"os": "Windows"}},
            {"id": LONE, "tags": {"Environment": "ENV12"}, "agent": {"state": "none"}},
        ],
        **more,
    }


@pytest.fixture
def start(bin_dir, tmp_path):
    """start(scenario, …) begins a simulator that ends with the test."""
    running = []

    def begin(content=None, **options):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        aws = Awssim(bin_dir, folder, scenario() if content is None else content, **options)
        running.append(aws.__enter__())
        return aws

    yield begin
    for aws in running:
        aws.__exit__()


def states(ec2, **how):
    pages = ec2.get_paginator("describe_instances").paginate(**how)
    return {i["InstanceId"]: i["State"]["Name"] for p in pages for r in p["Reservations"] for i in r["Instances"]}


def reaches(ec2, state, *ids):
    chosen = [{"Name": "instance-id", "Values": list(ids)}]
    wait_until(lambda: set(states(ec2, Filters=chosen).values()) == {state}, f"{ids} {state}")


def fails(call, code, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def linux_question(path, nonce=NONCE):
    quoted = path.replace("'", "'\\''")
    return (
        f"p='{quoted}'\nd=\"${{p%/*}}\"\n"
        'if [ -e "$p" ] || [ -L "$p" ]; then a=PRESENT\n'
        'elif [ -d "${d:-/}" ] && [ -x "${d:-/}" ]; then a=ABSENT\n'
        "else a=NOPARENT; fi\n"
        f"printf '%s\\n' \"EC2SCHED-OVERRIDE {nonce} $a\"\nexit 0\n"
    )


def windows_question(path, nonce=NONCE):
    text = base64.b64encode(path.encode()).decode()
    return (
        f"$p=[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{text}'))\n$a='ERROR'\ntry {{\n"
        "  $d=[IO.Path]::GetDirectoryName($p)\n"
        "  if (Test-Path -LiteralPath $p -ErrorAction Stop) { $a='PRESENT' }\n"
        "  elseif (Test-Path -LiteralPath $d -PathType Container -ErrorAction Stop) { $a='ABSENT' }\n"
        "  else { $a='NOPARENT' }\n} catch { $a='ERROR' }\n"
        f"[Console]::Out.WriteLine('EC2SCHED-OVERRIDE {nonce} '+$a)\nexit 0\n"
    )


def send(ssm, ids, script, document="AWS-RunShellScript", **more):
    return ssm.send_command(
        InstanceIds=list(ids),
        DocumentName=document,
        TimeoutSeconds=30,
        Parameters={"commands": [script], "executionTimeout": ["15"]},
        **more,
    )["Command"]["CommandId"]


def answers(ssm, command):
    def ended():
        found = ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        done = found and all(i["Status"] not in ("Pending", "InProgress", "Delayed") for i in found)
        return {i["InstanceId"]: i for i in found} if done else None

    return wait_until(ended, f"the end of {command}")


def output(invocation):
    return "".join(p["Output"] for p in invocation["CommandPlugins"]).strip()


# ---- EC2 ----


def test_stop_and_start_go_through_their_states_and_are_in_the_call_log(start):
    aws = start()
    ec2 = aws.client("ec2")
    change = ec2.stop_instances(InstanceIds=[WEB, DB])["StoppingInstances"]
    assert [(c["PreviousState"]["Name"], c["CurrentState"]["Name"]) for c in change] == [("running", "stopping")] * 2
    reaches(ec2, "stopped", WEB, DB)
    ec2.stop_instances(InstanceIds=[WEB])  # stopped already: no error, nothing changes
    change = ec2.start_instances(InstanceIds=[WEB])["StartingInstances"]
    assert change[0]["CurrentState"] == {"Code": 0, "Name": "pending"}
    reaches(ec2, "running", WEB)
    log = aws.calls()
    assert [e["seq"] for e in log] == list(range(1, len(log) + 1))
    assert [(e["from"], e["to"], e["cause"]) for e in log if e["kind"] == "state" and e["id"] == WEB] == [
        ("running", "stopping", "StopInstances"),
        ("stopping", "stopped", "time"),
        ("stopped", "pending", "StartInstances"),
        ("pending", "running", "time"),
    ]
    stops = aws.calls(kind="call", operation="StopInstances")
    assert [s["ids"] for s in stops] == [[WEB, DB], [WEB]]
    assert {(s["region"], s["account"], s["status"]) for s in stops} == {(REGION, ACCOUNT, 200)}


def test_one_bad_id_poisons_the_whole_batch_in_awss_words(start):
    extra = {
        "instances": scenario()["instances"]
        + [
            {"id": "i-0000000a", "stop_protected": True},
            {"id": "i-0000000b", "root_device": "instance-store"},
            {"id": "i-0000000c", "market": "spot-one-time"},
            {"id": "i-0000000d", "state": "terminated"},
            {"id": "i-0000000e", "state": "pending", "stuck": "pending"},
            {"id": "i-0000000f", "state": "stopping", "stuck": "stopping"},
            {"id": "i-000000aa", "market": "spot-persistent", "state": "stopped", "by_user": False},
        ]
    }
    aws = start(scenario(**extra))
    ec2 = aws.client("ec2")
    missing, other = "i-0fffffffffffffff0", "i-0fffffffffffffff1"
    rows = [
        (ec2.stop_instances, [missing], "InvalidInstanceID.NotFound", f"The instance ID '{missing}' does not exist"),
        (
            ec2.stop_instances,
            [missing, other],
            "InvalidInstanceID.NotFound",
            f"The instance IDs '{missing}, {other}' do not exist",
        ),
        (ec2.stop_instances, ["i-nonsense"], "InvalidInstanceID.Malformed", 'Invalid id: "i-nonsense"'),
        (
            ec2.stop_instances,
            ["i-0000000a"],
            "OperationNotPermitted",
            "The instance 'i-0000000a' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
        ),
        (ec2.stop_instances, ["i-0000000b"], "UnsupportedOperation", "i-0000000b"),
        (
            ec2.stop_instances,
            ["i-0000000c"],
            "UnsupportedOperation",
            "You can't stop the Spot Instance 'i-0000000c' because it is associated with a one-time Spot Instance request",
        ),
        (
            ec2.stop_instances,
            ["i-0000000d"],
            "IncorrectInstanceState",
            "This instance 'i-0000000d' is not in a state from which it can be stopped.",
        ),
        (ec2.stop_instances, ["i-0000000e"], "IncorrectInstanceState", "i-0000000e"),
        (
            ec2.start_instances,
            ["i-0000000f"],
            "IncorrectInstanceState",
            "The instance 'i-0000000f' is not in a state from which it can be started",
        ),
        (ec2.start_instances, ["i-000000aa"], "IncorrectSpotRequestState", "i-000000aa"),
    ]
    for call, ids, code, words in rows:
        message, status = fails(call, code, InstanceIds=[WEB, *ids])
        assert words in message
        assert status == 400
    message, _ = fails(ec2.stop_instances, "UnsupportedHibernationConfiguration", InstanceIds=[WEB], Hibernate=True)
    assert message.endswith(": " + WEB)
    _, status = fails(ec2.stop_instances, "DryRunOperation", InstanceIds=[WEB], DryRun=True)
    assert status == 412
    assert states(ec2)[WEB] == "running"
    assert not aws.calls(kind="state")


def test_force_stops_what_hangs_in_stopping(start):
    aws = start({"instances": [{"id": WEB, "state": "stopping", "stuck": "stopping", "stop_ms": 100}]})
    ec2 = aws.client("ec2")
    ec2.stop_instances(InstanceIds=[WEB])
    assert aws.instances()[WEB]["state"] == "stopping"
    ec2.stop_instances(InstanceIds=[WEB], Force=True)
    reaches(ec2, "stopped", WEB)


def test_a_start_may_fall_back_with_a_reason_and_capacity_may_be_short(start):
    fall = {"to": "stopped", "code": "Server.InsufficientInstanceCapacity", "message": "no room", "times": 1}
    aws = start(
        {
            "defaults": QUICK,
            "instances": [
                {"id": WEB, "state": "stopped", "start_fails": fall},
                {"id": DB, "state": "stopped", "type": "c5.large"},
                {"id": LONE, "state": "stopped", "type": "c5.large"},
            ],
            "capacity": [{"az": REGION + "a", "type": "c5.large", "left": 1}],
        }
    )
    ec2 = aws.client("ec2")
    ec2.start_instances(InstanceIds=[WEB])
    reaches(ec2, "stopped", WEB)
    shown = ec2.describe_instances(InstanceIds=[WEB])["Reservations"][0]["Instances"][0]
    assert shown["StateReason"] == {"Code": "Server.InsufficientInstanceCapacity", "Message": "no room"}
    ec2.start_instances(InstanceIds=[WEB])
    reaches(ec2, "running", WEB)
    _, status = fails(ec2.start_instances, "InsufficientInstanceCapacity", InstanceIds=[DB, LONE])
    assert status == 500
    ec2.start_instances(InstanceIds=[DB])
    reaches(ec2, "running", DB)
    fails(ec2.start_instances, "InsufficientInstanceCapacity", InstanceIds=[LONE])
    ec2.stop_instances(InstanceIds=[DB])
    reaches(ec2, "stopped", DB)
    ec2.start_instances(InstanceIds=[LONE])


def test_filters_compare_like_ec2_with_wildcards_and_escapes(start):
    aws = start(
        {
            "instances": [
                {"id": WEB, "tags": {"Environment": "ENV1"}, "vpc": "vpc-1"},
                {"id": DB, "tags": {"Environment": "ENV12"}, "state": "stopped"},
                {"id": LONE, "tags": {"Environment": "ENV*"}},
            ]
        }
    )
    ec2 = aws.client("ec2")
    rows = [
        (("tag:Environment", "ENV1"), {WEB}),
        (("tag:Environment", "ENV*"), {WEB, DB, LONE}),
        (("tag:Environment", r"ENV\*"), {LONE}),
        (("tag:Environment", "ENV1?"), {DB}),
        (("tag:Environment", "env1"), set()),
        (("tag:Environment", "*2"), {DB}),
        (("vpc-id", "vpc-1"), {WEB}),
        (("instance-state-name", "stopped"), {DB}),
        (("instance-id", LONE), {LONE}),
        (("tag-key", "Env*"), {WEB, DB, LONE}),
    ]
    for (name, value), found in rows:
        assert set(states(ec2, Filters=[{"Name": name, "Values": [value]}])) == found, (name, value)
    fails(ec2.describe_instances, "InvalidParameterValue", Filters=[{"Name": "no-such", "Values": ["x"]}])
    fails(ec2.describe_instances, "FilterLimitExceeded", Filters=[{"Name": "vpc-id", "Values": ["x"] * 201}])
    fails(ec2.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=["i-0fffffffffffffff0"])
    fails(ec2.describe_instances, "InvalidParameterCombination", InstanceIds=[WEB], MaxResults=5)
    fails(ec2.describe_instances, "InvalidParameterValue", MaxResults=4)
    fails(ec2.describe_instances, "InvalidParameterValue", MaxResults=5, NextToken="not-ours")


def test_pages_lose_and_double_nothing_even_when_one_is_empty(start):
    fleet = {"fleets": [{"prefix": "i-0a", "count": 2345, "tags": {"Environment": "BIG"}}], "empty_pages": True}
    ec2 = start(fleet).client("ec2")
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000}))
    ids = [i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]]
    assert [len(p["Reservations"]) for p in pages] == [0, 1000, 1000, 345]
    assert len(set(ids)) == len(ids) == 2345
    assert ids[10] == "i-0a00000000000000a"


def test_describe_lags_behind_and_status_checks_follow(start):
    aws = start({"instances": [{"id": WEB, "state": "stopped", "start_ms": 50, "status_ms": 400, "describe_lag_ms": 300}]})
    ec2 = aws.client("ec2")
    ec2.start_instances(InstanceIds=[WEB])
    assert states(ec2)[WEB] == "stopped"
    reaches(ec2, "running", WEB)

    def status():
        one = ec2.describe_instance_status(InstanceIds=[WEB], IncludeAllInstances=True)["InstanceStatuses"][0]
        return one["InstanceStatus"]["Status"], one["SystemStatus"]["Status"]

    wait_until(lambda: status() == ("ok", "ok"), "both status checks")


def test_the_other_ec2_operations_parse(start):
    aws = start({"instances": [{"id": WEB, "state": "stopped", "type": "t3.micro", "market": "spot-persistent"}]})
    ec2 = aws.client("ec2")
    requests = ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert [(r["InstanceId"], r["Type"], r["State"]) for r in requests] == [(WEB, "persistent", "disabled")]
    fails(ec2.modify_instance_attribute, "UnsupportedOperation", InstanceId=WEB, InstanceType={"Value": "m5.large"})
    aws.set({"id": WEB, "market": "on-demand", "tags": {"k": "<&>é"}})
    ec2.modify_instance_attribute(InstanceId=WEB, InstanceType={"Value": "t3.small"})
    assert aws.instances()[WEB]["type"] == "t3.small"
    ec2.modify_instance_attribute(InstanceId=WEB, DisableApiStop={"Value": True})
    credit = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[
            {"InstanceId": WEB, "CpuCredits": "unlimited"},
            {"InstanceId": DB, "CpuCredits": "unlimited"},
        ]
    )
    assert [s["InstanceId"] for s in credit["SuccessfulInstanceCreditSpecifications"]] == [WEB]
    assert credit["UnsuccessfulInstanceCreditSpecifications"][0]["Error"]["Code"] == "InvalidInstanceID.NotFound"
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [WEB]}])["Tags"]
    assert [(t["Key"], t["Value"]) for t in tags] == [("k", "<&>é")]
    aws.set({"id": WEB, "state": "running"})
    fails(ec2.modify_instance_attribute, "IncorrectInstanceState", InstanceId=WEB, InstanceType={"Value": "t3.large"})
    fails(ec2.describe_images, "InvalidAction")


def test_auto_scaling_terminates_and_replaces_a_stopped_member(start):
    group = {"aws:autoscaling:groupName": "web"}
    aws = start({"instances": [{"id": WEB, "tags": group, "stop_ms": 50, "start_ms": 50, "replace_ms": 100}]})
    aws.client("ec2").stop_instances(InstanceIds=[WEB])
    wait_until(lambda: aws.instances()[WEB]["state"] == "terminated", "the end of the member")
    others = [i for i in aws.instances().values() if i["id"] != WEB]
    assert [o["tags"] for o in others] == [group]


def test_buckets_throttle_as_ec2_counts_them(start):
    aws = start(scenario(buckets={"on": True}))
    ec2 = aws.client("ec2")
    outcomes = []
    for _ in range(8):
        try:
            ec2.start_instances(InstanceIds=[WEB])
            outcomes.append(200)
        except ClientError as e:
            assert e.response["Error"]["Code"] == "RequestLimitExceeded"
            outcomes.append(e.response["ResponseMetadata"]["HTTPStatusCode"])
    assert outcomes[:5] == [200] * 5
    assert 503 in outcomes[5:]
    wait_until(lambda: ec2.start_instances(InstanceIds=[WEB]) if _sleep(0.6) else None, "a token after half a second")


def _sleep(seconds):
    """A bucket fills with time alone: there is nothing to ask it in between without taking what it holds."""
    time.sleep(seconds)
    return True


# ---- SSM ----


def test_the_override_question_is_answered_by_what_is_in_the_guest(start):
    aws = start()
    ssm = aws.client("ssm")
    command = send(ssm, [WEB, DB], linux_question("/etc/hold"), Comment="probe")
    found = answers(ssm, command)
    assert {k: v["Status"] for k, v in found.items()} == {WEB: "Success", DB: "Success"}
    assert output(found[WEB]) == f"EC2SCHED-OVERRIDE {NONCE} PRESENT"
    assert output(found[DB]) == f"EC2SCHED-OVERRIDE {NONCE} ABSENT"
    aws.set({"id": WEB, "agent": {"files": []}}, {"id": DB, "agent": {"folders": ["/var"]}})
    found = answers(ssm, send(ssm, [WEB, DB], linux_question("/etc/hold")))
    assert output(found[WEB]).endswith(" ABSENT")
    assert output(found[DB]).endswith(" NOPARENT")
    one = ssm.get_command_invocation(CommandId=command, InstanceId=WEB)
    assert one["StandardOutputContent"] == f"EC2SCHED-OVERRIDE {NONCE} PRESENT\n"
    assert (one["ResponseCode"], one["Comment"]) == (0, "probe")
    assert {e["found"] for e in aws.calls(kind="guest", id=WEB)} == {"PRESENT", "ABSENT"}
    assert [c["CommandId"] for c in ssm.list_commands()["Commands"]][-1] == command


def test_windows_guests_answer_powershell_and_refuse_sh(start):
    aws = start()
    ssm = aws.client("ssm")
    aws.set({"id": WINDOWS, "agent": {"files": ["C:\\Temp\\It's.txt"]}})
    ask = "AWS-RunPowerShellScript"
    assert output(answers(ssm, send(ssm, [WINDOWS], windows_question("c:\\temp\\it's.TXT"), ask))[WINDOWS]).endswith(" PRESENT")
    assert output(answers(ssm, send(ssm, [WINDOWS], windows_question("C:\\Temp\\no"), ask))[WINDOWS]).endswith(" ABSENT")
    wrong = answers(ssm, send(ssm, [WINDOWS], linux_question("/etc/hold")))[WINDOWS]
    assert (wrong["Status"], wrong["StatusDetails"]) == ("Failed", "InvalidPlatform")


PATHS = [
    "plain", "with space", "it's", "a'b'c", "`id`", "$(id)", "$HOME", "*", "?[x]", "back\\slash", "-e", "é", ";x", "#", "~",
]  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_the_simulated_guest_and_a_real_shell_agree(start, tmp_path, name):
    """Each name: there, not there, a dangling link, and in a folder that is not there."""
    files = tmp_path / "files"
    files.mkdir()
    there, link, absent = files / name, files / (name + "-link"), files / (name + "-absent")
    there.write_text("")
    link.symlink_to(files / "nowhere")
    lost = files / "no-such-folder" / name
    aws = start()
    ssm = aws.client("ssm")
    aws.set({"id": WEB, "agent": {"files": [str(there), str(link)], "folders": [str(files)]}})
    for path, word in ((there, "PRESENT"), (link, "PRESENT"), (absent, "ABSENT"), (lost, "NOPARENT")):
        script = linux_question(str(path))
        real = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, cwd=files).stdout
        assert real == f"EC2SCHED-OVERRIDE {NONCE} {word}\n"
        assert output(answers(ssm, send(ssm, [WEB], script))[WEB]) == real.strip()


@pytest.mark.parametrize(
    ("agent", "status", "details"),
    [
        ({"behaviour": "fails", "exit_code": 3}, "Failed", "Failed"),
        ({"behaviour": "undeliverable"}, "TimedOut", "Undeliverable"),
        ({"behaviour": "times-out"}, "TimedOut", "ExecutionTimedOut"),
        ({"behaviour": "terminated"}, "Cancelled", "Terminated"),
        ({"behaviour": "denied"}, "Failed", "AccessDenied"),
        ({"behaviour": "silent"}, "Success", "Success"),
        ({"state": "stale"}, "TimedOut", "DeliveryTimedOut"),
        ({"state": "offline"}, "TimedOut", "DeliveryTimedOut"),
        ({"behaviour": "delayed"}, "TimedOut", "DeliveryTimedOut"),
    ],
)
def test_agents_fail_in_the_ways_that_ssm_knows(start, agent, status, details):
    aws = start(scenario(), time_scale=100)
    aws.set({"id": WEB, "agent": agent})
    found = answers(aws.client("ssm"), send(aws.client("ssm"), [WEB], linux_question("/etc/hold")))[WEB]
    assert (found["Status"], found["StatusDetails"]) == (status, details)
    if status != "Failed":
        assert output(found) == ""


def test_output_is_cut_where_ssm_cuts_it(start):
    aws = start()
    ssm = aws.client("ssm")
    aws.set({"id": WEB, "agent": {"stdout_before": "x" * 30000, "stderr": "warning"}})
    command = send(ssm, [WEB], linux_question("/etc/hold"))
    listed = output(answers(ssm, command)[WEB])
    assert len(listed) <= 2500
    assert "---Output truncated---" in listed
    assert "----------ERROR-------\nwarning" in listed
    content = ssm.get_command_invocation(CommandId=command, InstanceId=WEB)["StandardOutputContent"]
    assert len(content) == 24000
    assert content.endswith("--output truncated--")


def test_send_command_refuses_as_a_whole(start):
    aws = start(scenario(ssm={"visible_after_ms": 600, "missing_buckets": ["gone"]}))
    ssm = aws.client("ssm")
    question = linux_question("/etc/hold")
    command = send(ssm, [WEB], question)
    assert ssm.list_command_invocations(CommandId=command)["CommandInvocations"] == []
    fails(ssm.get_command_invocation, "InvocationDoesNotExist", CommandId=command, InstanceId=WEB)
    answers(ssm, command)
    common = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": [question]}}
    message, _ = fails(ssm.send_command, "InvalidInstanceId", InstanceIds=[WEB, LONE], **common)
    assert message == f"Instances [[{LONE}]] not in a valid state for account {ACCOUNT}"
    aws.set({"id": DB, "state": "stopped"})
    fails(ssm.send_command, "InvalidInstanceId", InstanceIds=[DB], **common)
    fails(ssm.send_command, "DuplicateInstanceId", InstanceIds=[WEB, WEB], **common)
    fails(ssm.send_command, "ValidationException", InstanceIds=[WEB] * 51, **common)
    fails(ssm.send_command, "InvalidOutputFolder", InstanceIds=[WEB], OutputS3BucketName="gone", **common)
    fails(ssm.send_command, "InvalidDocument", InstanceIds=[WEB], DocumentName="No-Such", Parameters={})
    assert [len(c["ids"]) for c in aws.calls(operation="SendCommand", status=200)] == [1]


def test_describe_instance_information_shows_what_is_registered(start):
    aws = start()
    ssm = aws.client("ssm")
    aws.set({"id": DB, "agent": {"state": "offline"}})
    listed = ssm.describe_instance_information()["InstanceInformationList"]
    assert {i["InstanceId"]: (i["PingStatus"], i["PlatformType"]) for i in listed} == {
        WEB: ("Online", "Linux"),
        DB: ("ConnectionLost", "Linux"),
        WINDOWS: ("Online", "Windows"),
    }
    only = [{"Key": "InstanceIds", "Values": [WEB, LONE]}]
    assert [i["InstanceId"] for i in ssm.describe_instance_information(Filters=only)["InstanceInformationList"]] == [WEB]
    aws.set({"id": WEB, "state": "stopped"})
    assert ssm.describe_instance_information(Filters=only)["InstanceInformationList"] == []
    fails(ssm.describe_instance_information, "ValidationException", MaxResults=51)


# ---- DynamoDB, STS, SNS, metadata ----


def rows_of(name="Tiers", **more):
    rows = [{"SpecName": s, "TierTagValue": t, "N": 1, "On": True} for s in ("A", "B") for t in ("app", "db", "web")]
    return {"tables": [{"name": name, "hash": "SpecName", "range": "TierTagValue", "rows": rows, **more}]}


@pytest.mark.parametrize("options", [{}, {"page_items": 1}, {"page_items": 2}])
@pytest.mark.parametrize("empty", [False, True])
def test_query_and_scan_page_without_loss(start, options, empty):
    dynamodb = start({**rows_of(**options), "empty_pages": empty}).client("dynamodb")
    pages = list(
        dynamodb.get_paginator("query").paginate(
            TableName="Tiers",
            ConsistentRead=True,
            KeyConditionExpression="#n = :n",
            ExpressionAttributeNames={"#n": "SpecName"},
            ExpressionAttributeValues={":n": {"S": "A"}},
        )
    )
    items = [i for p in pages for i in p["Items"]]
    assert [i["TierTagValue"]["S"] for i in items] == ["app", "db", "web"]
    assert (items[0]["N"], items[0]["On"]) == ({"N": "1"}, {"BOOL": True})
    assert not empty or (pages[0]["Items"] == [] and pages[0]["LastEvaluatedKey"])
    scanned = [i for p in dynamodb.get_paginator("scan").paginate(TableName="Tiers") for i in p["Items"]]
    assert len({(i["SpecName"]["S"], i["TierTagValue"]["S"]) for i in scanned}) == len(scanned) == 6


def test_items_are_written_under_conditions_and_in_transactions(start):
    dynamodb = start(rows_of()).client("dynamodb")
    key = {"SpecName": {"S": "A"}, "TierTagValue": {"S": "web"}}
    assert dynamodb.get_item(TableName="Tiers", Key=key)["Item"]["N"] == {"N": "1"}
    dynamodb.update_item(
        TableName="Tiers",
        Key=key,
        UpdateExpression="SET #a = :t, Extra = :x REMOVE N",
        ExpressionAttributeNames={"#a": "LastActionTime"},
        ExpressionAttributeValues={":t": {"S": "now"}, ":x": {"N": "2"}},
    )
    item = dynamodb.get_item(TableName="Tiers", Key=key)["Item"]
    assert (item["LastActionTime"], item["Extra"], "N" in item) == ({"S": "now"}, {"N": "2"}, False)
    fails(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        TableName="Tiers",
        Item=key,
        ConditionExpression="attribute_not_exists(SpecName)",
    )
    new = {"SpecName": {"S": "C"}, "TierTagValue": {"S": "web"}}
    acts = [
        {"Put": {"TableName": "Tiers", "Item": new}},
        {"Delete": {"TableName": "Tiers", "Key": key, "ConditionExpression": "Extra = :x", "ExpressionAttributeValues": {":x": {"N": "9"}}}},
    ]  # fmt: skip
    fails(dynamodb.transact_write_items, "TransactionCanceledException", TransactItems=acts)
    assert "Item" not in dynamodb.get_item(TableName="Tiers", Key=new)
    acts[1]["Delete"]["ExpressionAttributeValues"] = {":x": {"N": "2"}}
    dynamodb.transact_write_items(TransactItems=acts)
    assert "Item" in dynamodb.get_item(TableName="Tiers", Key=new)
    assert "Item" not in dynamodb.get_item(TableName="Tiers", Key=key)
    fails(dynamodb.get_item, "ResourceNotFoundException", TableName="Nope", Key=key)
    fails(dynamodb.get_item, "ValidationException", TableName="Tiers", Key={"SpecName": {"S": "A"}})
    dynamodb.create_table(
        TableName="WorkloadState",
        KeySchema=[{"AttributeName": "Workload", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Workload", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="WorkloadState", WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    assert dynamodb.describe_table(TableName="WorkloadState")["Table"]["TableStatus"] == "ACTIVE"
    assert dynamodb.list_tables()["TableNames"] == ["Tiers", "WorkloadState"]


ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
FAR = "arn:aws:iam::999999999999:role/Far"


def test_roles_are_assumed_with_their_external_id_and_see_their_account(start):
    roles = [{"arn": FAR, "external_id": "secret-word", "deny": ["ec2:StopInstances"]}]
    here = scenario()["instances"]
    aws = start(scenario(roles=roles, instances=[*here, {"id": "i-0000000a", "account": "999999999999"}]))
    sts = aws.client("sts")
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    fails(sts.assume_role, "AccessDenied", RoleArn=FAR, RoleSessionName="worker")
    fails(sts.assume_role, "AccessDenied", RoleArn=FAR, RoleSessionName="worker", ExternalId="wrong")
    got = sts.assume_role(RoleArn=FAR, RoleSessionName="worker", ExternalId="secret-word")["Credentials"]
    session = {
        "aws_access_key_id": got["AccessKeyId"],
        "aws_secret_access_key": got["SecretAccessKey"],
        "aws_session_token": got["SessionToken"],
    }
    far = aws.client("ec2", **session)
    assert aws.client("sts", **session).get_caller_identity()["Arn"].endswith(":assumed-role/Far/worker")
    assert list(states(far)) == ["i-0000000a"]
    fails(far.stop_instances, "UnauthorizedOperation", InstanceIds=["i-0000000a"])
    fails(aws.client("ec2", **{**session, "aws_session_token": "x"}).describe_instances, "AuthFailure")
    assert set(states(aws.client("ec2"))) == {WEB, DB, WINDOWS, LONE}


def test_web_identity_needs_no_signature(start):
    aws = start({"roles": [{"arn": ROLE, "web_identity_token": "a.b.c-token"}]})
    sts = aws.client("sts")
    got = sts.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken="a.b.c-token")
    assert got["Credentials"]["AccessKeyId"].startswith("ASIA")
    fails(
        sts.assume_role_with_web_identity,
        "InvalidIdentityToken",
        RoleArn=ROLE,
        RoleSessionName="pod",
        WebIdentityToken="forged",
    )


def test_botocore_finds_its_credentials_at_the_metadata_endpoints(start, monkeypatch):
    aws = start({"roles": [{"arn": ROLE}], "metadata": {"role": ROLE, "container_token": "Basic abc"}})
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url + "/_/imds/")

    def caller():
        return boto3.session.Session().client("sts", endpoint_url=aws.url, region_name=REGION).get_caller_identity()["Arn"]

    assert caller().endswith(":assumed-role/Worker/i-metadata")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + "/_/container/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc")
    monkeypatch.delenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    assert caller().endswith(":assumed-role/Worker/i-metadata")
    with pytest.raises(urllib.error.HTTPError) as refused:
        aws._ask("/_/imds/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": "old"})
    assert refused.value.code == 401


def test_sns_takes_a_message(start):
    aws = start()
    sent = aws.client("sns").publish(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:topic", Message="hello", Subject="s")
    assert sent["MessageId"]
    assert aws.calls(service="sns", operation="Publish", status=200)


# ---- signatures ----

SERVICES = {
    "ec2": ("describe_instances", {}),
    "ssm": ("describe_instance_information", {}),
    "dynamodb": ("list_tables", {}),
    "sts": ("get_caller_identity", {}),
}
WORDS = {  # wrong secret, unknown key, ended session, missing signature
    "ec2": ("AuthFailure", "AuthFailure", "RequestExpired", "MissingAuthenticationToken"),
    "sts": ("SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken", "MissingAuthenticationToken"),
    "ssm": ("InvalidSignatureException", "UnrecognizedClientException", "ExpiredTokenException", "MissingAuthenticationTokenException"),
    "dynamodb": ("InvalidSignatureException", "UnrecognizedClientException", "ExpiredTokenException", "MissingAuthenticationTokenException"),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_a_signature_that_is_wrong_is_refused_in_the_services_own_words(start, service):
    old = {"access_key": "AKIAOLD", "secret_key": "s", "session_token": "t", "expires_s": 0}
    aws = start({"credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, old]})
    operation, arguments = SERVICES[service]
    secret, key, ended, missing = WORDS[service]

    def ask(**more):
        return getattr(aws.client(service, **more), operation)

    ask()(**arguments)
    fails(ask(aws_secret_access_key="wrong"), secret, **arguments)
    fails(ask(aws_access_key_id="AKIANOBODY"), key, **arguments)
    fails(ask(aws_access_key_id="AKIAOLD", aws_secret_access_key="s", aws_session_token="t"), ended, **arguments)
    from botocore import UNSIGNED

    fails(ask(config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0})), missing, **arguments)
    assert {c["account"] for c in aws.calls() if c["code"]} == {""}


def signed_request(url, when, service="ec2", region=REGION, body=b"Action=DescribeInstances&Version=2016-11-15", extra=None):
    """A request as botocore signs it, with its time of signing chosen."""
    from unittest import mock

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **(extra or {})}
    request = AWSRequest("POST", url, data=body, headers=headers)
    with mock.patch("botocore.auth.get_current_datetime", return_value=when.replace(tzinfo=None)):
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), service, region).add_auth(request)
    return urllib.request.Request(url, data=body, headers=dict(request.headers.items()), method="POST")


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def test_a_signature_has_its_window_and_its_scope(start):
    aws = start(window_s=60)
    now = datetime.now(timezone.utc)
    assert status_of(signed_request(aws.url + "/", now))[0] == 200
    assert status_of(signed_request(aws.url + "/", now - timedelta(seconds=50)))[0] == 200
    for seconds in (-70, 70):
        status, text = status_of(signed_request(aws.url + "/", now + timedelta(seconds=seconds)))
        assert (status, "RequestExpired" in text) == (400, True)
    status, text = status_of(signed_request(aws.url + "/", now, service="ssm"))
    assert (status, "Credential should be scoped" in text) == (401, True)
    sent = signed_request(aws.url + "/", now)
    sent.data = b"Action=DescribeInstances&Version=2016-11-15&DryRun=true"  # what was signed is not what is sent
    sent.add_unredirected_header("Content-length", str(len(sent.data)))
    assert status_of(sent)[0] == 401


# ---- faults ----


def fault(match, effect, name="f"):
    return {"name": name, "match": match, "effect": effect}


def test_faults_spoil_the_calls_that_they_name_and_no_others(start):
    aws = start()
    ec2 = aws.client("ec2")
    stop = {"service": "ec2", "operation": "StopInstances"}
    aws.faults(
        fault({**stop, "nth": 1}, {"throttle": True}),
        fault({**stop, "nth": [2]}, {"error": {"code": "InternalError", "status": 500, "message": "m"}}),
        fault({**stop, "nth": 3}, {"html": 503}),
        fault({"operation": "ListTables", "times": 1}, {"wrong_crc": True}),
        fault({"operation": "DescribeInstances", "times": 1}, {"date_skew_s": 1200}),
    )
    assert fails(ec2.stop_instances, "RequestLimitExceeded", InstanceIds=[WEB])[1] == 503
    assert fails(ec2.stop_instances, "InternalError", InstanceIds=[WEB])[1] == 500
    with pytest.raises((ClientError, ResponseParserError)):
        ec2.stop_instances(InstanceIds=[WEB])
    assert states(ec2)[WEB] == "running"
    ec2.stop_instances(InstanceIds=[WEB])
    assert [c["fault"] for c in aws.calls(operation="StopInstances")] == ["f", "f", "f", ""]
    patient = aws.client("dynamodb", config=Config(retries={"total_max_attempts": 2, "mode": "legacy"}))
    patient.list_tables()  # botocore sees the checksum of the first reply and asks again
    assert [c["fault"] for c in aws.calls(operation="ListTables")] == ["f", ""]
    aws.faults(fault({"operation": "DescribeInstances"}, {"date_skew_s": 1200}), clear=True)
    date = ec2.describe_instances()["ResponseMetadata"]["HTTPHeaders"]["date"]
    skew = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %Z") - datetime.now(timezone.utc).replace(tzinfo=None)
    assert 1190 < skew.total_seconds() < 1210


@pytest.mark.parametrize(
    ("effect", "happens"),
    [
        ({"drop": "before"}, False),
        ({"drop": "after"}, True),
        ({"truncate": 20}, True),
        ({"error": {"code": "InternalError", "status": 500}, "after": True}, True),
    ],
)
def test_a_lost_reply_tells_before_from_after_the_effect(start, effect, happens):
    aws = start()
    aws.faults(fault({"operation": "StopInstances"}, effect))
    with pytest.raises(Exception):
        aws.client("ec2").stop_instances(InstanceIds=[WEB])
    assert bool(aws.calls(kind="state", id=WEB)) == happens


def test_a_reply_may_come_late_or_never(start):
    aws = start()
    aws.faults(
        fault({"operation": "DescribeInstances"}, {"delay_ms": [300, 400]}),
        fault({"operation": "StopInstances"}, {"drop": "hang-after"}),
    )
    begin = time.monotonic()
    aws.client("ec2").describe_instances()
    assert time.monotonic() - begin >= 0.3
    short = Config(retries={"max_attempts": 0}, read_timeout=0.5)
    with pytest.raises((ReadTimeoutError, ConnectionClosedError)):
        aws.client("ec2", config=short).stop_instances(InstanceIds=[WEB])
    assert aws.calls(kind="state", id=WEB)


def test_the_user_agent_names_run_job_and_attempt(start):
    aws = start()
    agent = {"User-Agent": "ec2sched-worker/0.1.0 web%40r-1/j-2/3"}
    assert status_of(signed_request(aws.url + "/", datetime.now(timezone.utc), extra=agent))[0] == 200
    entry = aws.calls(operation="DescribeInstances")[0]
    assert (entry["run"], entry["job"], entry["attempt"]) == ("web@r-1", "j-2", "3")


def test_a_scenario_with_an_unknown_name_is_refused(bin_dir, tmp_path):
    for text in ('{"instancs":[]}', '{"instances":[{"id":"i-1","stat":"x"}]}', '{"faults":[{"efect":{}}]}', "[", '{"a":1}'):
        path = tmp_path / "s.json"
        path.write_text(text)
        done = subprocess.run([bin_dir / "ec2sched-awssim", "--scenario", path], capture_output=True, text=True, timeout=10)
        assert done.returncode == 1
        assert done.stderr.startswith("ec2sched-awssim: ")
    assert subprocess.run([bin_dir / "ec2sched-awssim", "--prt", "1"], capture_output=True, timeout=10).returncode == 2


def test_the_same_seed_gives_the_same_ids(start):
    def ids(seed):
        ssm = start(seed=seed).client("ssm")
        return [send(ssm, [WEB], linux_question("/x")) for _ in range(3)]

    first = ids(7)
    assert ids(7) == first != ids(8)


def test_the_log_file_holds_what_the_endpoint_says(start):
    aws = start(log=True)
    aws.client("ec2").stop_instances(InstanceIds=[WEB])
    reaches(aws.client("ec2"), "stopped", WEB)
    lines = aws.calls()
    wait_until(lambda: len(aws.log_file.read_text().splitlines()) >= len(lines), "the log file")
    assert [json.loads(line) for line in aws.log_file.read_text().splitlines()] == lines


# ---- the AWS CLI and moto ----


def tool(name):
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.fail(f"{name} is not in the test environment (tests/requirements.txt)")
    return path


def aws_cli(aws, *words):
    env = {**aws.env, "AWS_DEFAULT_REGION": REGION, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
    argv = [sys.executable, tool("aws"), "--output", "json", *words]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def test_the_aws_cli_is_content(start):
    aws = start(scenario(**rows_of()))
    code, reply, words = aws_cli(aws, "ec2", "describe-instances", "--filters", "Name=tag:Role,Values=Web,DB")
    assert code == 0, words
    assert len(reply["Reservations"]) == 2
    code, reply, _ = aws_cli(aws, "ec2", "stop-instances", "--instance-ids", WEB)
    assert (code, reply["StoppingInstances"][0]["CurrentState"]["Name"]) == (0, "stopping")
    code, _, words = aws_cli(aws, "ec2", "stop-instances", "--instance-ids", "i-0fffffffffffffff0")
    assert code != 0
    assert "(InvalidInstanceID.NotFound)" in words
    code, reply, _ = aws_cli(aws, "dynamodb", "scan", "--table-name", "Tiers")
    assert (code, reply["Count"]) == (0, 6)
    code, reply, _ = aws_cli(aws, "sts", "get-caller-identity")
    assert (code, reply["Account"]) == (0, ACCOUNT)


def shape(value):
    """What kinds of things a reply holds, by their places."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v) for v in value[:1]]
    return type(value).__name__


def lacks(ours, theirs, path=""):
    """Where both have a place, it must hold the same kind of thing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [x for k in ours.keys() & theirs.keys() for x in lacks(ours[k], theirs[k], f"{path}/{k}")]
    if isinstance(ours, list) and isinstance(theirs, list):
        return lacks(ours[0], theirs[0], path + "[]") if ours and theirs else []
    return [] if ours == theirs else [f"{path}: {ours} and {theirs}"]


def test_moto_agrees_about_shapes_states_and_errors(start, tmp_path):
    """The same sequence at both. Where moto is known to be wrong (it has no time, and takes any
    text for an id) nothing is compared but final states."""
    port = free_port()
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    moto = Process([sys.executable, tool("moto_server"), "-H", "127.0.0.1", "-p", port], cwd=tmp_path, name="moto", env=env)
    moto.start()
    try:
        moto.wait_for_http(f"http://127.0.0.1:{port}/moto-api/", timeout_s=30)
        aws = start({"instances": [{"id": WEB, "type": "t3.micro", "tags": {"Role": "Web"}, "start_ms": 50, "stop_ms": 50}]})
        theirs = boto3.client(
            "ec2",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name=REGION,
            aws_access_key_id="x",
            aws_secret_access_key="y",
        )
        image = theirs.describe_images()["Images"][0]["ImageId"]
        made = theirs.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.micro",
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Role", "Value": "Web"}]}],
        )
        results = []
        for ec2, one in ((aws.client("ec2"), WEB), (theirs, made["Instances"][0]["InstanceId"])):
            chosen = {"Filters": [{"Name": "tag:Role", "Values": ["Web"]}]}
            replies = [ec2.describe_instances(**chosen), ec2.stop_instances(InstanceIds=[one])]
            reaches(ec2, "stopped", one)
            stopped = ec2.describe_instances(**chosen)
            assert stopped["Reservations"][0]["Instances"][0]["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
            replies += [stopped, ec2.start_instances(InstanceIds=[one])]
            reaches(ec2, "running", one)
            unknown = ["i-0fffffffffffffff0", "i-0fffffffffffffff1"]
            errors = [fails(ec2.stop_instances, "InvalidInstanceID.NotFound", InstanceIds=unknown[:n])[0] for n in (1, 2)]
            for r in replies:
                del r["ResponseMetadata"]
            results.append((replies, errors))
        assert lacks(shape(results[0][0]), shape(results[1][0])) == []
        for ours, others in zip(results[0][0], results[1][0]):
            assert lacks(shape(ours), shape(others)) == []
        assert results[0][1] == results[1][1]
    finally:
        moto.kill()
