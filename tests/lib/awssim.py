"""The AWS simulator as a server of one's own, for tests: tests/awssim/README.md says what a scenario may hold."""

import base64
import json
import urllib.request
from pathlib import Path

from lib.process import Process, wait_until

ACCESS_KEY = "AKIASIMULATED0000001"
SECRET_KEY = "simulated"
ACCOUNT = "123456789012"
REGION = "us-west-2"


class Awssim:
    """with Awssim(bin_dir, folder, scenario) as aws: aws.client("ec2") …

    `env` is what a program of ours needs to find it: endpoint, region and the default credential.
    """

    def __init__(self, bin_dir, folder, scenario=None, *, time_scale=1, window_s=None, seed=1, log=False):
        folder = Path(folder)
        self.scenario = {"region": REGION, **(scenario or {})}
        path = folder / "scenario.json"
        path.write_text(json.dumps(self.scenario))
        argv = [Path(bin_dir) / "ec2sched-awssim", "--scenario", path, "--time-scale", time_scale, "--seed", seed]
        if window_s:
            argv += ["--signature-window", window_s]
        self.log_file = folder / "calls.jsonl" if log else None
        if log:
            argv += ["--log", self.log_file]
        self.process = Process(argv, cwd=folder, name="awssim")
        self.url = None

    def __enter__(self):
        self.process.start()
        port = self.process.wait_for_port(r'^\{"port":(\d+)')
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_):
        if self.process.is_running():
            code = self.process.terminate()
            assert code == 0, f"awssim ended with {code}:\n{self.process.tail()}"

    @property
    def env(self):
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.scenario["region"],
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service, **more):
        """A boto3 client that asks once: what comes back is what was said."""
        import boto3
        from botocore.config import Config

        settings = {
            "endpoint_url": self.url,
            "region_name": self.scenario["region"],
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": SECRET_KEY,
            "config": Config(retries={"max_attempts": 0}, read_timeout=10),
        }
        return boto3.client(service, **{**settings, **more})

    def _ask(self, path, body=None, headers=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read().decode()

    def calls(self, after=0, **wanted):
        """The call log, as far as its entries have these values: calls(kind="call", operation="StopInstances")."""
        entries = [json.loads(line) for line in self._ask(f"/_/calls?after={after}").splitlines()]
        return [e for e in entries if all(e.get(k) == v for k, v in wanted.items())]

    def instances(self):
        """Every instance by its id."""
        return {i["id"]: i for i in json.loads(self._ask("/_/instances"))}

    def set(self, *instances, terminate=()):
        self._ask("/_/set", {"instances": list(instances), "terminate": list(terminate)})

    def faults(self, *rules, clear=False):
        self._ask("/_/faults", {"clear": clear, "faults": list(rules)})


# ---- what tests of the simulator share ----

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


def states(ec2, **how):
    pages = ec2.get_paginator("describe_instances").paginate(**how)
    return {i["InstanceId"]: i["State"]["Name"] for p in pages for r in p["Reservations"] for i in r["Instances"]}


def reaches(ec2, state, *ids):
    chosen = [{"Name": "instance-id", "Values": list(ids)}]
    wait_until(lambda: set(states(ec2, Filters=chosen).values()) == {state}, f"{ids} {state}")


def fails(call, code, **arguments):
    """The message and the HTTP status of a call that AWS refuses with this code."""
    import pytest
    from botocore.exceptions import ClientError

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
