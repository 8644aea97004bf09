"""How long the release of a step takes: the product, the bare chain and BullMQ, one after the other, again and again.

Jobs of zero work: every member is in its state already, so that a job is a claim, its share of one DescribeInstances, and a
report. A crossing is measured from outside, by one clock (bench_witness.c):

    release  = (the planner's DescribeInstances - the step's last JobTerminal) + (the next step's first job - its TierPlanned)
    planning = TierPlanned, its last part - that DescribeInstances
"""

import argparse
import re
import subprocess
import tempfile
import uuid
from pathlib import Path

from common import Quiet, bullmq, machine, median, quantile, release, table

from lib.kafka import KafkaServer
from lib.process import Process
from lib.redis_server import RedisServer
from stack import KEY, SECRET, Stack

OVERRIDE = "/var/lock/keep-running"
LOG_PARTITIONS, JOBS_PARTITIONS = 1, 8


class Shape:
    """A workload of `steps` steps, each of `tiers` tiers with `each` members: tiers of `jobs` jobs (50 members a job)."""

    def __init__(self, width, steps, tiers, each):
        self.width, self.steps, self.tiers, self.each = width, steps, tiers, each
        self.name = f"w{width}"

    def fleets(self):
        tag = {"Environment": self.name}
        for t in range(self.steps * self.tiers):
            yield {"prefix": f"i-{self.width:05d}{t:04x}", "count": self.each, "state": "stopped",
                   "tags": {**tag, "Role": f"T{t}"}}  # fmt: skip

    def workload(self):
        return {"SpecName": {"S": self.name}, "Region": {"S": "eu-west-1"}, "EnvFilterTagName": {"S": "Environment"},
                "EnvFilterTagValue": {"S": self.name}, "TierFilterTagName": {"S": "Role"}}  # fmt: skip

    def rows(self):
        for t in range(self.steps * self.tiers):
            step = {"TierSequence": {"N": str(t // self.tiers)}}
            asks = {"TierStopOverrideFilename": {"S": OVERRIDE}, "TierStopOverrideOperatingSystem": {"S": "Linux"}}
            yield {"SpecName": {"S": self.name}, "TierTagValue": {"S": f"T{t}"}, "TierStart": {"M": step},
                   "TierStop": {"M": {**step, **asks}}}  # fmt: skip


SHAPES = {
    1: Shape(1, 60, 1, 1),
    10: Shape(10, 40, 10, 1),
    100: Shape(100, 5, 100, 1),
    1000: Shape(1000, 2, 250, 151),  # four jobs a tier: a workload has at most 500 tiers
}


def scenario(shapes):
    return {
        "region": "eu-west-1",
        "credentials": [{"access_key": KEY, "secret_key": SECRET}],
        "fleets": [f for s in shapes for f in s.fleets()],
        "tables": [
            {"name": "WorkloadSpecification", "hash": "SpecName", "items": [s.workload() for s in shapes]},
            {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue",
             "items": [r for s in shapes for r in s.rows()]},
        ],
    }  # fmt: skip


class Watched(Stack):
    """The whole product, with a witness on its topics and before the producer's AWS endpoint."""

    def __init__(self, folder, build, kafka, redis, shapes, keep=None):
        super().__init__(folder, build / "bin", kafka, redis, scenario(shapes), time_scale=100,
                         partitions=LOG_PARTITIONS, jobs_partitions=JOBS_PARTITIONS,
                         env={"EC2SCHED_LEASE_TTL": "15", "EC2SCHED_FENCE_WINDOW": "30",
                              "EC2SCHED_WORKER_CONCURRENCY": "4000"})  # fmt: skip
        self.build, self.brokers, self.keep = build, kafka.bootstrap, keep
        self.witness = None

    def __enter__(self):
        (self.folder / "state").mkdir(exist_ok=True)
        self.aws.start()
        self.env["AWS_ENDPOINT_URL"] = self.aws.url
        made = self.cli("topics", "create")
        assert made.returncode == 0, made.stdout + made.stderr
        argv = [self.build / "bench" / "bench_witness", self.brokers, f"{self.prefix}.events.v1", LOG_PARTITIONS,
                f"{self.prefix}.jobs.v1", JOBS_PARTITIONS, self.aws.port]  # fmt: skip
        self.witness = Process(argv, cwd=self.folder, name="witness").start()
        port = self.witness.wait_for_port(r'^\{"port":(\d+)\}')
        for daemon in self.producers + self.workers:
            daemon.env.update({k: str(v) for k, v in self.env.items()})
        for daemon in self.producers:
            daemon.env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        for daemon in self.producers + self.workers:
            daemon.start()
        for daemon in self.producers + self.workers:
            daemon.wait_for_http(f"http://127.0.0.1:{daemon.wait_for_port()}/readyz", timeout_s=60)
        return self

    def __exit__(self, *how):
        super().__exit__(*how)
        self.witness.kill()
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            for p in [*self.producers, *self.workers, self.witness]:
                (self.keep / f"{p.name}.log").write_text(p.log())

    def cross(self, shape):
        """One run of the workload; returns its crossings."""
        run = "r" + uuid.uuid4().hex[:8]
        done = self.cli("stop", shape.name, "--yes", "--run", run, "--wait", "--timeout", "110s")
        assert done.returncode == 0, done.stdout + done.stderr
        end = rf"log ec2sched\.RunFinished\.v1 {shape.name}@{run} "
        self.witness.wait_for_log(end, timeout_s=10)
        return crossings(self.witness.log(), f"{shape.name}@{run}", shape)


LINE = re.compile(r"^(\d+) (?:log ec2sched\.(\w+)\.v1 (\S+) (-?\d+) (-?\d+)/(-?\d+)|(job) \S+ (-?\d+)|(ask))$")


def crossings(text, subject, shape):
    """[{release, planning, before, after}] in ms, in order, from the witness's lines."""
    ended, planned, jobs, asks, terminals, began = {}, {}, {}, [], {}, None
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        at, kind, about, step, part, parts, job, job_step, ask = found.groups()
        at = int(at)
        if kind == "RunRequested" and about == subject:
            began = at
        if began is None:
            continue
        if ask:
            asks.append(at)
        elif job:
            jobs.setdefault(int(job_step), []).append(at)
        elif about == subject and kind == "JobTerminal":
            ended[int(step)] = at
            terminals[int(step)] = terminals.get(int(step), 0) + 1
        elif about == subject and kind == "TierPlanned" and int(part) == int(parts) - 1:
            planned[int(step)] = at
    out = []
    for step in range(shape.steps - 1):
        assert terminals[step] == shape.width, (subject, step, terminals)
        ask = next(a for a in asks if planned[step] < a < planned[step + 1])
        first = jobs[step + 1][0]
        out.append({"release": (ask - ended[step] + first - planned[step + 1]) / 1000,
                    "planning": (planned[step + 1] - ask) / 1000,
                    "before": (ask - ended[step]) / 1000, "after": (first - planned[step + 1]) / 1000})  # fmt: skip
    return out


# ---- the peers ----


def lines_of(argv, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return [int(n) / 1000 for n in done.stdout.split()]


class Chain:
    def __init__(self, build, kafka, redis):
        self.build, self.kafka, self.redis = build, kafka, redis

    def cross(self, count, pause_us=2000):
        log, jobs = (f"bench-{uuid.uuid4().hex[:8]}-{kind}" for kind in ("log", "jobs"))
        for topic in (log, jobs):
            self.kafka.create_topic(topic)
        return lines_of([self.build / "bench" / "bench_chain", self.kafka.bootstrap, self.redis.socket, log, jobs, count,
                         pause_us])  # fmt: skip


def queue(redis, width, count):
    modules = bullmq()
    return lines_of(["node", Path(__file__).parent / "queue.mjs", redis.socket, width, count],
                    env={"PATH": "/usr/local/bin:/usr/bin:/bin", "BENCH_MODULES": str(modules)})  # fmt: skip


# ---- one interleaved run ----


def measure(build, widths, rounds, folder, keep):
    shapes = [SHAPES[w] for w in widths]
    samples = {}

    def add(who, width, values):
        samples.setdefault((who, width), []).append(values)

    with (
        KafkaServer(folder) as kafka,
        RedisServer(folder, name="ours", appendonly="everysec") as ours,
        RedisServer(folder, name="always", appendonly="always") as always,
        RedisServer(folder, name="none") as none,
        Watched(folder, build, kafka, ours, shapes, keep) as stack,
    ):
        chain = Chain(build, kafka, ours)
        for shape in shapes:  # warm: code, connections, the broker's own compiler
            stack.cross(shape)
        chain.cross(200)
        for n in range(rounds):
            for shape in shapes:
                add("product", shape.width, stack.cross(shape))
                add("chain", shape.width, chain.cross(60))
                count = {1: 60, 10: 40, 100: 20}.get(shape.width, 6)
                add("always", shape.width, queue(always, shape.width, count))
                add("none", shape.width, queue(none, shape.width, count))
                print(f"round {n + 1}, width {shape.width}: done", flush=True)
    return samples


def flat(rounds):
    return [v for r in rounds for v in r]


def report(samples, widths):
    rows = []
    for w in widths:
        ours = [c["release"] for c in flat(samples["product", w])]
        plan = [c["planning"] for c in flat(samples["product", w])]
        before = [c["before"] for c in flat(samples["product", w])]
        chain, always, none = (flat(samples[k, w]) for k in ("chain", "always", "none"))
        p50 = median(ours)
        rows.append([
            w, len(ours), f"{p50:.2f}", f"{quantile(ours, .9):.2f}", f"{quantile(ours, .99):.2f}", f"{median(before):.2f}",
            f"{median(chain):.2f}", f"{p50 / median(chain):.2f}", f"{median(always):.2f}", f"{p50 / median(always):.2f}",
            f"{median(none):.2f}", f"{p50 / median(none):.2f}", f"{median(plan):.1f}",
        ])  # fmt: skip
    head = ["width", "crossings", "release p50 ms", "p90", "p99", "of it before planning", "bare chain p50", "ratio",
            "BullMQ, AOF always", "ratio", "BullMQ, no fsync", "ratio", "planning p50 ms"]  # fmt: skip
    print(table(head, rows))
    p50s = [median([c["release"] for c in flat(samples["product", w])]) for w in widths]
    print(f"\nacross widths: largest p50 / smallest = {max(p50s) / min(p50s):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", default="1,100,1000", help="jobs of a step, of 1, 10, 100, 1000")
    parser.add_argument("--rounds", type=int, default=5, help="how often the contenders take turns")
    parser.add_argument("--keep", type=Path, help="a folder for raw samples and logs")
    args = parser.parse_args()
    widths = [int(w) for w in args.widths.split(",")]
    build = release()
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, Quiet() as quiet:
        samples = measure(build, widths, args.rounds, Path(folder), args.keep)
    if args.keep:
        (args.keep / "samples.txt").write_text("\n".join(f"{k} {v}" for k, v in samples.items()))
    print(f"\n{machine()}\n{quiet.verdict()}\n")
    report(samples, widths)


