"""Signatures that the simulator refuses, and replies that it spoils."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from lib.awssim import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    WEB,
    fails,
    linux_question,
    reaches,
    scenario,
    send,
    states,
)
from lib.process import wait_until



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
def test_a_signature_that_is_wrong_is_refused_in_the_services_own_words(start_awssim, service):
    old = {"access_key": "AKIAOLD", "secret_key": "s", "session_token": "t", "expires_s": 0}
    aws = start_awssim({"credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, old]})
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


def test_a_signature_has_its_window_and_its_scope(start_awssim):
    aws = start_awssim(window_s=60)
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


def fault(match, effect, name="f"):
    return {"name": name, "match": match, "effect": effect}


def test_faults_spoil_the_calls_that_they_name_and_no_others(start_awssim):
    aws = start_awssim()
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
def test_a_lost_reply_tells_before_from_after_the_effect(start_awssim, effect, happens):
    aws = start_awssim()
    aws.faults(fault({"operation": "StopInstances"}, effect))
    with pytest.raises(Exception):
        aws.client("ec2").stop_instances(InstanceIds=[WEB])
    assert bool(aws.calls(kind="state", id=WEB)) == happens


def test_a_reply_may_come_late_or_never(start_awssim):
    aws = start_awssim()
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


def test_the_user_agent_names_run_job_and_attempt(start_awssim):
    aws = start_awssim()
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


def test_the_same_seed_gives_the_same_ids(start_awssim):
    def ids(seed):
        ssm = start_awssim(seed=seed).client("ssm")
        return [send(ssm, [WEB], linux_question("/x")) for _ in range(3)]

    first = ids(7)
    assert ids(7) == first != ids(8)


def test_the_log_file_holds_what_the_endpoint_says(start_awssim):
    aws = start_awssim(log=True)
    aws.client("ec2").stop_instances(InstanceIds=[WEB])
    reaches(aws.client("ec2"), "stopped", WEB)
    lines = aws.calls()
    wait_until(lambda: len(aws.log_file.read_text().splitlines()) >= len(lines), "the log file")
    assert [json.loads(line) for line in aws.log_file.read_text().splitlines()] == lines
