"""Schedules: how soon a tick is an acknowledged record, and what those cost that only wait.

Ticks: 1,000 schedules of 1,000 workloads are due in the same minute, each minute; one producer leads all partitions of a real
Kafka. Counted from the round minute to the acknowledgement (the log line `tick.fired`, `after_ms`): the rows of all are read
once more in between. Each run is then admitted, planned and ended as in life, by the same producer.
Waiting: the same producer with 10,000 schedules that are due at other times of the day and with none, over several readings
of the table; CPU as a share of a core, and anonymous memory at its most.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path

from common import Peak, Quiet, anonymous_kib, cpu_of, machine, quantile, release, table
from workloads import Workload
from workloads import scenario as scenario_of

from lib.kafka import KafkaServer
from lib.redis_server import RedisServer
from stack import Stack

P99_MS, CORE, MEMORY_MB = 50, 0.01, 10
FIRED = re.compile(r"event=tick\.fired .*after_ms=(-?\d+)")


def schedules(rows):
    return {"name": "ScheduleSpecification", "hash": "SpecName", "range": "ScheduleName", "rows": rows}


def row(workload, name, cron):
    return {"SpecName": workload, "ScheduleName": name, "Action": "stop", "Cron": cron, "TimeZone": "Europe/Berlin", "Enabled": True}


def stack(folder, build, kafka, redis, aws, **env):
    stack = Stack(folder, build / "bin", kafka, redis, aws, workers=0, partitions=12, env=env)
    stack.redis = redis
    return stack


def servers(folder):
    folder.mkdir()
    return KafkaServer(folder), RedisServer(folder, appendonly="everysec")


def marked(s):
    """Schedules that the view remembers: all partitions' but for the one mark each that is no schedule's."""
    with s.redis.client(decode_responses=True) as r:
        return sum(mark != "|" for key in r.scan_iter(f"{{{s.prefix}:*}}:sk") for mark in r.hkeys(key))


def wait_until_known(s, count):
    s.producers[0].wait_for_log(rf"schedules\.read.*schedules={count}\b", timeout_s=60)
    s.wait_until(lambda: marked(s) == count, f"the view to remember {count} schedules", timeout_s=60)


def fired(producer):
    return [int(n) for n in FIRED.findall(producer.log())]


def ticks(build, folder, count, rounds):
    """The figures of each round, in ms."""
    workloads = [Workload(f"w{n:04}").tier("a", 0, stop=0, start=0) for n in range(count)]
    aws = scenario_of(workloads)
    aws["tables"].append(schedules([row(w.name, "each minute", "* * * * *") for w in workloads]))
    kafka, redis = servers(folder)
    with kafka, redis, stack(folder, build, kafka, redis, aws) as s:
        producer, found = s.producers[0], []
        wait_until_known(s, count)
        for _ in range(rounds):
            before = len(fired(producer))
            s.wait_until(lambda b=before: len(fired(producer)) >= b + count, f"{count} ticks", timeout_s=100)
            found.append(fired(producer)[before : before + count])
    return found


def waiting(build, folder, count, seconds):
    """(share of a core, KiB at its most, KiB at the end) of a producer with so many schedules that are not due."""
    hour = (time.localtime().tm_hour + 12) % 24
    rows = [row(f"w{n // 10:04}", f"schedule {n % 10}", f"{n % 60} {(hour + n % 3) % 24} * * MON-FRI") for n in range(count)]
    aws = scenario_of([])
    aws["tables"].append(schedules(rows))
    kafka, redis = servers(folder)
    with kafka, redis, stack(folder, build, kafka, redis, aws) as s:
        producer = s.producers[0]
        wait_until_known(s, count)
        with Peak(producer.pid) as peak:
            cpu, began = cpu_of(producer.pid), time.monotonic()
            time.sleep(seconds)
            share = (cpu_of(producer.pid) - cpu) / (time.monotonic() - began)
        return share, peak.kib, anonymous_kib(producer.pid)


def ticks_table(found):
    rows = [[n + 1, len(r), quantile(r, 0.5), quantile(r, 0.9), quantile(r, 0.99), max(r), P99_MS, f"{quantile(r, 0.99) / P99_MS:.2f}"]
            for n, r in enumerate(found)]  # fmt: skip
    return table(["round", "ticks", "p50 ms", "p90 ms", "p99 ms", "most", "p99 at most", "ratio"], rows)


def waiting_table(with_them, without, count):
    cpu, more = with_them[0] - without[0], (with_them[1] - without[1]) / 1024
    rows = [
        [f"CPU of a core, for {count:,} schedules", f"{cpu:.2%}", f"{CORE:.0%}", f"{cpu / CORE:.2f}"],
        ["anonymous MiB more at its most", f"{more:.1f}", MEMORY_MB, f"{more / MEMORY_MB:.2f}"],
        ["anonymous MiB more at the end", f"{(with_them[2] - without[2]) / 1024:.1f}", MEMORY_MB, ""],
        ["without any: CPU, MiB", f"{without[0]:.2%}, {without[1] / 1024:.1f}", "", ""],
    ]
    return table(["waiting schedules", "", "at most", "ratio"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("ticks", "waiting"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--waiting", type=int, default=10000)
    parser.add_argument("--seconds", type=int, default=130)
    args = parser.parse_args()
    build = release()
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, Quiet() as quiet:
        found = idle = None
        if args.only != "waiting":
            found = ticks(build, Path(folder) / "t", args.ticks, args.rounds)
        if args.only != "ticks":
            idle = [waiting(build, Path(folder) / f"w{n}", n, args.seconds) for n in (args.waiting, 0)]
    print(f"{machine()}\n{quiet.verdict()}\n")
    if found:
        print(ticks_table(found), "\n")
    if idle:
        print(waiting_table(*idle, args.waiting))


if __name__ == "__main__":
    main()
