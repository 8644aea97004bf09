"""How soon a worker that is started has its first job, and the same for a bare consumer, in turns.

A job waits in the topic and nobody works. Counted from the moment before exec until the worker says that it has claimed it (the log
line `job.claimed`), and until a consumer with nothing but librdkafka and the worker's settings (bench_join.c) has its partitions, which
is the broker's join and what no worker does without, and its first record. Each leaves its group before the next one begins, and each
group has committed on every partition before: one that never did asks for the beginnings first, and librdkafka takes half a second for
that. The broker does not wait for more members (group.initial.rebalance.delay.ms 0).
"""

import argparse
import datetime
import re
import subprocess
import tempfile
import time
from pathlib import Path

from common import Quiet, machine, median, quantile, release, table
from confluent_kafka import Consumer, Producer, TopicPartition
from workloads import Workload, scenario

from lib.kafka import KafkaServer
from lib.redis_server import RedisServer
from stack import Stack

MORE_MS = 150  # than the broker's join
TOPIC, JOBS_PARTITIONS = "bench-join", 8
WARM_JOBS = 80  # so many meet every partition
STAMP = r"^ts=(\S+) .*event={}\b"


def said_ms(process, event):
    """When its log first tells of this, in ms since 1970."""
    at = process.wait_for_log(STAMP.format(re.escape(event)), timeout_s=30).group(1)
    return datetime.datetime.fromisoformat(at).timestamp() * 1000


class Shop:
    """One producer, no worker, and a workload of one instance for each round."""

    def __init__(self, folder, build, kafka, redis, rounds):
        self.kafka, self.build = kafka, build
        self.workloads = [Workload(f"w{n:03}").tier("a", 1, stop=0, start=0) for n in range(rounds)]
        self.wide = Workload("wide")
        for n in range(WARM_JOBS):
            self.wide.tier(f"t{n}", 1, stop=0, start=0)
        aws = scenario([*self.workloads, self.wide])
        self.stack = Stack(folder, build / "bin", kafka, redis, aws, workers=0, jobs_partitions=JOBS_PARTITIONS)
        self.feeder, self.fed = Producer({"bootstrap.servers": kafka.bootstrap}), 0

    def jobs(self):
        """Records in each partition of the jobs topic."""
        topic = f"{self.stack.prefix}.jobs.v1"
        reader = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": "bench-look"})
        try:
            ends = [reader.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in range(JOBS_PARTITIONS)]
        finally:
            reader.close()
        return ends

    def feed(self):
        """A record for the bare consumer, in the next partition."""
        self.feeder.produce(TOPIC, b"x" * 420, partition=self.fed % JOBS_PARTITIONS)
        self.fed += 1
        assert self.feeder.flush(30) == 0

    def warm(self):
        """Both groups commit on every partition; the broker's own compiler has seen it all."""
        self.worker(0, self.wide.name)
        assert all(self.jobs()), self.jobs()
        for _ in range(JOBS_PARTITIONS):
            self.feed()
        self.consume(JOBS_PARTITIONS)

    def worker(self, n, workload):
        """Milliseconds from before exec to its first claim; and to its first words."""
        before = sum(self.jobs())
        assert self.stack.cli("stop", workload, "--yes").returncode == 0
        self.stack.wait_until(lambda: sum(self.jobs()) > before, "the job to be published", timeout_s=30)
        worker = self.stack._daemon("worker", n)
        worker.env.update({k: str(v) for k, v in self.stack.env.items()})
        began = time.time() * 1000
        worker.start()
        try:
            claimed, started = said_ms(worker, "job.claimed"), said_ms(worker, "worker.start")
            self.stack.wait_until(lambda: self.all_done(workload), "all members to be stopped")
        finally:
            assert worker.terminate() == 0
        return claimed - began, started - began

    def all_done(self, workload):
        machines = next(w for w in [*self.workloads, self.wide] if w.name == workload).machines
        states = self.stack.aws.states()
        return all(states[m["id"]] == "stopped" for m in machines)

    def consumer(self):
        self.feed()
        return self.consume(1)

    def consume(self, count):
        """Milliseconds from before exec to its first record; and to its partitions."""
        began = time.time() * 1000
        argv = [self.build / "bench" / "bench_join", self.kafka.bootstrap, "bench-join", TOPIC, count]
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=60, check=True)
        joined, first = (int(n) / 1000 for n in done.stdout.split())
        return first - began, joined - began


def measure(build, folder, rounds):
    found = {"worker": [], "consumer": []}
    with KafkaServer(folder) as kafka, RedisServer(folder, appendonly="everysec") as redis:
        kafka.create_topic(TOPIC, JOBS_PARTITIONS)
        shop = Shop(folder, build, kafka, redis, rounds)
        with shop.stack:
            shop.warm()
            for n in range(1, rounds + 1):
                found["worker"].append(shop.worker(n, shop.workloads[n - 1].name))
                found["consumer"].append(shop.consumer())
    return found


def report(found):
    claims, words = zip(*found["worker"])
    records, joins = zip(*found["consumer"])
    join, rows = median(joins), []
    for what, share in (("p50", 0.5), ("p90", 0.9), ("most", 1)):
        claim = quantile(claims, share)
        rows.append([what, f"{claim:.0f}", f"{join:.0f}", f"{claim - join:.0f}", MORE_MS, f"{(claim - join) / MORE_MS:.2f}",
                     f"{quantile(records, share):.0f}"])  # fmt: skip
    head = [f"of {len(claims)}", "exec to first claim ms", "broker's join p50 ms", "more", "at most", "ratio", "bare consumer's first record ms"]
    print(table(head, rows))
    print(f"\nthe worker's first words, median: {median(words):.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    build = release()
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, Quiet() as quiet:
        found = measure(build, Path(folder), args.rounds)
    print(f"{machine()}\n{quiet.verdict()}\n")
    report(found)


if __name__ == "__main__":
    main()
