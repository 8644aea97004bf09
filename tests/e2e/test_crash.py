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
    assert "does not start yet" in death.notes["status"] or "at the earliest" in death.notes["status"], death.notes["status"]
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


# ---- Redis forgets, all or nothing ----


def play_redis(d):
    crew, w = d.crew, d.w
    for name, hit in (("flushed", flush), ("restarted", lambda r: r.restart()), ("emptied", empty)):
        crew.go("stop", name, "r1")
        crew.until_seen("StopInstances", w[name].ids("a"))
        hit(crew.redis)
        crew.ended(name, "r1")
        d.notes[name] = crew.outcomes(name, "r1")


def flush(server):
    with server.client() as r:
        r.flushall()


def empty(server):
    """Killed, and started without anything that it had kept."""
    server.kill()
    kept = server.folder / "appendonlydir"
    assert any(kept.iterdir())
    for path in kept.iterdir():
        path.unlink()
    server.start()


@pytest.fixture(scope="module")
def redis_dies(tmp_path_factory, bin_dir, kafka):
    workloads = [
        Workload(name).tier("a", 2, stop=0, machine=SLOW).tier("s", 2, stop=1, sync=True).tier("b", 1, stop=2)
        for name in ("flushed", "restarted", "emptied")
    ]  # fmt: skip
    redis = RedisServer(tmp_path_factory.mktemp("r"), port=True, appendonly="always")
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_redis, redis=redis, producers=2, workers=2, partitions=1)


@pytest.mark.parametrize("name", ["flushed", "restarted", "emptied"])
def test_a_run_survives_what_redis_forgets(redis_dies, name):
    w = redis_dies.w[name]
    redis_dies.judge(name)
    assert redis_dies.stops(name) == sorted(m["id"] for m in w.machines)
    result, members = redis_dies.notes[name]
    assert result == "succeeded" and {o for o, _ in members.values()} == {"done"} and len(members) == 5


def test_the_view_was_built_anew_where_it_was_lost_and_only_there(redis_dies):
    openings = of(redis_dies.records, "ViewOpened")
    incs = list(dict.fromkeys(r["inc"] for r in openings))
    assert len(incs) == 3  # the first server, and both after its restarts; FLUSHALL keeps the run_id
    assert len([r for r in openings if r["inc"] == incs[0]]) >= 2


# ---- the broker dies ----


def play_broker(d):
    crew, w = d.crew, d.w
    crew.go("stop", "brokerless", "r1")
    crew.until_seen("StopInstances", w["brokerless"].ids("a"))
    crew.kafka.brokers[0].restart()
    crew.ended("brokerless", "r1")


@pytest.fixture(scope="module")
def broker_dies(tmp_path_factory, bin_dir, kafka):
    workloads = [Workload("brokerless").tier("a", 2, stop=0, machine=SLOW).tier("b", 1, stop=1)]
    yield from stage(tmp_path_factory, bin_dir, kafka, workloads, play_broker, workers=2)


def test_a_run_survives_the_death_of_its_broker(broker_dies):
    w = broker_dies.w["brokerless"]
    broker_dies.judge("brokerless")
    assert broker_dies.stops("brokerless") == sorted(m["id"] for m in w.machines)
    result, members = broker_dies.crew.outcomes("brokerless", "r1")
    assert result == "succeeded" and {o for o, _ in members.values()} == {"done"}


# ---- AWS errs, guests lie, people change their minds ----

MARK, NONCE = "EC2SCHED-OVERRIDE", "0" * 32
LIES = (
    "", "ABSENT\n", f"{MARK} ABSENT\n", f"{MARK} {NONCE} ABSENT\n", f"{MARK} {NONCE} ABSENT\n" * 2, "\x1b[2J\x07ABSENT" * 3,
    "x" * 24000, f"{MARK} {NONCE} ABSENT PRESENT\n", '{"found": "ABSENT"}',
)  # fmt: skip


def erring():
    w = {
        x.name: x
        for x in (
            Workload("unanswered").tier("a", 2, stop=0, start=0, machine=SLOW),
            Workload("throttled").tier("a", 2, stop=0).tier("b", 1, stop=1),
            Workload("html").tier("a", 2, stop=0).tier("b", 1, stop=1),
            Workload("one-id", FailurePolicy="continue").tier("a", 3, stop=0).tier("b", 1, stop=1),
            Workload("lies").tier("a", len(LIES) + 1, stop=0, stop_row=ASK, machine=[
                *({"agent": {"os": "Linux", "stdout": text}} for text in LIES), {}]).tier("b", 1, stop=1),
            Workload("superseded").tier("a", 2, stop=0, start=1, machine=SLOW).tier("b", 1, stop=1, start=0),
            Workload("cancelled").tier("a", 2, stop=0, machine=SLOW).tier("b", 1, stop=1),
            Workload("unplanned", WorkloadRegion="us-west-2").tier("a", 1, stop=0, machine={"region": "us-west-2"}),
            Workload("denied", WorkloadRegion="us-east-2").tier("a", 1, stop=0, machine={"region": "us-east-2"}),
        )
    }  # fmt: skip
    stop, look = "StopInstances", "DescribeInstances"
    bad = w["one-id"].ids("a")[1]
    return w, bad, [
        {"match": {"operation": stop, "ids": w["unanswered"].ids("a"), "nth": 1}, "effect": {"drop": "after"}},
        {"match": {"operation": stop, "ids": w["throttled"].ids("a"), "first": 3}, "effect": {"throttle": True}},
        {"match": {"operation": stop, "ids": w["html"].ids("a"), "first": 1}, "effect": {"html": 503}},
        {"match": {"operation": stop, "ids": [bad]},
         "effect": {"error": {"code": "InvalidInstanceID.NotFound", "status": 400, "message": f"The instance ID '{bad}' does not exist"}}},
        {"match": {"operation": look, "region": "us-west-2", "nth": [2, 3, 4]},
         "effect": {"error": {"code": "InvalidParameterValue", "status": 400, "message": "no"}}},
        {"match": {"operation": look, "region": "us-east-2", "nth": [2, 3]},
         "effect": {"error": {"code": "UnauthorizedOperation", "status": 403, "message": "You are not authorized"}}},
    ]  # fmt: skip


def play_errors(d):
    crew, w = d.crew, d.w
    for name in w:
        crew.go("stop", name, "r1")
    crew.until_seen("StopInstances", w["superseded"].ids("a") + w["cancelled"].ids("a"))
    crew.go("start", "superseded", "r2", "--if-busy", "supersede")
    d.notes["cancel"] = crew.cli("cancel", "cancelled@r1")
    crew.ended("unanswered", "r1")
    crew.go("start", "unanswered", "r2")
    for name in ("throttled", "html", "denied"):
        crew.ended(name, "r1")
    for name in ("one-id", "lies", "superseded", "cancelled", "unplanned"):
        crew.ended(name, "r1", 1)
    for name in ("superseded", "unanswered"):
        crew.ended(name, "r2")


@pytest.fixture(scope="module")
def errors(tmp_path_factory, bin_dir, kafka):
    w, bad, faults = erring()
    faults = [{"name": f"f{n}", **f} for n, f in enumerate(faults)]
    for drama in stage(tmp_path_factory, bin_dir, kafka, w.values(), play_errors, faults=faults, producers=2, workers=2):
        drama.notes["bad"] = bad
        yield drama


def test_a_stop_whose_reply_was_lost_is_not_sent_again_and_holds_back_the_next_run(errors):
    w = errors.w["unanswered"]
    errors.judge("unanswered")
    calls = [c for c in changing(mine(errors.calls, w)) if c["operation"] == "StopInstances"]
    assert len(calls) == 1 and calls[0]["fault"]
    assert errors.crew.outcomes("unanswered", "r1") == ("succeeded", all_of(w, "a", "done"))
    terminal = one(of(errors.records, "JobTerminal", "unanswered", "r1"))
    assert terminal["unanswered"] is True
    begun = one(r for r in of(errors.records, "Drained", "unanswered") if r["run"] == "r2")
    assert begun["kafka_ms"] - terminal["kafka_ms"] >= FENCE_S * 1000
    assert errors.crew.outcomes("unanswered", "r2") == ("succeeded", all_of(w, "a", "done"))


@pytest.mark.parametrize("name", ["throttled", "html"])
def test_a_stop_that_aws_turned_away_is_sent_again_until_it_is_taken(errors, name):
    w = errors.w[name]
    errors.judge(name)
    assert errors.stops(name) == sorted(m["id"] for m in w.machines)
    assert errors.crew.outcomes(name, "r1") == ("succeeded", {**all_of(w, "a", "done"), **all_of(w, "b", "done")})


def test_an_id_that_ec2_does_not_know_is_failed_alone(errors):
    w, bad = errors.w["one-id"], errors.notes["bad"]
    errors.judge("one-id", aside=[bad])
    result, members = errors.crew.outcomes("one-id", "r1")
    assert result == "partial" and members.pop(bad)[0] == "failed"
    assert members == {i: ("done", "") for i in [x for x in w.ids("a") if x != bad] + w.ids("b")}
    assert errors.state("one-id")[bad] == "running"


def test_a_guest_whose_output_is_not_the_one_answer_is_never_stopped(errors):
    w = errors.w["lies"]
    errors.judge("lies", aside=w.ids("a"))
    *liars, honest = w.ids("a")
    assert errors.crew.outcomes("lies", "r1") == ("halted", {**{i: ("bypassed", "override-unknown") for i in liars}, honest: ("done", "")})
    assert errors.stops("lies") == [honest]


def test_a_run_that_supersedes_another_begins_when_nothing_of_it_can_land(errors):
    w = errors.w["superseded"]
    errors.judge("superseded")
    assert errors.crew.outcomes("superseded", "r1")[0] == "superseded"
    assert errors.crew.outcomes("superseded", "r2")[0] == "succeeded"
    assert set(errors.state("superseded").values()) == {"running"}
    assert not {i for c in changing(mine(errors.calls, w)) if c["run"] == "r1" for i in c["ids"]} & set(w.ids("b"))


def test_a_cancelled_run_begins_no_further_step(errors):
    w = errors.w["cancelled"]
    errors.judge("cancelled")
    assert errors.notes["cancel"].returncode == 0, errors.notes["cancel"].stderr
    assert errors.crew.outcomes("cancelled", "r1")[0] == "cancelled"
    assert errors.stops("cancelled") == sorted(w.ids("a"))
    assert errors.state("cancelled")[one(w.ids("b"))] == "running"


def test_a_step_that_aws_refuses_to_describe_fails_soon_and_says_why(errors):
    failed = one(of(errors.records, "PlanFailed", "unplanned"))
    assert failed["cause"] == "refused-by-ec2" and "InvalidParameterValue" in failed["detail"]
    waits = of(errors.records, "PlanDelayed", "unplanned")
    assert waits and waits[0]["cause"] == "refused-by-ec2"
    assert errors.crew.outcomes("unplanned", "r1")[0] == "failed"
    assert errors.stops("unplanned") == []


def test_a_denial_that_somebody_mends_in_time_is_told_and_does_not_end_the_run(errors):
    assert [r["cause"] for r in of(errors.records, "PlanDelayed", "denied")] == ["denied"]
    assert errors.crew.outcomes("denied", "r1") == ("succeeded", all_of(errors.w["denied"], "a", "done"))
