"""Every process is restarted, one after the other, while runs are under way: nothing is lost, no call is made twice, the order stays.

The programs are asked to end and must drain; Kafka and Redis are killed, on what they keep. Judged by the simulator's call log and
the log of events alone.

librdkafka 2.0.2 (Debian 12) may end a program by an assertion of its own when a broker goes away under a question for a group's
offsets. As any supervisor does, the test starts such a program again; nothing else may fall.
"""

import re
import urllib.request

import pytest
from crew import Crew
from judge import calls_of, events, of, wrongs
from workloads import ASK, Workload, scenario

from lib.kafka import KafkaServer
from lib.process import wait_until
from lib.redis_server import RedisServer

SLOW = {"stop_ms": 30000}  # 3 s: the simulator's time runs ten times as fast
LIBRARYS = "rd_kafka_enq_once_del_source_return: Assertion"
READY_S, DRAIN_S, RUN_S = 30, 12, 150
WORKLOADS = {
    w.name: w
    for w in (
        Workload("wide").tier("a", 6, stop=0, machine=SLOW).tier("b", 4, stop=1, machine=SLOW).tier("c", 2, stop=2, machine=SLOW),
        Workload("asks").tier("a", 3, stop=0, stop_row=ASK, machine=SLOW).tier("b", 2, stop=1, stop_row=ASK, machine=SLOW).tier("c", 1, stop=2),
        Workload("sync").tier("a", 3, stop=0, sync=True, machine=SLOW).tier("b", 1, stop=1, machine=SLOW),
        Workload("twice").tier("a", 2, stop=0, start=1, machine=SLOW).tier("b", 2, stop=1, start=0, machine=SLOW),
    )
}  # fmt: skip


class Roll:
    def __init__(self, crew, kafka, redis):
        self.crew, self.kafka, self.redis = crew, kafka, redis
        self.codes, self.gauge, self.fallen = {}, [], []

    def ready(self, daemon):
        daemon.wait_for_http(f"http://127.0.0.1:{daemon.wait_for_port()}/readyz", timeout_s=READY_S)

    def look(self):
        """What the leaders tell a scaler."""
        for producer in [p for p in self.crew.producers if p.is_running()]:
            text = producer.wait_for_http(f"http://127.0.0.1:{producer.wait_for_port()}/metrics").decode()
            self.gauge.append([int(n) for n in re.findall(r"^ec2sched_producer_jobs\{state=\"\w+\"\} (\d+)$", text, re.MULTILINE)])

    def over(self, team):
        for daemon in team:
            self.codes[daemon.name] = daemon.terminate(DRAIN_S)
            daemon.start()
            self.ready(daemon)
            self.look()

    def all(self):
        self.over(self.crew.workers)
        self.over(self.crew.producers)
        self.redis.restart()
        self.kafka.brokers[0].restart()
        wait_until(self.all_ready, "all to be ready again", READY_S)

    def all_ready(self):
        """Asked until it is true; whoever has fallen is started again."""
        for daemon in self.crew.producers + self.crew.workers:
            if not daemon.is_running():
                self.fallen.append(daemon.log())
                daemon.start()
            if not self.is_ready(daemon):
                return False
        return True

    def is_ready(self, daemon):
        port = re.search(r"event=admin\.listen .*?port=(\d+)", daemon.log())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/readyz", timeout=2) as reply:
                return reply.status == 200
        except (OSError, TypeError):  # not yet, or no port yet
            return False


@pytest.fixture(scope="module")
def rolled(tmp_path_factory, bin_dir):
    folder = tmp_path_factory.mktemp("r")
    w = WORKLOADS
    with KafkaServer(folder) as kafka, RedisServer(folder, port=True, appendonly="everysec") as redis:
        with Crew(folder, bin_dir, kafka, redis, scenario(w.values()), producers=2, workers=3) as crew:
            roll = Roll(crew, kafka, redis)
            for name in w:
                crew.go("stop", name, "r1", "--timeout", f"{RUN_S}s")
            crew.until_seen("StopInstances", w["wide"].ids("a") + w["twice"].ids("a"))
            crew.go("start", "twice", "r2", "--if-busy", "queue", "--timeout", f"{RUN_S}s")
            roll.all()
            roll.under_way = [name for name in w if crew.watches[name, "r1"].is_running()]
            for name in w:
                crew.ended(name, "r1", timeout_s=RUN_S)
            crew.ended("twice", "r2", timeout_s=RUN_S)
            wait_until(lambda: roll.look() or [0, 0] in roll.gauge[-2:], "nothing to be due any more", 20)
            roll.calls, roll.records = crew.aws.calls(), events(crew, kafka)
            yield roll


def test_every_process_was_restarted_in_the_middle_and_ended_cleanly(rolled):
    assert set(rolled.codes.values()) == {0} and len(rolled.codes) == 5, rolled.codes
    assert all(d.starts >= 2 for d in rolled.crew.workers + rolled.crew.producers)
    assert [log for log in rolled.fallen if LIBRARYS not in log.splitlines()[-1]] == []
    assert rolled.under_way, "all runs were over before the last process was restarted"


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_order_stays(rolled, name):
    assert wrongs(rolled.calls, rolled.records, WORKLOADS[name]) == []


@pytest.mark.parametrize("name", WORKLOADS)
def test_no_instance_is_stopped_or_started_twice(rolled, name):
    accepted = [c for c in rolled.calls if c.get("status") == 200]
    members = sorted(m["id"] for m in WORKLOADS[name].machines)
    assert sorted(calls_of(accepted, WORKLOADS[name], "StopInstances")) == members
    assert sorted(calls_of(accepted, WORKLOADS[name], "StartInstances")) == (members if name == "twice" else [])


@pytest.mark.parametrize("name, run", [*((name, "r1") for name in WORKLOADS), ("twice", "r2")])
def test_nothing_is_lost(rolled, name, run):
    (finished,) = {(r["result"], r.get("cause", "")) for r in of(rolled.records, "RunFinished", name, run)}
    assert finished == ("succeeded", "")
    result, members = rolled.crew.outcomes(name, run)
    assert result == "succeeded" and {o for o, _ in members.values()} == {"done"}
    assert set(members) == {m["id"] for m in WORKLOADS[name].machines}


def test_a_scaler_was_told_of_the_jobs_and_then_of_none(rolled):
    assert max(sum(g) for g in rolled.gauge) > 0
