"""The demo's makespan beside the simulator's own floor.

The workload of deploy/demo (deploy/sample/aws.json, two workers, polls five times as often as in life), stopped and started.
makespan   the record RunFinished less the record RunRequested, by the broker's records
floor      what the simulated AWS needs, from its call log: a step lasts from its call to the first poll due after the slowest member's
           state (a synchronous tier: each member's, one after the other), and before it from the question to the guest's answer
"""

import argparse
import json
import tempfile
from itertools import count
from pathlib import Path

from common import ROOT, Quiet, machine, release, table

from confluent_kafka import Consumer, TopicPartition

from lib.kafka import KafkaServer
from lib.redis_server import RedisServer
from stack import AwsSim, Stack

SCALE = 5
CADENCE_MS = (5000, 5000, 10000, 15000)
BOUND = 1.1
NEAR_MS = 20  # a poll is due so long behind the worker's own moment of the call's answer, which is later than the simulator's
SYNC = "Role_App"


def due_after(moment_ms):
    """The first poll that is due at or after so many ms behind the call."""
    at = 0
    for n in count():
        at += CADENCE_MS[min(n, len(CADENCE_MS) - 1)] / SCALE
        if at + NEAR_MS >= moment_ms:
            return at


def floor(calls, role_of):
    """ms; and the same with members counted at their states' own moments."""
    acting = {"StartInstances", "StopInstances"}
    called, asked, states, answers = {}, {}, {}, {}
    for c in calls:
        if c["kind"] == "call" and c["operation"] in acting | {"SendCommand"}:
            for i in c["ids"]:
                (called if c["operation"] in acting else asked)[i] = c["mono_ms"]
        elif c["kind"] == "state":
            states[c["id"]] = c["mono_ms"]  # the last one: running or stopped
        elif c["kind"] == "guest" and c["id"] in asked:
            answers.setdefault(c["id"], c["mono_ms"])
    total = true = 0
    for role in set(role_of.values()):
        took = {i: states[i] - called[i] for i in called if role_of[i] == role}
        heard = [answers[i] - asked[i] for i in asked if role_of[i] == role and i in answers]
        question = max(heard, default=0)
        if role == SYNC:
            total += sum(due_after(t) for t in took.values()) + question
            true += sum(took.values()) + question
        else:
            total += max((due_after(t) for t in took.values()), default=0) + question
            true += max(took.values(), default=0) + question
    return total, true


def moments(bootstrap, topic, partitions):
    """{(type, run): ms} of the log's records."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    found, open_ends = {}, set(range(partitions))
    while open_ends:
        m = reader.poll(10)
        assert m is not None, "the log does not answer"
        if m.error():
            open_ends.discard(m.partition())
            continue
        value = json.loads(m.value())
        found.setdefault((value["type"], value.get("run")), m.timestamp()[1])
    reader.close()
    return found


def measure(build, folder, rounds):
    scenario = json.loads((ROOT / "deploy" / "sample" / "aws.json").read_text())
    scenario.pop("comment", None)
    role_of = {i["id"]: i["tags"]["Role"] for i in scenario["instances"]}
    rows = []
    with KafkaServer(folder) as kafka, RedisServer(folder) as redis:
        aws = AwsSim(folder, build / "bin", scenario, 1)
        with Stack(folder, build / "bin", kafka, redis, scenario, workers=2, time_scale=SCALE, aws=aws) as stack:
            for n in range(rounds):
                for action in ("stop", "start"):
                    seen = max((c["seq"] for c in stack.aws.calls()), default=0)
                    run = f"{action}-{n}"
                    done = stack.cli(action, "shop", "--yes", "--wait", "--run", run, "--timeout", "120s")
                    assert done.returncode == 0, done.stdout + done.stderr
                    calls = [c for c in stack.aws.calls() if c["seq"] > seen]
                    at = moments(kafka.bootstrap, f"{stack.prefix}.events.v1", 2)
                    took = at["RunFinished", run] - at["RunRequested", run]
                    least, true = floor(calls, role_of)
                    rows.append([run, f"{took / 1000:.2f}", f"{least / 1000:.2f}", f"{took / least:.3f}", BOUND,
                                 f"{took / true:.3f}"])  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    build = release()
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, Quiet() as quiet:
        rows = measure(build, Path(folder), args.rounds)
    print(f"{machine()}\n{quiet.verdict()}\n")
    print(table(["run", "makespan s", "floor s", "ratio", "at most", "to the states' own moments"], rows))
