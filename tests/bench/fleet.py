"""Ten thousand instances: AWS calls an instance, the worker's memory, and what more workers cost.

Calls: 10 workloads of 4 tiers of 250, transitions of 60 s; all are stopped (each member is asked for its override), then all are
started. Counted by the simulator, everything from the command line's own questions to the last poll.
Memory: one workload of one tier of 10,000, so that all are in flight at once; the worker's anonymous memory idle and at its most.
Workers (`--workers 1,2,4`): the calls' fleet again with so many workers; the CPU of all of them together, an instance. They share
the machine with Kafka, Redis and the simulator: seconds are not what more machines would need.
The simulator's buckets are off, and so is the pace that the worker would begin with: what is counted is calls, not waiting.
Both with the simulator's time and the worker's polls scaled alike, which leaves every count as it is in life.
"""

import argparse
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from barrier import OVERRIDE
from common import Peak, Quiet, anonymous_kib, cpu_of, machine, release, table

from lib.kafka import KafkaServer
from lib.redis_server import RedisServer
from stack import KEY, SECRET, Stack

TRANSITION_MS = 60000
CALLS_START, CALLS_STOP = 0.05, 0.15
IDLE_MB, FLIGHT_MB = 8, 8
FLAT = 1.15  # CPU an instance with more workers, to that with one


def scenario(workloads, tiers, each):
    def row(w, t):
        order = {"TierSequence": {"N": str(t)}}
        asks = {"TierStopOverrideFilename": {"S": OVERRIDE}, "TierStopOverrideOperatingSystem": {"S": "Linux"}}
        return {"SpecName": {"S": f"w{w}"}, "TierTagValue": {"S": f"T{t}"}, "TierStart": {"M": order},
                "TierStop": {"M": {**order, **asks}}}  # fmt: skip

    def workload(w):
        return {"SpecName": {"S": f"w{w}"}, "Region": {"S": "eu-west-1"}, "EnvFilterTagName": {"S": "Environment"},
                "EnvFilterTagValue": {"S": f"w{w}"}, "TierFilterTagName": {"S": "Role"},
                "MaxInstances": {"N": "20000"}}  # fmt: skip

    return {
        "region": "eu-west-1",
        "credentials": [{"access_key": KEY, "secret_key": SECRET}],
        "defaults": {"start_ms": TRANSITION_MS, "stop_ms": TRANSITION_MS, "agent": {"os": "Linux", "latency_ms": 300}},
        "fleets": [{"prefix": f"i-0{w:02x}{t:02x}", "count": each, "state": "running",
                    "tags": {"Environment": f"w{w}", "Role": f"T{t}"}} for w in range(workloads) for t in range(tiers)],
        "tables": [
            {"name": "WorkloadSpecification", "hash": "SpecName", "items": [workload(w) for w in range(workloads)]},
            {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue",
             "items": [row(w, t) for w in range(workloads) for t in range(tiers)]},
        ],
    }  # fmt: skip


def drive(stack, action, workloads):
    """All workloads at once; returns (calls by service and operation, seconds, a worker's peak KiB, all workers' CPU seconds)."""
    before = stack.aws.calls()
    seen = before[-1]["seq"] if before else 0
    pids = [w.pid for w in stack.workers]
    cpu, began, codes = sum(map(cpu_of, pids)), time.monotonic(), {}

    def one(w):
        done = stack.cli(action, f"w{w}", "--yes", "--wait", "--timeout", "1500s", timeout_s=1600)
        codes[w] = (done.returncode, done.stdout + done.stderr)

    with Peak(pids[0]) as peak:
        threads = [threading.Thread(target=one, args=(w,)) for w in range(workloads)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert all(code == 0 for code, _ in codes.values()), codes
    calls = [c for c in stack.aws.calls() if c["seq"] > seen and c["kind"] == "call"]
    return Counter((c["service"], c["operation"]) for c in calls), time.monotonic() - began, peak.kib, sum(map(cpu_of, pids)) - cpu


def measure(build, folder, scale, workloads, tiers, each, workers=1):
    results = {}
    folder.mkdir()
    with (
        KafkaServer(folder) as kafka,
        RedisServer(folder, appendonly="everysec") as redis,
        Stack(folder, build / "bin", kafka, redis, scenario(workloads, tiers, each), time_scale=scale, workers=workers,
              env={"EC2SCHED_LEASE_TTL": "15", "EC2SCHED_FENCE_WINDOW": "30", "EC2SCHED_AWS_PACE": "learn"}) as stack,
    ):  # fmt: skip
        idle = anonymous_kib(stack.workers[0].pid)
        for action, state in (("stop", "stopped"), ("start", "running")):
            results[action] = drive(stack, action, workloads)
            states = Counter(stack.aws.states().values())
            assert states == {state: workloads * tiers * each}, states
    return idle, results


def calls_table(results, n):
    rows = []
    for action, (calls, took, _, cpu) in results.items():
        ec2 = sum(k for (service, _), k in calls.items() if service == "ec2")
        every = sum(calls.values())
        bound, counted = (CALLS_STOP, every) if action == "stop" else (CALLS_START, ec2)
        names = ", ".join(f"{operation} {k}" for (_, operation), k in calls.most_common())
        rows.append([action, ec2, every, f"{counted / n:.4f}", bound, f"{counted / n / bound:.2f}",
                     f"{took:.0f}", f"{cpu / n * 1000:.3f}", names])  # fmt: skip
    return table(["action", "EC2 calls", "AWS calls", "counted an instance", "at most", "ratio", "seconds (scaled)",
                  "worker CPU-s per 1,000", "operations"], rows)  # fmt: skip


def workers_table(found, n):
    rows, one = [], {action: of[3] for action, of in found[0][1].items()}
    for workers, results in found:
        for action, (calls, took, _, cpu) in results.items():
            rows.append([workers, action, f"{took:.0f}", f"{cpu / n * 1000:.3f}", f"{cpu / one[action]:.2f}", FLAT, sum(calls.values())])
    return table(["workers", "action", "seconds (scaled)", "CPU-s of all per 1,000", f"to {found[0][0]}", "at most", "AWS calls"], rows)


def memory_table(idle, results):
    rows = [["idle", f"{idle / 1024:.1f}", IDLE_MB, f"{idle / 1024 / IDLE_MB:.2f}"]]
    for action, (_, _, peak, _) in results.items():
        more = (peak - idle) / 1024
        rows.append([f"{action}: more at its most", f"{more:.1f}", FLIGHT_MB, f"{more / FLIGHT_MB:.2f}"])
    return table(["worker, anonymous MiB", "", "at most", "ratio"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-scale", type=int, default=10)
    parser.add_argument("--only", choices=("calls", "memory"))
    parser.add_argument("--workers", help="counts of workers, of which each runs the calls' fleet: 1,2,4")
    parser.add_argument("--each", type=int, default=250, help="instances of a tier, for the calls")
    args = parser.parse_args()
    build = release()
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, Quiet() as quiet:
        calls = memory = several = None
        if args.workers:
            several = [(n, measure(build, Path(folder) / f"s{n}", args.time_scale, 10, 4, args.each, n)[1])
                       for n in map(int, args.workers.split(","))]  # fmt: skip
        elif args.only != "memory":
            calls = measure(build, Path(folder) / "c", args.time_scale, 10, 4, args.each)[1]
        if args.only != "calls" and not args.workers:
            memory = measure(build, Path(folder) / "m", args.time_scale, 1, 1, 40 * args.each)
    print(f"{machine()}\n{quiet.verdict()}\n")
    if calls:
        print(calls_table(calls, 40 * args.each), "\n")
    if several:
        print(workers_table(several, 40 * args.each))
    if memory:
        print(memory_table(*memory))


if __name__ == "__main__":
    main()
