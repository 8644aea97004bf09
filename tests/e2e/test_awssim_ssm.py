"""The simulated SSM, and guests that answer as real shells do."""

import subprocess

import pytest

from lib.awssim import (
    ACCOUNT,
    DB,
    LONE,
    NONCE,
    WEB,
    WINDOWS,
    answers,
    fails,
    linux_question,
    output,
    scenario,
    send,
    windows_question,
)



def test_the_override_question_is_answered_by_what_is_in_the_guest(start_awssim):
    aws = start_awssim()
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


def test_windows_guests_answer_powershell_and_refuse_sh(start_awssim):
    aws = start_awssim()
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
def test_the_simulated_guest_and_a_real_shell_agree(start_awssim, tmp_path, name):
    """Each name: there, not there, a dangling link, and in a folder that is not there."""
    files = tmp_path / "files"
    files.mkdir()
    there, link, absent = files / name, files / (name + "-link"), files / (name + "-absent")
    there.write_text("")
    link.symlink_to(files / "nowhere")
    lost = files / "no-such-folder" / name
    aws = start_awssim()
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
def test_agents_fail_in_the_ways_that_ssm_knows(start_awssim, agent, status, details):
    aws = start_awssim(scenario(), time_scale=100)
    aws.set({"id": WEB, "agent": agent})
    found = answers(aws.client("ssm"), send(aws.client("ssm"), [WEB], linux_question("/etc/hold")))[WEB]
    assert (found["Status"], found["StatusDetails"]) == (status, details)
    if status != "Failed":
        assert output(found) == ""


def test_output_is_cut_where_ssm_cuts_it(start_awssim):
    aws = start_awssim()
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


def test_send_command_refuses_as_a_whole(start_awssim):
    aws = start_awssim(scenario(ssm={"visible_after_ms": 600, "missing_buckets": ["gone"]}))
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


def test_describe_instance_information_shows_what_is_registered(start_awssim):
    aws = start_awssim()
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
