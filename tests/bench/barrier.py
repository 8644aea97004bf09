"""How long the release of a step takes: the product, the bare chain and BullMQ, one after the other, again and again.

Jobs of zero work: every member is in its state already, so that a job is a claim, its share of one DescribeInstances, and a
report. A crossing, as docs/performance.md defines it, by one clock, at the libraries' own calls (probe.c):

    planning = acknowledgement of TierPlanned's last part - the beginning of the planner's DescribeInstances
    release  = the next step's first job returned by consumer_poll - acknowledgement of the step's last JobTerminal - planning
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
END_BYTES = 8192
CHAIN_PAUSE_MS = 15  # between two of the chain's crossings, at most


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
    """The whole product, each process with the probe loaded (probe.c)."""

    def __init__(self, folder, build, kafka, redis, shapes, keep=None):
        super().__init__(folder, build / "bin", kafka, redis, scenario(shapes), time_scale=100,
                         partitions=LOG_PARTITIONS, jobs_partitions=JOBS_PARTITIONS,
                         env={"EC2SCHED_LEASE_TTL": "15", "EC2SCHED_FENCE_WINDOW": "30",
                              "EC2SCHED_WORKER_CONCURRENCY": "4000"})  # fmt: skip
        self.keep = keep
        for daemon in self.producers + self.workers:
            daemon.env["LD_PRELOAD"] = str(build / "bench" / "bench_probe.so")
            daemon.env["BENCH_PROBE"] = str(self.folder / f"probe-{daemon.name}")

    def __exit__(self, *how):
        super().__exit__(*how)
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            for p in self.producers + self.workers:
                (self.keep / f"{p.name}.log").write_text(p.log())
                (self.keep / f"{p.name}.probe").write_text(self.probe(p))

    def probe(self, daemon, last=None):
        """What the probe has written; of that the last bytes only, since a look must not cost what is measured."""
        with (self.folder / f"probe-{daemon.name}.{daemon.pid}").open("rb") as f:
            if last:
                f.seek(max(0, f.seek(0, 2) - last))
            return f.read().decode()

    def cross(self, shape):
        """One run of the workload; returns its crossings."""
        run = "r" + uuid.uuid4().hex[:8]
        done = self.cli("stop", shape.name, "--yes", "--run", run)  # nobody waits at the log meanwhile: one reader less
        assert done.returncode == 0, done.stdout + done.stderr
        self.wait_until(lambda: f" RunFinished {run} " in self.probe(self.producers[0], END_BYTES), "the producer's probe", 110)
        wanted = shape.width * shape.steps
        told = re.compile(rf"^\d+ ack \S+ JobTerminal {run} ", re.MULTILINE)
        self.wait_until(lambda: len(told.findall(self.probe(self.workers[0]))) == wanted, "the worker's probe", 10)
        return crossings(moments(self.probe(self.producers[0]), run), moments(self.probe(self.workers[0]), run), shape)


def moments(text, run):
    """The probe's lines from the run's first record on: [(microseconds, what, topic's kind, type, of this run, step)]."""
    out, began = [], False
    for line in text[: text.rfind("\n") + 1].splitlines():  # what is being written now is not told yet
        at, what, *more = line.split(" ")
        began = began or (bool(more) and more[2] == run)
        if began:
            topic, kind, whose, step = more or ("", "", "", "-")
            out.append((int(at), what, topic.rsplit(".", 2)[-2] if more else "", kind, whose == run, step))
    return out


def crossings(producer, worker, shape):
    """[{release, planning, …}] in ms, step by step: M1 of docs/performance.md."""
    ended, folded, asked, planned, first, sent, claimed = {}, {}, {}, {}, {}, {}, {}
    for at, what, topic, kind, ours, step in worker:
        if what == "ack" and kind == "JobTerminal" and ours:
            ended[int(step)] = at
        elif what == "poll" and topic == "jobs" and ours:
            first.setdefault(int(step), at)
        elif what == "claimed" and first:
            claimed.setdefault(max(first), at)
    last = None
    for at, what, topic, kind, ours, step in producer:
        if what == "poll" and kind == "JobTerminal" and ours:
            folded[int(step)] = at
            last = int(step)
        elif what == "http" and last is not None:
            asked.setdefault(last + 1, at)
        elif what == "ack" and kind == "TierPlanned" and ours:
            planned[int(step)] = at
        elif what == "send" and topic == "jobs" and ours:
            sent.setdefault(int(step), at)
    out = []
    for step in range(1, shape.steps):
        # A worker that has much to do may hear of its acknowledgement after the producer has read the record: the earlier counts.
        ended[step - 1] = min(ended[step - 1], folded[step - 1])
        out.append({"release": (asked[step] - ended[step - 1] + first[step] - planned[step]) / 1000,
                    "planning": (planned[step] - asked[step]) / 1000,
                    "read": (folded[step - 1] - ended[step - 1]) / 1000, "owed": (asked[step] - folded[step - 1]) / 1000,
                    "period": (ended[step] - ended[step - 1]) / 1000 if step in ended else None,
                    "open": (sent[step] - planned[step]) / 1000, "hop": (first[step] - sent[step]) / 1000,
                    "claim": (claimed[step] - first[step]) / 1000})  # fmt: skip
    return out


# ---- the peers ----


def lines_of(argv, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return [int(n) / 1000 for n in done.stdout.split()]


class Chain:
    def __init__(self, build, kafka, redis):
        self.build, self.kafka, self.redis = build, kafka, redis

    def cross(self, count, pause_us=2000, jobs_partitions=JOBS_PARTITIONS):
        log, jobs = (f"bench-{uuid.uuid4().hex[:8]}-{kind}" for kind in ("log", "jobs"))
        for topic, partitions in ((log, 1), (jobs, jobs_partitions)):
            self.kafka.create_topic(topic, partitions)
        return lines_of([self.build / "bench" / "bench_chain", self.kafka.bootstrap, self.redis.socket, log, jobs, jobs_partitions,
                         count, pause_us])  # fmt: skip


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
                crossed = stack.cross(shape)
                add("product", shape.width, crossed)
                # at the product's own pace: a machine that was idle for as long as between two of its crossings answers later
                pause_ms = min(median([c["period"] for c in crossed if c["period"]] or [CHAIN_PAUSE_MS]), CHAIN_PAUSE_MS)
                add("chain", shape.width, chain.cross(60, int(pause_ms * 1000)))
                add("busy chain", shape.width, chain.cross(60, 2000))
                add("narrow chain", shape.width, chain.cross(60, int(pause_ms * 1000), 1))
                count = {1: 60, 10: 40, 100: 20}.get(shape.width, 6)
                add("always", shape.width, queue(always, shape.width, count))
                add("none", shape.width, queue(none, shape.width, count))
                print(f"round {n + 1}, width {shape.width}: done", flush=True)
    return samples


def flat(rounds):
    return [v for r in rounds for v in r]


def report(samples, widths):
    rows, parts, p50s = [], [], []
    for w in widths:
        crossed = flat(samples["product", w])
        ours = [c["release"] for c in crossed]
        chain, busy, narrow, always, none = (
            flat(samples[k, w]) for k in ("chain", "busy chain", "narrow chain", "always", "none"))  # fmt: skip
        p50 = median(ours)
        p50s.append(p50)
        rows.append([
            w, len(ours), f"{p50:.2f}", f"{quantile(ours, .9):.2f}", f"{quantile(ours, .99):.2f}",
            f"{median(chain):.2f}", f"{p50 / median(chain):.2f}", f"{p50 / median(busy):.2f}", f"{p50 / median(narrow):.2f}", f"{median(always):.2f}", f"{p50 / median(always):.2f}",
            f"{median(none):.2f}", f"{p50 / median(none):.2f}",
        ])  # fmt: skip
        parts.append([w, *(f"{median([c[k] for c in crossed]):.2f}" for k in ("read", "owed", "open", "hop", "claim", "planning"))])
    head = ["width", "crossings", "release p50 ms", "p90", "p99", "bare chain p50", "ratio", "ratio, 2 ms pauses", "ratio, one jobs partition", "BullMQ, AOF always p50",
            "ratio", "BullMQ, no fsync p50", "ratio"]  # fmt: skip
    print(table(head, rows))
    print(f"\nacross widths: largest p50 / smallest = {max(p50s) / min(p50s):.2f}\n\nof it, medians in ms:")
    print(table(["width", "last report read", "until the planner asks", "plan acknowledged, job sent", "job read", "(claim granted)", "(planning)"], parts))


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


