"""The simulator beside others: the AWS CLI as its client, moto as its rival."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from lib.awssim import ACCOUNT, REGION, DB, WEB, fails, output, reaches, scenario, states
from lib.process import Process, free_port



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


def test_the_aws_cli_is_content(start_awssim):
    aws = start_awssim(scenario(tables=[{"name": "Tiers", "hash": "SpecName", "rows": [{"SpecName": n} for n in "ABCDEF"]}]))
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


def test_moto_agrees_about_shapes_states_and_errors(start_awssim, tmp_path):
    """The same sequence at both. Where moto is known to be wrong (it has no time, and takes any
    text for an id) nothing is compared but final states."""
    port = free_port()
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    moto = Process([sys.executable, tool("moto_server"), "-H", "127.0.0.1", "-p", port], cwd=tmp_path, name="moto", env=env)
    moto.start()
    try:
        moto.wait_for_http(f"http://127.0.0.1:{port}/moto-api/", timeout_s=30)
        aws = start_awssim({"instances": [{"id": WEB, "type": "t3.micro", "tags": {"Role": "Web"}, "start_ms": 50, "stop_ms": 50}]})
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
