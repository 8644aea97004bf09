"""The AWS simulator as a server of one's own, for tests: tests/awssim/README.md says what a scenario may hold."""

import json
import urllib.request
from pathlib import Path

from lib.process import Process

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
