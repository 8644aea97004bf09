"""What every scenario needs: a view, short words for each script, and records with their usual words filled in.

Times are ms after T. They lie far above every window, so that no window can hide a missing check. An epoch or a request
is 0:offset: the log's generation is 0 unless a scenario says otherwise."""
import itertools

import redis

from view import FRESH, P, TAWS, TPUB, TTL

T = 1_000_000
QUAR = FRESH + TTL + TAWS
CONTROL = ("PAUSE", "RESUME", "CANCEL", "HOLD", "UNHOLD")
COUNTS = {
    "ok": (1, 0, 0, 0, 0, 0),
    "failed": (0, 0, 0, 1, 0, 1),
    "unchanged": (0, 1, 0, 0, 0, 0),
    "bypassed": (0, 0, 1, 0, 0, 0),
    "held": (0, 0, 1, 0, 0, 1),
    "doubt": (0, 0, 1, 0, 1, 1),
}
NOBODY = (0,) * 6
names = []  # of the scenarios that ran
off = [0]  # offset of the next record
hist = []  # what was folded since the last start
deaths, ids = itertools.count(), itertools.count()


class Late:
    """Stands for the view under test, and for its Redis, which are known when the scenarios run."""

    def __init__(self, of):
        self._of = of

    def __getattr__(self, name):
        return getattr(self._of(), name)


_under_test = []
V = Late(lambda: _under_test[0])
r = Late(lambda: _under_test[0].r)


def use(view):
    _under_test[:] = [view]


def eq(what, got, want):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def bad(what, f, says=""):
    try:
        x = f()
    except redis.ResponseError as e:
        assert says in str(e), f"{what}: {e}"
        return
    raise AssertionError(f"{what}: no error but {x!r}")


# --- the log
def words(ty, a, **more):
    """The usual words: counts and specs of a plan, deadlines of an acceptance, the id of a control ..."""
    a = list(a)
    if ty == "REQ" and len(a) == 5:
        a.append(more.get("rest", ""))
    if ty == "ACC" and len(a) == 4:
        a += [more.get("dl", 10_000), more.get("pm", 20_000), more.get("spec", "the spec")]
    if ty == "PLAN" and len(a) >= 5:
        a = a[:5] + list(more.get("left", NOBODY)) + [y for j in a[5:] for y in (j, "spec of " + j)]
    if ty == "TERM" and len(a) == 6:
        ep, k, j, out, token, unanswered = a
        a = [ep, k, j, token, unanswered, *(COUNTS[out] if isinstance(out, str) else out)]
    if ty in CONTROL:
        a.insert(0, more.get("id", f"id{next(ids)}"))
    return a


def raw(at, ty, wl, *a, must="", needs="", inc="I1", ts=None, o=None):
    o = off[0] if o is None else o
    if o == 0:
        hist.clear()
    rec = (T + at if ts is None else ts, ty, must, needs, wl, *a)
    x = V.call("fold", T + at, o, rec[0], inc, *rec[1:])
    if x[0] not in ("DUP", "GAP", "NOVIEW", "UPGRADE", "OTHERFV") and o == off[0]:
        off[0] += 1
        hist.append(rec)
    return x


def fold(at, ty, wl, *a, must="", needs="", inc="I1", ts=None, o=None, **more):
    if ty == "VIEW" and len(a) == 1:
        a = (*a, TTL, TAWS)
    return raw(at, ty, wl, *words(ty, a, **more), must=must, needs=needs, inc=inc, ts=ts, o=o)


def skip_to(o, at):
    """Records that decide nothing, up to offset o."""
    for _ in range(off[0], o):
        eq("the position moves", fold(at, "X", "b"), ["IGN"])


def last():
    """The epoch, or request, that the latest record made."""
    return f"0:{off[0] - 1}"


def wipe(at):
    """Everything is lost, built anew from the log, and opened again."""
    r.flushdb()
    V.new(T, hw=off[0])
    for o, (ts, *x) in enumerate(list(hist)):
        V.call("fold", T + at, o, ts, "I1", *x)
    eq("the view again", fold(at, "VIEW", "", "I1"), ["OK"])
    grant()


def start(name, ttl=TTL, taws=TAWS, G=""):
    names.append(name)
    V.reset()
    off[0] = 0
    V.new(T, ttl=ttl, taws=taws, G=G)
    eq("ViewOpened", fold(0, "VIEW", "", "I1"), ["OK"])  # offset 0


def req(at, run, busy="supersede", wl="a", sched="", tick="", act="start", **more):
    return fold(at, "REQ", wl, run, sched, tick, act, busy, **more), last()


def ask(at, run, busy="supersede", nt=1, onfail="continue", delays="", wl="a", act="start", **more):
    """A request and its acceptance -> the acceptance's answer, the epoch."""
    x, o = req(at, run, busy, wl, act=act)
    eq("request", x, ["ADMIT"])
    return fold(at, "ACC", wl, o, nt, onfail, delays, **more), last()


def begin(name, *jobs, nt=1, onfail="continue", delays="", fresh=True, act="start", **more):
    """0 VIEW 1 REQ 2 ACC (the epoch: 0:2) 3 DRAINED 4 PLAN"""
    start(name)
    eq(
        "accepted on an idle workload",
        ask(1, "r1", nt=nt, onfail=onfail, delays=delays, act=act, **more)[0],
        ["DRAIN"],
    )
    eq("nothing to drain", drained(1), [1, "", "0:2"])
    eq("activation plans", fold(2, "DRAINED", "a", "", "0:2"), ["PLAN", 0])
    if jobs:
        eq("plan opens", fold(3, "PLAN", "a", "0:2", "0", "n", 0, 1, *jobs), ["OPEN", 0])
    if fresh:
        grant()


def term(at, job, out="ok", tok="", un="", k=0, ep="0:2", ts=None):
    return fold(at, "TERM", "a", ep, k, job, out, tok, un, ts=ts)


# --- the other scripts
def grant(at=0, until=10**7):
    r.hset(P + ":v", "fresh", T + until)


def claim(at, job, tok, k=0, ep="0:2", wl="a", inc="I1", maxx=3, worker="w"):
    return V.call("claim", T + at, inc, wl, ep, k, job, worker, tok, maxx)


def take(at, limit=10):
    """-> workload|epoch|step|job of each; the spec must be the job's own."""
    out = V.call("take", T + at, limit, TPUB)
    gates = r.zrange(P + ":gates", 0, 0, withscores=True)
    eq("the next gate", out[0], int(gates[0][1]) if gates else -1)
    jobs = [out[i : i + 5] for i in range(1, len(out), 5)]
    for j in jobs:
        assert j[4] in ("spec of " + j[3], ""), j
    return ["|".join(map(str, j[:4])) for j in jobs]


def drained(at, wl="a", inc="I1", useend="1"):
    """until, too, is counted from T."""
    x = V.call("drained", T + at, inc, wl, useend)
    return [0, x[1], x[2] - T if x[2] else 0] if x[0] == 0 else x


def killed(job, k=0, ep="0:2", wl="a", tok=None):
    return V.call("killed", wl, ep, k, job, tok or f"d{next(deaths)}")


def renew(at, *jobs, inc="I1"):
    return V.call("renew", T + at, inc, *[x for j in jobs for x in j])


def release(at, job, tok, due=0, k=0, ep="0:2", un=""):
    return V.call("release", T + at, "a", ep, k, job, tok, due, un)


def beat(at, pos, hw, age=0, mono=None, who="L", inc="I1"):
    return V.call("beat", T + at, inc, who, pos, hw, age, at if mono is None else mono)


def seed(*a):
    return V.call("seed", *a)


# --- what is in the view
def W(f, wl="a"):
    return r.hget(P + ":w:" + wl, f)


def kept(run, wl="a"):
    """request, action, epoch, result, cause, counts"""
    return (r.hget(P + ":r:" + wl, run) or "|||||").split("|")


def result(run, wl="a"):
    return kept(run, wl)[3]


def cause(run, wl="a"):
    return kept(run, wl)[4]


def debts():
    return {k: v - T for k, v in r.zrange(P + ":owed", 0, -1, withscores=True)}


def owed():
    """The debts without the deadlines, which every run has."""
    return {k: v for k, v in debts().items() if not k.startswith("deadline|")}


def since(x):
    return None if x is None else x - T


def gate(k=0, ep="0:2", wl="a"):
    return since(r.zscore(P + ":gates", f"{wl}|{ep}|{k}"))


def due(job, k=0, ep="0:2"):
    return since(r.zscore(f"{P}:d:{ep}:{k}", job))


def lease(job, k=0, ep="0:2"):
    return r.hget(f"{P}:l:{ep}:{k}", job)


def held(id):
    """A hold, read back as a reader does: the tier's bytes are counted."""
    x = W("h:" + id)
    if x is None:
        return None
    u, n, b = x.split("|", 2)
    b = b.encode()
    return u, b[: int(n)].decode(), b[int(n) :].decode()


def hold(at, id, until=500, tier="", inst="", wl="a"):
    return fold(at, "HOLD", wl, id, until, tier, inst)


def calls(f):
    """Redis calls that f costs."""
    r.config_resetstat()
    f()
    ours = ("cmdstat_evalsha", "cmdstat_config|resetstat", "cmdstat_info", "cmdstat_eval")
    return sum(v["calls"] for k, v in r.info("commandstats").items() if k not in ours)
