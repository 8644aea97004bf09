"""The readers' fold in C (common/core/fold) knows after every random history what the view's script knows: field by field.

The histories are those of test.py, with the harm, the stale copies and the malformed records in them. Each record is turned into the
event that carries it, as JSON; the program folds those, and a real Redis folds the script's words for the same."""

import json
import random
import re
import subprocess

import pytest
import server
from test import History, Stat
from view import View

HISTORIES = 8
STEPS = 80
LOOKS = 8  # comparisons within a history, and one at its end
WRONG_KEYS = 0.01


def epoch(text):
    """G:offset as a record writes it; '' is absent, anything else cannot be written."""
    if text == "":
        return None
    generation, offset = re.fullmatch("([0-9]+):([0-9]+)", text).groups()
    return f"{generation}:0:{offset}"


def members(words):
    """Outcomes whose counts are these six."""
    done, unchanged, bypassed, failed, doubt, unsettled = (int(x) for x in words)
    held = unsettled - failed - doubt
    if min(done, unchanged, bypassed, failed, doubt, held, bypassed - doubt - held) < 0 or done > 1000:
        raise ValueError("no outcomes have such counts")
    kinds = [("done", "")] * done + [("unchanged", "")] * unchanged + [("failed", "timed-out")] * failed
    kinds += [("bypassed", "override-unknown")] * doubt + [("bypassed", "held")] * held
    kinds += [("bypassed", "ignore-stop")] * (bypassed - doubt - held)
    return [{"id": f"i-{n:08x}", "outcome": o, "cause": c} for n, (o, c) in enumerate(kinds)]


def delays(nt, text):
    """Whole seconds for each step, from the history's ms; the longest texts that are and are not allowed."""
    if not re.fullmatch("[0-9,]*", text):
        raise ValueError("no number")
    if text.startswith("7,,"):
        over = len(text) > 2000
        return [100000] * (199 - over) + [1000000] * (1 + over)
    each = text.split(",")
    return [int(each[i] or 0) if i < len(each) else 0 for i in range(nt)]


SPEC = {
    "workload": "a", "region": "eu-west-1", "filter_key": "k", "filter_value": "v", "tier_key": "t", "on_failure": "halt",
}  # fmt: skip


class Mapped:
    """One record: the event's fields, and the words that the script gets for it."""

    def __init__(self, ty, words):
        self.words = list(words)
        self.fields = getattr(self, ty)(*words)

    def REQ(self, run, sched, tick, act, busy, rest):
        origin = {"kind": "schedule" if sched else "cli"}
        if sched:
            origin.update(schedule=sched, tick=int(tick))
        fields = dict(type="RunRequested", run=run, action=act, origin=origin, if_busy=busy)
        if len(rest) > 2000:
            fields["tiers"] = ["t" * 200 + str(i) for i in range(10)]
        return fields

    def ACC(self, request, nt, onfail, text, dl, pm, _):
        waits = delays(int(nt), text)
        self.words[1:5] = [len(waits), onfail, ",".join(str(s * 1000) for s in waits), dl]
        return dict(
            type="RunAccepted", run="r", action="stop", request=epoch(request), on_failure=onfail, deadline_s=int(dl), pause_s=int(pm),
            members=1, spec=SPEC, steps=[{"tiers": ["t"], "delay_s": s} for s in waits],
        )  # fmt: skip

    def REF(self, request, cause):
        return dict(type="RunRefused", run="r", request=epoch(request), cause=cause)

    def DRAINED(self, old, new):
        return dict(type="Drained", old_epoch=epoch(old), next_epoch=epoch(new))

    def PLAN(self, ep, k, nonce, i, m, *more):
        if len(more) % 2:
            raise ValueError("a job without its text")
        tier = dict(
            tier="t", kind="ec2", left_out=members(more[:6]), jobs=[{"job": j, "members": []} for j in more[6::2]],
            options=dict(region="eu-west-1", filter_key="k", filter_value="v", tier_key="t", on_failure="halt", timeout_s=1, accepted_ms=1),
        )  # fmt: skip
        return dict(
            type="TierPlanned", run="r", action="stop", epoch=epoch(ep), step=int(k), plan=nonce, part=int(i), parts=int(m), tiers=[tier]
        )  # fmt: skip

    def PLANFAIL(self, ep, k, cause):
        return dict(type="PlanFailed", run="r", epoch=epoch(ep), step=int(k), cause=cause)

    def TERM(self, ep, k, j, token, unanswered, *n):
        return dict(
            type="JobTerminal", run="r", epoch=epoch(ep), step=int(k), tier="t", job=j, attempt=1, token=token or "-", worker="w",
            unanswered=unanswered == "1", members=members(n),
        )  # fmt: skip

    def control(self, ty, id_, run, *cause):
        return dict(type=ty, id=id_, run=run, **({"cause": cause[0]} if cause else {}))

    def PAUSE(self, *a):
        return self.control("Pause", *a)

    def RESUME(self, *a):
        return self.control("Resume", *a)

    def CANCEL(self, *a):
        return self.control("Cancel", *a)

    def HOLD(self, id_, hold, until, tier, instance):
        return dict(
            type="HoldSet", id=id_, hold=hold, until_ms=int(until), scope={"tier": tier or None, "instance": instance or None}
        )

    def UNHOLD(self, id_, hold):
        return dict(type="HoldCleared", id=id_, hold=hold)

    def VIEW(self, inc, ttl, taws):
        return dict(type="ViewOpened", inc=inc, ttl_ms=int(ttl), taws_ms=int(taws))

    def FIN(self, run):
        counts = dict.fromkeys(("done", "unchanged", "bypassed", "failed", "doubt", "unsettled"), 0)
        return dict(type="RunFinished", run=run, result="failed", counts=counts)

    def NEWTYPE(self, _):
        return dict(type="NewType")


def mapped(ts, rec, rnd):
    """-> the program's line without its offset, the script's words from the type on."""
    ty, must, needs, wl, *words = rec
    nothing = ["-", "", "", ""]
    key = "other" if wl and rnd.random() < WRONG_KEYS else wl.replace("\0", "?")  # our JSON carries no NUL
    try:
        m = Mapped(ty, words)
    except (ValueError, AttributeError):  # it cannot be written as an event: nobody can append it
        return dict(ts=ts, key=key, value="{}"), nothing
    value = {"v": 1, **m.fields, "must": must == "1", "needs": needs.split(), "workload": wl or None}
    text = json.dumps({k: x for k, x in value.items() if x is not None})
    known = "?NewType" if ty == "NEWTYPE" else ty
    return dict(ts=ts, key=key, value=text), nothing if key != wl else [known, must, needs, wl, *map(str, m.words)]


class Program:
    def __init__(self, path, generation):
        self.child = subprocess.Popen([path, "0", "1", generation], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.generation = generation

    def ask(self, line):
        self.child.stdin.write(json.dumps(line) + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline()

    def fold(self, line):
        """-> its answer, whether it could read the record."""
        answer, how = self.ask(line).strip().split(" ", 1)
        return answer, how == "parsed"

    def shown(self, name):
        return json.loads(self.ask({"show": name}))

    def end(self):
        self.child.stdin.close()
        assert self.child.wait(10) == 0


def at(generation, offset):
    return "" if offset == -1 else f"{generation}:{offset}"


def counted(c):
    return ",".join(map(str, c))


def hash_of(c, g):
    """The workload's hash in the view, from what the program shows."""
    h = dict(st=c["st"], last=c["last"])
    h.update({k: x for k, x in (("cnt", c["cnt"]), ("hv", c["hv"]), ("ids", ",".join(c["ids"]))) if x})
    if "run" in c:
        h.update({k: c[k] for k in ("run", "act", "nt", "step", "planned", "open", "gate", "onfail", "dl", "pm")})
        h.update(ep=at(g, c["ep"]), delays=counted(c["delays"]))
        h.update({k: c[k] for k in ("fo", "dleft") if c[k] != -1})
        h.update({k: c[k] for k in ("res", "why") if c[k]})
        if c["res"]:
            h["end"] = c["end"]
        h.update(zip(("done", "unchanged", "bypassed", "failed", "doubt", "unsettled"), c["counts"], strict=True))
        h.update({f"lo:{k}": counted(n) for k, n in c["lo"].items()})
        if c["pn"]:
            h.update(pn=f"{c['pn']}|{c['pm_parts']}", pp=c["pp"], pc=counted(c["pc"]))
    if "next" in c:
        q = c["next"]
        h.update({k: q[k] for k in ("qrun", "qact", "qonf", "qnt", "qdl", "qpm")}, q=at(g, q["q"]), qdelays=counted(q["qdelays"]))
        if q["qp"]:
            h["qp"] = 1
    h.update({"t:" + k: x for k, x in c["ticks"].items()})
    h.update({"h:" + k: f"{u}|{len(t.encode())}|{t}{i}" for k, (u, t, i) in c["holds"].items()})
    finishes = sum(r["finish"] != -1 for r in c["runs"].values())
    if finishes:
        h["nf"] = finishes
    return {k: str(x) for k, x in h.items()}


def owed_of(name, c, g):
    o = {f"{k}|{name}": c[k] for k in ("drain", "plan", "deadline") if c[k] != -1}
    o.update({f"admit|{name}|{at(g, q['request'])}": q["admit"] for q in c["waiting"]})
    o.update({f"finish|{name}|{run}": r["finish"] for run, r in c["runs"].items() if r["finish"] != -1})
    return o


def compare(program, view, names, where):
    got = view.durable(view.dump())
    g, owed = program.generation, {}
    for name in names:
        c = program.shown(name)
        assert (str(c["applied"]), str(c["runs_accepted"])) == (got["applied"], got["runs"]), where
        if "st" not in c:
            assert name not in got["w"], (where, name)
            continue
        owed.update(owed_of(name, c, g))
        w = got["w"][name]
        assert hash_of(c, g) == w["w"], (where, name)
        waiting = {at(g, q["request"]): f"{q['action']}|{q['busy']}|{'1' if q['paused'] else ''}|{q['run']}" for q in c["waiting"]}
        assert waiting == {k: "|".join(x.split("|", 4)[:4]) for k, x in w["a"].items()}, (where, name)
        runs = {
            run: "|".join(
                (at(g, r["request"]), r["action"], at(g, r["epoch"]), r["result"], r["cause"], counted(r["counts"][:5]))
            )
            for run, r in c["runs"].items()
        }
        assert runs == w["r"], (where, name)
        if "run" in c and not c["res"]:
            assert {k: x for k, x in c["p"].items() if x} == w["p"], (where, name)
    assert owed == {k: x for k, x in got["owed"].items()}, where


def replay(program, view, history, rnd):
    looks = set(rnd.sample(range(len(history.log)), min(LOOKS, len(history.log))))
    seen = Stat()
    for offset, (ts, rec) in enumerate(history.log):
        line, words = mapped(ts, rec, rnd)
        answer, read = program.fold({**line, "offset": offset})
        if not read:
            words = ["-", "", "", ""]
        said = view.call("fold", ts, offset, ts, "I1", *words)[0]
        assert (answer == "IGN") == (said == "IGN"), (history.seed, offset, rec, answer, said)
        seen[said] += 1
        if offset in looks:
            compare(program, view, history.names, (history.seed, offset))
    compare(program, view, history.names, (history.seed, "end"))
    return seen


@pytest.fixture(scope="module")
def views():
    sock = server.start()
    return [View(sock, n) for n in range(3)]


@pytest.mark.timeout(60)
def test_the_fold_in_c_knows_what_the_script_knows(bin_dir, views):
    A, B, C = views
    total = Stat()
    for seed in range(HISTORIES):
        history = History(seed, A, B, Stat())
        history.seed = seed
        history.run(STEPS)
        C.reset()
        C.new(history.log[0][0], G="" if history.G == "0" else history.G)
        program = Program(bin_dir.parent / "protocol" / "protocol_fold", history.G)
        for k, n in replay(program, C, history, random.Random(seed)).items():
            total[k] += n
        program.end()
    # what was not there was not compared
    assert min(total[k] for k in ("OK", "IGN", "ADMIT", "DRAIN", "PLAN", "OPEN", "DONE")) >= 10, total


@pytest.mark.parametrize(
    "more", [{"type": "NewType"}, {"type": "TierCompleted", "step": 0, "tiers": []}, {"type": "Drained", "needs": ["word"]}]
)
def test_a_record_that_may_not_be_skipped_stops_the_fold(bin_dir, views, more):
    program = Program(bin_dir.parent / "protocol" / "protocol_fold", "0")
    value = json.dumps({"v": 1, "workload": "a", "must": True, **more})
    assert program.fold({"offset": 0, "ts": 1, "key": "a", "value": value}) == ("UPGRADE", True)
    assert program.fold({"offset": 0, "ts": 1, "key": "a", "value": "{}"})[0] == "IGN"
    program.end()


def test_what_was_folded_is_not_folded_again_and_nothing_is_skipped(bin_dir):
    program = Program(bin_dir.parent / "protocol" / "protocol_fold", "0")
    line = {"ts": 1, "key": "a", "value": "{}"}
    assert [program.fold({**line, "offset": o})[0] for o in (0, 0, 2, 1)] == ["IGN", "DUP", "GAP", "IGN"]
    program.end()

