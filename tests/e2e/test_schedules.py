"""Schedules as people use them: rows in the table, producers that die around the tick, a person who pauses one."""

import datetime
import time
import urllib.request
import zoneinfo

import pytest
from crew import Crew
from judge import events
from workloads import Workload, scenario

from lib.process import wait_until

TICKS = 200
PAUSED, BAD = 3, 2
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
LEAD_S = 14  # the tick is at least so far ahead when its rows are written


def tick_of(moment, zone):
    return datetime.datetime.fromtimestamp(moment, zoneinfo.ZoneInfo(zone))


def row(workload, moment, zone, **more):
    at = tick_of(moment, zone)
    return {"SpecName": workload, "ScheduleName": "evening", "Action": "stop", "TimeZone": zone,
            "Cron": f"{at:%M} {at:%H} {at:%d} {at:%b} *", **more}  # fmt: skip


def table(rows):
    return {"name": "ScheduleSpecification", "hash": "SpecName", "range": "ScheduleName", "rows": rows}


class Night:
    """Five producers, TICKS schedules that are due in the same minute, and a hand that kills."""

    def __init__(self, crew, moment):
        self.crew, self.moment = crew, moment

    def sleep_until(self, after_s):
        wait_until(lambda: time.time() >= self.moment + after_s, f"{after_s} s after the tick", timeout_s=90)

    def alive(self):
        return [p for p in self.crew.producers if p.is_running()]

    def fired(self):
        return {p: p.log().count("event=tick.fired") for p in self.alive()}

    def kill_in_the_act(self):
        """Kills who fires next, as soon as its first tick is told: the others are on their way, or not begun."""
        before, deadline = self.fired(), max(self.moment, time.time()) + 12
        while time.time() < deadline:
            for producer, count in self.fired().items():
                if count > before.get(producer, 0):
                    producer.kill()
                    return

    def kill_before_the_first_record(self):
        """Of the two leaders the one dies while the rows are read once more."""
        leader = next(p for p in self.alive() if "to=lead" in p.log())
        while time.time() < self.moment + 0.003:
            pass
        leader.kill()

    def refill(self):
        while len(self.alive()) < 5:
            self.crew.hire("producer")

    def marks(self):
        with self.crew.redis.client(decode_responses=True) as r:
            return sum(r.hlen(key) for key in r.scan_iter(f"{{{self.crew.prefix}:?}}:sk"))


@pytest.fixture(scope="module")
def night(tmp_path_factory, bin_dir, kafka, redis_for_module):
    workloads = [Workload(f"w{n:03}").tier("a", 0, stop=0, start=0) for n in range(TICKS + PAUSED + BAD)]
    moment = (int(time.time()) + LEAD_S + 59) // 60 * 60
    rows = [row(w.name, moment, ZONES[n % len(ZONES)]) for n, w in enumerate(workloads)]
    rows[TICKS]["Enabled"] = False
    rows[TICKS + PAUSED]["Cron"] = "0 25 * * *"
    rows[TICKS + PAUSED + 1]["TimeZone"] = "Europe/Nowhere"
    aws = scenario(workloads)
    aws["tables"].append(table(rows))
    # Of three readings of rows one is answered at once, so that whoever has told of a tick has others in hand.
    slow = [n for n in range(2, 25) if n % 3 != 1]
    aws["faults"] = [{"name": "slow rows", "match": {"operation": "BatchGetItem", "nth": slow}, "effect": {"delay_ms": 250}}]
    folder = tmp_path_factory.mktemp("n")
    with Crew(folder, bin_dir, kafka, redis_for_module, aws, producers=5, workers=1, env={"EC2SCHED_SCHEDULE_REFRESH": "2s"}) as crew:
        play(Night(crew, moment))
        crew.moment, crew.workloads = moment, workloads
        crew.records = events(crew, kafka)
        yield crew


@pytest.fixture(scope="module")
def redis_for_module(tmp_path_factory):
    from lib.redis_server import RedisServer

    with RedisServer(tmp_path_factory.mktemp("r"), port=True) as server:
        yield server


def play(n):
    # Two of the paused are enabled until a person pauses them: one well before, one within the last second.
    wait_until(lambda: n.marks() >= TICKS + PAUSED - 1 + 2, "all schedules to be known", timeout_s=LEAD_S)
    assert n.crew.cli("schedule", "pause", f"w{TICKS + 1:03}", "evening").returncode == 0
    n.sleep_until(-1)
    assert n.crew.cli("schedule", "pause", f"w{TICKS + 2:03}", "evening").returncode == 0
    n.kill_before_the_first_record()
    n.refill()
    for _ in range(3):  # whoever has begun to fire dies of it
        n.kill_in_the_act()
        n.refill()
    for producer in n.alive():  # and for a moment nobody is there
        producer.kill()
    n.refill()
    expected = {f"w{i:03}" for i in range(TICKS)}
    wait_until(lambda: finished(n.crew) >= expected, "every tick's run to end", timeout_s=80)


def finished(crew):
    return {r["workload"] for r in events(crew, crew.kafka) if r["type"] == "RunFinished"}


def test_five_producers_under_kills_fire_each_of_200_ticks_exactly_once(night):
    ticks = {}
    for r in night.records:
        if r["type"] == "RunAccepted":
            assert r["origin"]["kind"] == "schedule"
            ticks.setdefault(r["workload"], []).append((r["origin"]["schedule"], r["origin"]["tick"]))
    wanted = {
        w.name: [(f"evening|stop|{zone}", int(f"{tick_of(night.moment, zone):%Y%m%d%H%M}"))]
        for n, w in enumerate(night.workloads[:TICKS])
        for zone in [ZONES[n % len(ZONES)]]
    }
    assert ticks == wanted
    assert len(ticks) == TICKS
    assert [r for r in night.records if r["type"] == "RunRefused"] == []


def test_the_kills_hit_ticks_that_were_in_hand(night):
    fired = [p.log().count("event=tick.fired") for p in night.producers]
    assert len([n for n in fired if n]) >= 2, fired  # more than one producer had to fire them
    late = [r for r in night.records if r["type"] == "RunRequested" and r["kafka_ms"] > night.moment * 1000 + 1000]
    assert late  # fired by a later leader


def test_a_paused_schedule_never_fires_however_late_it_was_paused(night):
    paused = {f"w{TICKS + k:03}" for k in range(PAUSED)}
    assert [r for r in night.records if r.get("workload") in paused] == []


def test_a_schedule_that_cannot_be_stands_still_and_says_so(night):
    logs = "\n".join(p.log() for p in night.producers)
    assert f'row="ScheduleSpecification w{TICKS + PAUSED:03}/evening"' in logs
    assert "field 2 (hour), character 3: 25 is above 23" in logs
    assert "'Europe/Nowhere' is no zone of this machine" in logs


def test_list_next_pause_and_resume_say_what_is(night):
    shown = {(s["workload"], s["name"]): s for s in night.read("schedule", "list")["schedules"]}
    assert len(shown) == TICKS + PAUSED + BAD
    assert [shown[f"w{TICKS + k:03}", "evening"]["enabled"] for k in range(PAUSED)] == [False] * PAUSED
    assert not shown[f"w{TICKS + PAUSED:03}", "evening"]["valid"]
    assert night.read("schedule", "resume", f"w{TICKS:03}", "evening")["enabled"]
    (back,) = night.read("schedule", "list", f"w{TICKS:03}")["schedules"]
    assert back["enabled"] and back["next_at"].endswith("Z")
    ahead = night.read("schedule", "next", f"w{TICKS:03}", "--days", "366")
    assert [t["at"] for t in ahead["ticks"]] == [back["next_at"]] and not ahead["more"]
    refused = night.cli("schedule", "pause", "w000", "morning")
    assert refused.returncode == 3 and "there is no such schedule" in refused.stderr
    failed = night.cli("lint")
    assert failed.returncode == 1 and "field 2 (hour)" in failed.stdout


def metrics(producer):
    with urllib.request.urlopen(f"http://127.0.0.1:{producer.wait_for_port()}/metrics", timeout=5) as reply:
        return dict(line.rsplit(" ", 1) for line in reply.read().decode().splitlines() if not line.startswith("#"))


def test_a_leader_tells_its_schedules_in_its_metrics(night):
    def told():
        pages = [metrics(p) for p in night.producers if p.is_running()]
        return [p for p in pages if p["ec2sched_producer_schedules_invalid"] == str(BAD)]

    page = wait_until(told, "a leader that has read the schedules")[0]
    assert int(page["ec2sched_producer_schedules"]) >= TICKS
    assert int(page["ec2sched_producer_next_tick_timestamp_seconds"]) > time.time()
    assert page["ec2sched_producer_ticks_missed_total"] == "0"
