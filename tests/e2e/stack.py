"""The whole product as people run it: built programs as processes over a real Kafka, a real Redis and an AWS simulator.

    with Stack(folder, bin_dir, kafka, redis, scenario, producers=2, workers=3) as stack:
        run = stack.cli("stop", "shop", "--yes", "--wait")

Everything is named after the stack's own prefix, so that tests share one broker. Times are short by option, never by code.
"""

import json
import subprocess
import urllib.request
import uuid
from pathlib import Path

from lib.process import Process, wait_until

KEY, SECRET = "AKIAEXAMPLEEXAMPLE00", "example/secret/for/the/simulator/00000000"


class AwsSim(Process):
    """Our own AWS; `calls()` is what it saw."""

    def __init__(self, folder, bin_dir, scenario, time_scale=1, options=()):
        path = Path(folder) / "scenario.json"
        path.write_text(json.dumps(scenario))
        argv = [bin_dir / "ec2sched-awssim", "--port", 0, "--scenario", path, "--time-scale", time_scale, *options]
        super().__init__(argv, cwd=folder, name="awssim")
        self.port = None

    def start(self):
        super().start()
        self.port = int(self.wait_for_log(r'"port":\s*(\d+)').group(1))
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as reply:
            return reply.read().decode()

    def change(self, what, document):
        """POST /_/WHAT: faults, instances."""
        request = urllib.request.Request(f"{self.url}/_/{what}", json.dumps(document).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status == 200

    def calls(self):
        """The call log: calls, changes of state and what guests were asked, in the order in which they happened."""
        return [json.loads(line) for line in self.get("/_/calls").splitlines() if line]

    def states(self):
        return {i["id"]: i["state"] for i in json.loads(self.get("/_/instances"))}


class Stack:
    def __init__(self, folder, bin_dir, kafka, redis, scenario, *, producers=1, workers=1, time_scale=10, env=None,
                 aws=None, partitions=2, jobs_partitions=8):  # fmt: skip
        self.folder, self.bin = Path(folder), Path(bin_dir)
        self.prefix = "t" + uuid.uuid4().hex[:10]
        self.aws = aws or AwsSim(folder, bin_dir, scenario, time_scale)
        self.env = {
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
            "EC2SCHED_KAFKA_BROKERS": kafka.bootstrap, "EC2SCHED_KAFKA_PREFIX": self.prefix,
            "EC2SCHED_KAFKA_LOG_PARTITIONS": partitions, "EC2SCHED_KAFKA_JOBS_PARTITIONS": jobs_partitions,
            "EC2SCHED_REDIS_URL": redis.url, "EC2SCHED_REDIS_PREFIX": self.prefix,
            "EC2SCHED_LEASE_TTL": "3", "EC2SCHED_FENCE_WINDOW": "5", "EC2SCHED_AWS_TIME_SCALE": time_scale,
            "EC2SCHED_WORKER_STATE": self.folder / "state", "EC2SCHED_ADMIN_LISTEN": "127.0.0.1:0",
            **(env or {}),
        }  # fmt: skip
        self.producers = [self._daemon("producer", i) for i in range(producers)]
        self.workers = [self._daemon("worker", i) for i in range(workers)]

    def _daemon(self, kind, i):
        return Process([self.bin / f"ec2sched-{kind}"], cwd=self.folder, name=f"{kind}{i}", env={})

    def __enter__(self):
        (self.folder / "state").mkdir(exist_ok=True)
        if not self.aws.is_running():
            self.aws.start()
        self.env["AWS_ENDPOINT_URL"] = self.aws.url
        made = self.cli("topics", "create")
        assert made.returncode == 0, made.stdout + made.stderr
        for daemon in self.producers + self.workers:
            daemon.env.update({k: str(v) for k, v in self.env.items()})
            daemon.start()
        for daemon in self.producers + self.workers:
            port = daemon.wait_for_port()
            daemon.wait_for_http(f"http://127.0.0.1:{port}/readyz", timeout_s=30)
        return self

    def __exit__(self, *_):
        for daemon in self.producers + self.workers + [self.aws]:
            daemon.kill()

    def cli(self, *words, timeout_s=120, env=None):
        """Runs the command line to its end; the caller looks at returncode, stdout, stderr."""
        base = Process(["ec2sched"], cwd=self.folder, env={**self.env, **(env or {})}).env
        return subprocess.run([self.bin / "ec2sched", *map(str, words)], env=base, cwd=self.folder, text=True,
                              capture_output=True, timeout=timeout_s, stdin=subprocess.DEVNULL, check=False)  # fmt: skip

    def read(self, *words, expect=0, **more):
        """A reading verb's JSON document."""
        done = self.cli(*words, "--output", "json", **more)
        assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def wait_until(self, condition, what, timeout_s=60):
        return wait_until(condition, what, timeout_s)
