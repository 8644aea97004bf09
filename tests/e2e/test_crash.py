"""Processes die, freeze, drain; servers forget; AWS lies. Judged by the simulator's call log and the log of events alone.

Runs that one death can hit together share it: each drama is played once, and each of its workloads judged by a test of its own.
"""

import pytest
from crew import FENCE_S, TTL_S, Crew
from judge import calls_of, changing, events, explained, mine, of, wrongs
from workloads import ASK, Workload, scenario

from lib.process import wait_until
from lib.redis_server import RedisServer

SLOW = {"stop_ms": 40000}  # 4 s: the simulator's time runs ten times as fast
SLOW_GUEST = {"agent": {"os": "Linux", "latency_ms": 30000}}


def all_of(workload, tier, outcome, cause=""):
    return {i: (outcome, cause) for i in workload.ids(tier)}


def one(items):
    (only,) = items
    return only


class Drama:
    """A stack in which something has happened; what the judges need of it is read once."""

    def __init__(self, crew, workloads):
        self.crew, self.w = crew, {w.name: w for w in workloads}
        self.notes = {}

    def close(self):
        self.calls = self.crew.aws.calls()
        self.records = events(self.crew, self.crew.kafka)

    def judge(self, name, aside=()):
        assert wrongs(self.calls, self.records, self.w[name], aside) == []

    def stops(self, name):
        """Whom the accepted calls of the workload named, each as often as it was named."""
        return sorted(calls_of([c for c in self.calls if c.get("status") == 200], self.w[name], "StopInstances"))

    def state(self, name):
        states = self.crew.aws.states()
        return {m["id"]: states[m["id"]] for m in self.w[name].machines}


def stage(tmp_path_factory, bin_dir, kafka, workloads, play, *, redis=None, faults=(), **more):
    """Plays a drama: a generator, for a module's fixture."""
    folder = tmp_path_factory.mktemp("d")
    own = redis or RedisServer(folder, port=True)
    with own, Crew(folder, bin_dir, kafka, own, scenario(workloads, faults=list(faults)), **more) as crew:
        drama = Drama(crew, workloads)
        play(drama)
        drama.close()
        yield drama


# ---- kill -9 of the only worker, with jobs in every phase ----


def dying():
    before = Workload("before").tier("a", 2, stop=0).tier("b", 1, stop=1)
    poison = Workload("poison", FailurePolicy="continue").tier("a", 1, stop=0).tier("b", 1, stop=1)
    return [
        Workload("accepted").tier("a", 2, stop=0, machine=SLOW).tier("b", 1, stop=1),
        before,
        Workload("asked").tier("a", 2, stop=0, stop_row=ASK, machine=SLOW_GUEST).tier("b", 1, stop=1),
        Workload("next").tier("a", 1, stop=0, start=0, machine=SLOW),
        poison,
    ], [
        {"name": w.name, "match": {"operation": "StopInstances", "ids": w.ids("a")}, "effect": {"throttle": True}}
        for w in (before, poison)
    ]  # fmt: skip


def play_death(d):
    crew, w = d.crew, d.w
    for name in ("accepted", "next", "asked"):
        crew.go("stop", name, "r1")
    crew.until_seen("StopInstances", w["accepted"].ids("a") + w["next"].ids("a"))
    crew.until_seen("SendCommand", w["asked"].ids("a"))
    for name in ("before", "poison"):
        crew.go("stop", name, "r1")
    crew.until_seen("StopInstances", w["before"].ids("a") + w["poison"].ids("a"), status=503)
    crew.workers[0].kill()
    crew.aws.change("faults", {"clear": True})
    d.notes["killed"] = crew.last_seq()
    lease = one(crew.leases("poison").values())
    dead = {k: lease[k] for k in ("workload", "epoch", "step", "job")}
    # As after three deaths in hand, two of which could not be told.
    crew.leave_note(0, {"v": 1, "unreported": [{**dead, "token": t} for t in ("1", "2")], "hand": {**dead, "token": lease["token"]}})
    crew.hire()
    crew.hire()
    crew.go("start", "next", "r2", "--if-busy", "supersede")
    d.notes["why"] = wait_until(lambda: crew.why_not_drained("next"), "the next run to wait")
    d.notes["status"] = crew.cli("status", "next").stdout
    for name in ("accepted", "before", "asked"):
        crew.ended(name, "r1")
    crew.ended("poison", "r1", 1)
    crew.ended("next", "r1", 1)
    crew.ended("next", "r2")


@pytest.fixture(scope="module")
def death(tmp_path_factory, bin_dir, kafka):
    workloads, faults = dying()
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_death, faults=faults, workers=1)


def test_a_worker_that_dies_after_its_stop_was_accepted_is_not_repeated(death):
    w = death.w["accepted"]
    death.judge("accepted")
    assert death.stops("accepted") == sorted(w.ids("a") + w.ids("b"))
    result, members = death.crew.outcomes("accepted", "r1")
    assert result == "succeeded"
    assert members == {**all_of(w, "a", "done", "earlier-attempt"), **all_of(w, "b", "done")}


def test_a_worker_that_dies_before_its_stop_is_followed_by_one_that_stops(death):
    w = death.w["before"]
    death.judge("before")
    assert death.stops("before") == sorted(w.ids("a") + w.ids("b"))
    assert death.crew.outcomes("before", "r1") == ("succeeded", {**all_of(w, "a", "done"), **all_of(w, "b", "done")})
    a = [c for c in changing(mine(death.calls, w)) if set(c["ids"]) & set(w.ids("a")) and c["status"] == 200]
    assert [int(c["attempt"]) for c in a] == [2]


def test_a_worker_that_dies_while_it_asks_is_followed_by_one_that_asks_again(death):
    w = death.w["asked"]
    death.judge("asked")
    assert death.crew.outcomes("asked", "r1") == ("succeeded", {**all_of(w, "a", "done"), **all_of(w, "b", "done")})
    sent = [c for c in changing(mine(death.calls, w)) if c["operation"] == "SendCommand"]
    assert [int(c["attempt"]) for c in sent] == [1, 2]
    assert all(int(c["attempt"]) == 2 for c in changing(mine(death.calls, w)) if set(c["ids"]) & set(w.ids("a")) and c["operation"] == "StopInstances")


def test_the_next_run_waits_until_nothing_of_the_dead_worker_can_land_and_says_why(death):
    death.judge("next")
    why, until = death.notes["why"]
    assert why in ("live leases", "signature window")
    last = max(c["wall_ms"] for c in changing(mine(death.calls, death.w["next"])) if c["run"] == "r1")
    begun = one(r for r in of(death.records, "Drained", "next") if r["run"] == "r2")
    assert begun["kafka_ms"] - last >= (TTL_S + FENCE_S) * 1000 - TTL_S * 1000 / 3
    assert death.crew.outcomes("next", "r1")[0] == "superseded"
    assert death.crew.outcomes("next", "r2") == ("succeeded", all_of(death.w["next"], "a", "done"))
    assert set(death.state("next").values()) == {"running"}


def test_a_job_that_kills_its_workers_ends_as_poison_and_the_run_goes_on(death):
    w = death.w["poison"]
    death.judge("poison", aside=w.ids("a"))
    assert death.crew.outcomes("poison", "r1") == ("partial", {**all_of(w, "a", "failed", "poison"), **all_of(w, "b", "done")})
    assert death.stops("poison") == w.ids("b")
    letters = events(death.crew, death.crew.kafka, "dlq")
    assert {letter["job"] for letter in letters} == {job for run, job in [(r["run"], r["job"]) for r in of(death.records, "JobTerminal", "poison") if r["step"] == 0]}


# ---- SIGSTOP beyond the lease ----


def play_freeze(d):
    crew, w = d.crew, d.w
    for name in w:
        crew.go("stop", name, "r1")
    crew.until_seen("SendCommand", w["frozen-asks"].ids("a"))
    crew.until_seen("StopInstances", w["frozen-sync"].ids("a")[:1])
    zombie = crew.workers[0]
    zombie.stop()
    d.notes["frozen"] = crew.last_seq()
    crew.hire()
    crew.until_seen("SendCommand", w["frozen-asks"].ids("a"), attempt=2)
    wait_until(lambda: [x for x in crew.leases("frozen-sync").values() if x["att"] == 2], "attempt 2 of the synchronous tier")
    zombie.go_on()
    for name in w:
        crew.ended(name, "r1")


@pytest.fixture(scope="module")
def freeze(tmp_path_factory, bin_dir, kafka):
    workloads = [
        Workload("frozen-asks").tier("a", 2, stop=0, stop_row=ASK, machine=SLOW_GUEST).tier("b", 1, stop=1),
        Workload("frozen-sync").tier("a", 3, stop=0, sync=True, machine={"stop_ms": 20000}).tier("b", 1, stop=1),
    ]
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_freeze, workers=1)


@pytest.mark.parametrize("name", ["frozen-asks", "frozen-sync"])
def test_a_worker_that_was_frozen_beyond_its_lease_makes_no_call(freeze, name):
    w = freeze.w[name]
    freeze.judge(name)
    late = [c for c in changing(mine(freeze.calls, w)) if c["seq"] > freeze.notes["frozen"] and int(c["attempt"]) == 1 and set(c["ids"]) & set(w.ids("a"))]
    assert late == []
    assert freeze.stops(name) == sorted(w.ids("a") + w.ids("b"))
    result, members = freeze.crew.outcomes(name, "r1")
    assert result == "succeeded" and {o for o, _ in members.values()} == {"done"}


# ---- SIGTERM of a worker in mid-job ----


def play_drain(d):
    crew, w = d.crew, d.w
    for name in w:
        crew.go("stop", name, "r1")
    crew.until_seen("SendCommand", w["handed-asks"].ids("a"))
    crew.until_seen("StopInstances", w["handed-sync"].ids("a")[:1])
    d.notes["before"] = {name: one(crew.leases(name).values()) for name in w}
    crew.hire()
    d.notes["code"] = crew.workers[0].terminate()
    left = {name: [x for x in crew.leases(name).values() if x["token"] == d.notes["before"][name]["token"]] for name in w}
    d.notes["left"] = {name for name, leases in left.items() if leases}
    for name in w:
        crew.ended(name, "r1")


@pytest.fixture(scope="module")
def drain(tmp_path_factory, bin_dir, kafka):
    workloads = [
        Workload("handed-asks").tier("a", 2, stop=0, stop_row=ASK, machine=SLOW_GUEST).tier("b", 1, stop=1),
        Workload("handed-sync").tier("a", 3, stop=0, sync=True, machine={"stop_ms": 20000}).tier("b", 1, stop=1),
    ]
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_drain, workers=1, env={"EC2SCHED_LEASE_TTL": "30s"})


@pytest.mark.parametrize("name", ["handed-asks", "handed-sync"])
def test_a_worker_that_drains_hands_its_leases_back_and_ends_with_0(drain, name):
    assert drain.notes["code"] == 0
    assert drain.notes["left"] == set()  # a lease of 30 s: only handing it back lets the run end in time
    w = drain.w[name]
    drain.judge(name)
    assert drain.stops(name) == sorted(w.ids("a") + w.ids("b"))
    result, members = drain.crew.outcomes(name, "r1")
    assert result == "succeeded" and {o for o, _ in members.values()} == {"done"}


# ---- kill -9 of the leading producer ----


def play_leaders(d):
    crew, w = d.crew, d.w
    for name in w:
        crew.go("stop", name, "r1")
    crew.until_seen("StopInstances", w["in-step"].ids("a"))
    (first,) = w["between"].ids("a")
    wait_until(lambda: crew.aws.states()[first] == "stopped", "the first step of the other")
    wait_until(lambda: of(events(crew, crew.kafka), "JobTerminal", "between"), "its terminal")
    d.notes["states"] = {name: d.state(name) for name in w}
    leader = wait_until(lambda: crew.leader("between"), "a leader")
    d.notes["planned"] = len(of(events(crew, crew.kafka), "TierPlanned", "between"))
    leader.kill()
    for name in w:
        crew.ended(name, "r1")


@pytest.fixture(scope="module")
def leaders(tmp_path_factory, bin_dir, kafka):
    workloads = [
        Workload("in-step").tier("a", 2, stop=0, machine=SLOW).tier("b", 1, stop=1),
        Workload("between").tier("a", 1, stop=0, stop_row={"InterTierOrchestrationDelay": "5"}).tier("b", 1, stop=1),
    ]
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_leaders, producers=2, workers=2, partitions=1)


@pytest.mark.parametrize("name", ["in-step", "between"])
def test_a_leader_that_dies_is_followed_by_another_where_it_stood(leaders, name):
    assert leaders.notes["planned"] == 1
    assert set(leaders.notes["states"]["in-step"].values()) == {"stopping", "running"}
    w = leaders.w[name]
    leaders.judge(name)
    assert leaders.stops(name) == sorted(w.ids("a") + w.ids("b"))
    assert leaders.crew.outcomes(name, "r1") == ("succeeded", {**all_of(w, "a", "done"), **all_of(w, "b", "done")})
    assert {a for attempts in explained(leaders.calls, w).values() for a in attempts} == {1}
