"""One Redis data set, the product's scripts on it, and what the test knows of leases ever granted there."""
import json
import os

import redis

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.environ.get("SCRIPTS", os.path.join(HERE, "..", "..", "common", "view", "scripts"))
NAMES = (
    "fold",
    "claim",
    "renew",
    "release",
    "take",
    "sent",
    "beat",
    "drained",
    "killed",
    "seed",
    "snap",
    "owed",
    "peek",
    "lead",
    "published",
)
P = "{t:7}"
FRESH, TTL, TAWS, TPUB = 5000, 100, 300, 50
DUMP = """local o = {}
for _, k in ipairs(redis.call('KEYS', '*')) do
  local t = redis.call('TYPE', k).ok
  local x = t == 'hash' and redis.call('HGETALL', k) or t == 'set' and redis.call('SMEMBERS', k)
    or t == 'zset' and redis.call('ZRANGE', k, 0, -1, 'WITHSCORES') or {redis.call('GET', k)}
  o[#o + 1] = {k, t, #x > 0 and x or ''}
end
return cjson.encode(o)"""


def pairs(x):
    return dict(zip(x[::2], x[1::2])) if x else {}


class View:
    def __init__(self, sock, db):
        self.sock, self.db = sock, db
        self.r = redis.Redis(unix_socket_path=sock, db=db, decode_responses=True)
        self.S = {n: self.r.register_script(open(f"{SCRIPTS}/{n}.lua").read()) for n in NAMES}
        self.dumper = self.r.register_script(DUMP)

    def reset(self):
        self.r.flushdb()
        self.pos = 0
        self.inc = "I1"
        self.ghost = []  # every lease ever granted
        self.unans = []  # calls without an answer
        self.decided = set()  # epochs for which Drained was decided
        self.mono = 0
        self.beatat = None
        self.deaths = 0
        self.checks = 0

    def call(self, n, *a):
        return self.S[n]([P], list(a))

    def new(self, now, L=0, hw=0, ttl=TTL, taws=TAWS, G=""):
        assert self.call("seed", "BEGIN", "n0", "") == [1]
        assert self.call("seed", "END", "n0", L, hw, ttl, taws, G) == [1]

    def dump(self):
        return {k: (t, x) for k, t, x in json.loads(self.dumper())}

    def save(self):
        b = redis.Redis(unix_socket_path=self.sock, db=self.db)
        return [(k, b.dump(k)) for k in b.keys("*")]

    def load(self, copy):
        b = redis.Redis(unix_socket_path=self.sock, db=self.db)
        b.flushdb()
        for k, x in copy:
            b.restore(k, 0, x)

    # --- what is in it, against the independent fold
    def durable(self, d):
        owed = pairs(d.get(P + ":owed", ("", ""))[1])
        v = pairs(d[P + ":v"][1])
        o = dict(
            w={},
            owed={k: float(x) for k, x in owed.items() if not k.startswith("snap|")},
            applied=v["applied"],
            runs=v.get("runs", "0"),
            log=v["log"],
        )
        for k, (t, x) in d.items():
            if not k.startswith(P + ":w:"):
                continue
            n, h = k[len(P) + 3 :], pairs(x)
            for f in ("z", "clr", "woff"):
                h.pop(f, 0)
            h.setdefault("st", "I")
            if h.get("nf") == "0":
                del h["nf"]
            p, s, f = {}, {}, {}
            if "ep" in h and "res" not in h:
                for kk, (_, xx) in d.items():
                    if kk.startswith(f"{P}:p:{h['ep']}:"):
                        p[kk.rsplit(":", 1)[1]] = sorted(xx)
                    if kk.startswith(f"{P}:s:{h['ep']}:"):
                        s[kk.rsplit(":", 1)[1]] = pairs(xx)
                f[h["ep"]] = d[f"{P}:f:{h['ep']}"][1][0]
            if "q" in h:
                f[h["q"]] = d[f"{P}:f:{h['q']}"][1][0]
            o["w"][n] = dict(
                w=h,
                a=pairs(d.get(f"{P}:a:{n}", ("", ""))[1]),
                r=pairs(d.get(f"{P}:r:{n}", ("", ""))[1]),
                p=p,
                s=s,
                f=f,
            )
        return o

    def check(self, ref, now, asofs):
        d = self.dump()
        got, want = self.durable(d), ref.durable()
        if got != want:
            for n in want["w"]:
                for part in want["w"][n]:
                    assert got["w"].get(n, {}).get(part) == want["w"][n][part], (
                        n,
                        part,
                        got["w"].get(n, {}).get(part),
                        want["w"][n][part],
                    )
            assert got == want, [(k, got[k], want[k]) for k in want if k != "w"] + [
                set(got["w"]) ^ set(want["w"])
            ]
        self.check_timers(d, ref, now, asofs)
        self.checks += 1
        self.check_owed(d, ref, now)
        if self.checks % 4 == 0:
            for n in ref.w:
                self.check_peek(d, now, n)

    def check_timers(self, d, ref, now, asofs):
        owed = pairs(d.get(P + ":owed", ("", ""))[1])
        gates = {k: float(v) for k, v in pairs(d.get(P + ":gates", ("", ""))[1]).items()}
        quar = float(pairs(d[P + ":v"][1]).get("quar", 0))
        live, frozen = set(), set()
        for n, w in ref.w.items():
            if w.last < 0:
                continue
            if ref.rest(w):
                assert ("snap|" + n) in owed or w.last <= asofs.get(n, -1), ("snapshot not owed", n)
            else:
                assert ("snap|" + n) not in owed, ("snapshot owed while not at rest", n)
            c, late = w.cur, 0
            hw = pairs(d[f"{P}:w:{n}"][1])
            assert c or "clr" not in hw, ("clr outlived its run", n)
            if w.succ:
                frozen.add(w.succ["ep"])
            if not c:
                continue
            live.add(c["ep"])
            for k in range(c["nt"]):
                e = f"{c['ep']}:{k}"
                D = {j: float(x) for j, x in pairs(d.get(f"{P}:d:{e}", ("", ""))[1]).items()}
                L = {j: float(x.split("|")[1]) for j, x in pairs(d.get(f"{P}:l:{e}", ("", ""))[1]).items()}
                pend = set(d.get(f"{P}:p:{e}", ("", []))[1])
                assert set(D) == pend | set(L), ("I_due", n, k, D, pend, L)
                for j in L:
                    assert D[j] == L[j], ("leased job not due at its deadline", n, k, j)
                m = f"{n}|{c['ep']}|{k}"
                want_gate = w.st == "R" and k <= c["open"] and bool(D)
                assert (m in gates) == want_gate, ("gate", m, gates, w.st)
                if want_gate:
                    low = max(min(D.values()), c["gate"] if k == c["step"] else 0)
                    g = gates.pop(m)
                    guarded = k == c["open"] and c["fo"] and int(hw.get("clr", 0)) < k
                    put = (
                        max(quar, float(hw.get("z", -TAWS)) + TAWS, late) if guarded else 0
                    )  # put off by the step guard, and only then
                    assert low <= g <= max(low, put, now), ("gate score", m, g, low, put, now)
                late = max([late, *(x + TAWS for x in L.values())])
        assert not gates, ("stray gates", gates)
        for k in d:
            q = k[len(P) + 1 :].split(":")
            if q[0] in ("p", "l", "d", "s", "n", "x", "k", "pub", "f"):
                ep = ":".join(q[1:3])
                assert ep in live or q[0] == "f" and ep in frozen, ("leaked key", k)

    def check_owed(self, d, ref, now):
        zset = sorted((float(at), m.encode(), m) for m, at in pairs(d.get(P + ":owed", ("", ""))[1]).items())
        want, plain = [], {
            f"{e[0]}|{e[1]}|{e[3]}" if e[0] in ("admit", "finish") else f"{e[0]}|{e[1]}": e
            for e in ref.due(now)
        }
        for at, _, m in zset:
            if at > now:
                continue
            if m.startswith("snap|"):
                h = {k: x for k, x in pairs(d[f"{P}:w:{m[5:]}"][1]).items() if k not in ("z", "clr", "woff")}
                want.append(
                    [
                        "snap",
                        m[5:],
                        int(at),
                        ref.applied,
                        ref.G,
                        "1",
                        h,
                        pairs(d.get(f"{P}:r:{m[5:]}", ("", ""))[1]),
                    ]
                )
            else:
                want.append(plain[m])
        later = [int(at) for at, _, _ in zset if at > now]
        assert len(plain) == sum(x[0] != "snap" for x in want)
        for limit, skip in ((1000, 0), (1, 1)):
            got = self.call("owed", now, limit, skip)
            assert got[0] == min(later, default=-1), ("owed: next", got[0], later)
            got = [x[:6] + [pairs(x[6]), pairs(x[7])] if x[0] == "snap" else x for x in got[1:]]
            assert got == want[skip : skip + limit], ("owed", got, want)

    def check_peek(self, d, now, wl):
        got = self.call("peek", now, wl)
        h, v = pairs(d.get(f"{P}:w:{wl}", ("", ""))[1]), pairs(d[P + ":v"][1])
        names = ("applied", "log", "fv", "inc", "fresh", "quar", "ttl", "taws")
        assert pairs(got[0]) == {**{k: v.get(k, "") for k in names}, "now": str(now)}, (
            "peek: view",
            got[0],
            v,
        )
        assert pairs(got[1]) == h and pairs(got[5]) == pairs(d.get(f"{P}:r:{wl}", ("", ""))[1]), (
            "peek",
            got[1],
            h,
        )
        assert sorted(got[2]) == sorted(
            [o, *x.split("|", 4)] for o, x in pairs(d.get(f"{P}:a:{wl}", ("", ""))[1]).items()
        ), got[2]
        steps = []
        for k in range(int(h["planned"]) + 1 if "ep" in h else 0):
            e = f"{h['ep']}:{k}"
            leases = [int(x.split("|")[1]) for x in pairs(d.get(f"{P}:l:{e}", ("", ""))[1]).values()]
            due = [float(x) for x in pairs(d.get(f"{P}:d:{e}", ("", ""))[1]).values()]
            steps.append(
                [
                    k,
                    len(pairs(d.get(f"{P}:s:{e}", ("", ""))[1])),
                    len(d.get(f"{P}:p:{e}", ("", ()))[1]),
                    sum(x > now for x in leases),
                    sum(x <= now for x in leases),
                    int(min(due, default=-1)),
                ]
            )
        assert got[3] == steps, ("peek: steps", got[3], steps)
        debts = {}
        for m, at in pairs(d.get(P + ":owed", ("", ""))[1]).items():
            kind, name, *more = m.split("|")
            if name == wl and kind != "admit":
                debts["|".join([kind, *more])] = int(float(at))
        assert pairs(got[4]) == debts, ("peek: debts", got[4], debts)

    # --- lease traffic; every grant is checked against everything ever granted here, also before a wipe
    def beat(self, now, hw):
        if self.beatat is not None:
            self.mono += now - self.beatat
        self.beatat = now
        return self.call("beat", now, self.inc, "ld", self.pos - 1, hw, 0, self.mono)

    def take(self, now, limit):
        """-> the jobs, each workload ep step job spec."""
        out = self.call("take", now, limit, TPUB)
        gates = [x for _, x in self.r.zrange(P + ":gates", 0, 0, withscores=True)]
        assert out[0] == int(min(gates, default=-1)), ("take: next", out[0], gates)
        return [tuple(out[i : i + 5]) for i in range(1, len(out), 5)]

    def claim(self, now, wl, ep, k, j, tok, maxx=99):
        b = self.before(wl, ep, k, now)
        a = self.call("claim", now, self.inc, wl, ep, k, j, "w", tok, maxx)
        dead = int((self.r.hget(f"{P}:k:{ep}", j) or "0").split("|")[0])
        if a[0] == "POISON":
            assert dead >= 3 or a[1] > maxx, (a, dead)
        if a[0] == "OK":
            assert ep not in self.decided, ("P5: granted after Drained was decided", ep)
            self.stat["guard " + b[0]] += 1
            assert dead < 3, ("a killer granted", j, dead)
            assert b[1] <= now, ("granted before the step may start", b, ep, k, now)
            if b[0] != "none":  # whatever the view knows: nothing of an earlier step can land any more
                for g in self.ghost:
                    landing = g["ep"] == ep and g["k"] < int(k) and not g["closed"] and g["dl"] + TAWS > now
                    assert not landing, ("a request of an earlier step may land", g, k, now, b)
            self.ghost.append(dict(wl=wl, ep=ep, k=int(k), j=j, tok=tok, dl=a[2], closed=False))
        return a

    def before(self, wl, ep, k, now):
        """What the guard has to wait for, computed from the view by other means."""
        h, v = self.r.hgetall(f"{P}:w:{wl}"), self.r.hgetall(P + ":v")
        if h.get("ep") != ep or str(k) != h["open"] or int(h.get("fo", 0)) == 0:
            return "none", 0
        if int(h.get("clr", -1)) >= int(k):
            return "cleared", 0
        L = [int(x.split("|")[1]) for i in range(int(k)) for x in self.r.hvals(f"{P}:l:{ep}:{i}")]
        return "asked", max(
            [int(v.get("quar", 0)), int(h["z"]) + TAWS if "z" in h else 0]
            + [x if x > now else x + TAWS for x in L]
        )

    def killed(self, wl, ep, k, j):
        """Counts only what is current, open and pending; no durable field moves."""
        h, was = self.r.hgetall(f"{P}:w:{wl}"), self.r.hgetall(f"{P}:k:{ep}")
        fits = h.get("ep") == ep and int(k) <= int(h["open"]) and self.r.sismember(f"{P}:p:{ep}:{k}", j)
        n = int(was.get(j, "0|").split("|")[0]) + 1
        self.deaths += 1
        a = self.call("killed", wl, ep, k, j, f"d{self.deaths}")
        want = {**was, j: f"{n}|d{self.deaths}"} if fits else was
        self.stat["killed"] += a > 0
        if self.deaths % 3 == 0:
            assert self.call("killed", wl, ep, k, j, f"d{self.deaths}") == a, "one death told twice"
        assert a == (n if fits else 0) and self.r.hgetall(f"{P}:k:{ep}") == want, ("killed", a, was, fits)
        assert self.r.hgetall(f"{P}:w:{wl}") == h, ("killed", a, was, fits)
        return a

    def drained(self, now, wl, useend):
        a = self.call("drained", now, self.inc, wl, useend)
        if a[0] == 0 and a[2]:
            keep = self.r.hget(P + ":v", "fresh")
            self.r.hset(P + ":v", "fresh", a[2] + 1)
            b, e = [self.call("drained", t, self.inc, wl, useend) for t in (a[2] - 1, a[2])]
            self.r.hset(P + ":v", "fresh", keep)
            self.stat["until"] += 1
            assert a[2] > now and b[0] == 0 and (a[1] != "signature window" or e[0] == 1), (
                "until",
                a,
                now,
                b,
                e,
            )
        if a[0] == 1 and a[1]:
            for g in self.ghost:
                assert g["ep"] != a[1] or g["closed"] or g["dl"] + TAWS <= now, (
                    "P5: a request may land",
                    g,
                    now,
                )
            self.decided.add(a[1])
            for ep, t in self.unans:
                assert ep != a[1] or t + TAWS <= now, ("P5: unanswered", ep, t, now)
        return a
