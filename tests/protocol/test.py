"""Test of the view's scripts. usage: test.py [histories] [first seed]   env ONLY=scenarios|histories: one part alone

Part 1: scenarios with exact answers. Part 2: random histories, in two views with different lease traffic, against the
independent fold of fold.py. The same histories and first seed give the same run."""
import json
import os
import random
import sys
import time

import scenarios
import server
from fold import Fold, name_ok
from records import BAD, OK, Records
from view import FRESH, P, TAWS, TTL, View


class History(Records):
    def __init__(self, seed, A, B, stat):
        rnd = self.rnd = random.Random(seed)
        self.A, self.B, self.stat = A, B, stat
        A.stat = B.stat = stat
        A.reset()
        B.reset()
        self.G = rnd.choice(["0", "0", "3"])
        self.log = []
        self.ref = Fold(self.G)
        self.now = 1_000_000
        self.snaps, self.asofs = {}, {}
        self.runid = self.tok = self.nonce = self.ctl = 0
        self.wild = rnd.random() < 0.3  # Drained without asking
        self.dead = rnd.random() < 0.5  # many failures and expiries
        self.wide = rnd.random() < 0.1
        self.copy = None
        self.names = ["a", rnd.choice(["b", "b", "é: " * 50])]
        self.flight = []
        for V in (A, B):
            V.new(self.now, G="" if self.G == "0" else self.G)

    # --- the log
    def push(self, ty, wl, *a, must="", needs=""):
        rec = (ty, must, needs, wl, *map(str, a))
        ts = self.now - self.rnd.choice([0, 0, 0, 7])
        self.log.append((ts, rec))
        self.ref.fold(len(self.log) - 1, ts, *rec)
        if ty == "TERM":
            for V in (self.A, self.B):
                for g in V.ghost:
                    if g["tok"] == rec[7]:
                        g["closed"] = True
        for w in self.ref.w.values():  # P1 on the independent fold
            if w.cur:
                assert not any(w.cur["pend"].get(k) for k in range(w.cur["open"])), "barrier"

    def fold(self, V, o):
        ts, rec = self.log[o]
        a = V.call("fold", self.now, o, ts, V.inc, *rec)
        if rec[0] == "TERM" and rec[8] == "1" and a[0] not in ("DUP", "GAP", "NOVIEW"):
            if o > int(V.r.hget(P + ":w:" + rec[3], "woff") or -1):
                V.unans.append((rec[4], self.now))
        return a

    def rebuild(self, V):
        """Snapshots first, position last; a crash in between, and a second leader, are tried too."""
        rnd = self.rnd

        def begin(force=""):
            self.nonce += 1
            return V.call("seed", "BEGIN", f"n{self.nonce}", force)

        def drop(keys):
            rnd.shuffle(keys)
            return V.call("seed", "DROP", me, *keys)

        kept = V.r.hget(P + ":v", "log")
        a = begin()
        assert a == [1] or a[1] == "view", a
        if a != [1]:
            assert begin("1") == [1]
        me = f"n{self.nonce}"
        if rnd.random() < 0.3:
            drop([k for k in sorted(V.r.keys("*")) if rnd.random() < 0.5])
            assert self.fold(V, V.pos if V.pos < len(self.log) else 0) == ["NOVIEW"]
            old = me
            assert begin() == [1]
            me = f"n{self.nonce}"
            assert V.call("seed", "END", old, 0, 0, TTL, TAWS, "")[1] == "another leader seeds"
            assert V.call("seed", "DROP", old, P + ":owed")[1] == "another leader seeds"
        assert drop(sorted(V.r.keys("*"))) == [1]
        last = {}
        for o, (ts, rec) in enumerate(self.log):
            if name_ok(rec[3]) and hasattr(Fold, "on_" + rec[0]):
                last[rec[3]] = o  # a workload that is never folded has no snapshot: it must not pin L
        L = min(
            [self.snaps.get(w, (-1,))[0] + 1 for w in last if last[w] > self.snaps.get(w, (-1,))[0]]
            + [len(self.log)]
        )
        L = rnd.choice([L, L, 0])
        self.stat["replay>0"] += L > 0
        for w, (o, hh, r) in self.snaps.items():
            assert V.call("seed", "WL", me, w, o, json.dumps(dict(w=hh, r=r))) == [1]
        assert self.fold(V, L if L < len(self.log) else 0) == ["NOVIEW"]
        G = "" if kept == self.G and rnd.random() < 0.5 else self.G  # BEGIN kept it, if it was there
        assert V.call("seed", "END", me, L, len(self.log), TTL, TAWS, G) == [1]
        V.pos = L
        assert V.call("seed", "WL", me, "a", 0, "{}")[1] == "view"
        while V.pos < len(self.log):
            assert self.fold(V, V.pos)[0] not in ("GAP", "DUP", "NOVIEW", "UPGRADE", "OTHERFV")
            V.pos += 1
        self.asofs_of(V).clear()
        self.asofs_of(V).update({w: x[0] for w, x in self.snaps.items()})

    def asofs_of(self, V):
        return self.asofs.setdefault(id(V), {})

    def catchup(self, V, lazy):
        rnd, turns = self.rnd, 0
        while V.pos < len(self.log):
            turns += 1
            assert turns < 50 * len(self.log) + 1000, "the view does not move on"
            if rnd.random() < 0.05 and V.pos:
                o = rnd.randrange(V.pos)
                a = self.fold(V, o)
                assert a[0] in ("DUP", "NOVIEW") or (a[0] == "GAP" and a[1] < o - 1) or o == 0 or self.copy, a
                self.stat["dup"] += 1
            if rnd.random() < 0.02 and V.pos < len(self.log) - 1:
                a = self.fold(V, len(self.log) - 1)
                assert a == ["NOVIEW"] or a[0] == "GAP" and a[1] <= V.pos - 1, a
                self.stat["gap"] += 1
            a = self.fold(V, V.pos)
            if a[0] == "GAP":
                V.pos = a[1] + 1
                self.stat["gap"] += 1
                continue
            if a[0] == "NOVIEW":
                self.rebuild(V)
                continue
            assert a[0] not in ("DUP", "UPGRADE", "OTHERFV"), a
            self.stat[a[0]] += 1
            V.pos += 1
            if lazy and rnd.random() < 0.2:
                return

    def snapshot(self, V):
        """As the leader does it: what owed says is kept; later, perhaps, it is acknowledged."""
        for e in V.call("owed", self.now, 1000, 0)[1:]:
            if e[0] == "snap" and self.rnd.random() < 0.4:
                _, w, _, asof, _, _, hh, r = e
                if asof >= self.snaps.get(w, (-1,))[0]:
                    self.snaps[w] = (asof, dict(zip(hh[::2], hh[1::2])), dict(zip(r[::2], r[1::2])))
        for w, (o, _, _) in self.snaps.items():
            if self.rnd.random() < 0.3:
                a = V.call("snap", w, o)
                if V.r.hget(P + ":v", "applied") == str(len(self.log) - 1):
                    assert a == (self.ref.w[w].last <= o), ("snap", a, self.ref.w[w].last, o)
                if a:
                    self.asofs_of(V)[w] = o

    def open(self):
        """The leader finds inc invalid: refold to the end, then ViewOpened."""
        self.push("VIEW", "", self.A.inc, TTL, TAWS)
        for V in (self.A, self.B):
            self.catchup(V, False)

    def beats(self):
        for V in (self.A, self.B):
            for _ in range(6):
                a = V.beat(self.now, len(self.log))
                if a[0] == "INC":
                    self.open()
                elif a[0] == "NOVIEW":
                    self.rebuild(V)
                elif a[0] == "GAP":
                    V.pos = a[1] + 1
                    self.catchup(V, False)
                elif a[0] == "BEHIND":
                    self.catchup(V, False)
                else:
                    assert a[0] in ("OK", "BASE"), a
                if a[0] == "OK":
                    break
            assert a[0] == "OK", a

    # --- workers
    def lease_step(self, V, wl):
        rnd, w = self.rnd, self.ref.wl(wl)
        c, x = w.cur, rnd.random()
        if not c:
            return
        ep = (
            c["ep"]
            if rnd.random() < 0.95
            else rnd.choice([f"{self.G}:{rnd.randrange(len(self.log) + 1)}", "9:" + c["ep"].split(":")[1]])
        )
        if x < 0.55:
            self.try_claim(V, wl, w, c, ep)
        elif x < 0.75 and V.ghost:
            gs = [rnd.choice(V.ghost) for _ in range(2)]
            words = [y for g in gs for y in (g["wl"], g["ep"], g["k"], g["j"], g["tok"])]
            for g, a in zip(gs, V.call("renew", self.now, V.inc, *words)):
                self.stat["renew " + a[0]] += 1
                if a[0] == "OK":
                    g["dl"] = a[1]
                    assert a[1] == self.now + TTL and g["ep"] not in V.decided
                    assert a[2] == int(V.r.hget(P + ":w:" + g["wl"], "hv") or 0)
        elif x < 0.85 and V.ghost:
            g, un = rnd.choice(V.ghost), rnd.random() < 0.1
            a = V.call(
                "release",
                self.now,
                g["wl"],
                g["ep"],
                g["k"],
                g["j"],
                g["tok"],
                rnd.choice([0, 0, 200]),
                "1" if un else "",
            )
            self.stat["release " + a[0]] += 1
            if un:
                V.unans.append((g["ep"], self.now))
            g["closed"] = True
        elif x < 0.97:
            self.pump(V)
        else:
            V.call("sent", rnd.choice([ep, "0:0"]), 0, "zz", 0, 1)

    def try_claim(self, V, wl, w, c, ep):
        rnd = self.rnd
        al = [
            (k, j) for k, js in c["pend"].items() for j in sorted(js) if k <= c["open"] or rnd.random() < 0.1
        ]
        if not al and rnd.random() < 0.8:
            return
        k, j = rnd.choice(al) if al and rnd.random() < 0.95 else (rnd.randrange(3), "zz")
        if rnd.random() < 0.1:
            for _ in range(rnd.choice([1, 2, 3])):
                V.killed(wl, ep, k, j)
        self.tok += 1
        a = V.claim(self.now, wl, ep, k, j, f"k{self.tok}")
        self.stat["claim " + a[0]] += 1
        if a[0] == "POISON" and rnd.random() < 0.5:
            self.push("TERM", wl, ep, k, j, "", "", *BAD[0])
        if a[0] == "OK":
            assert (
                V.pos < len(self.log)
                or w.st == "R"
                and j in c["pend"][k]
                and k <= c["open"]
                and a[3] == w.hv
                and ep == c["ep"]
            )
            if rnd.random() < 0.3:
                assert (
                    V.call("claim", self.now, V.inc, wl, ep, k, j, "w", f"k{self.tok}", 99) == a
                ), "the same claim again"

    def pump(self, V):
        rnd = self.rnd
        was = {m: V.before(*m.split("|"), self.now) for m in V.r.zrange(P + ":gates", 0, -1)}
        for m in V.take(self.now, rnd.choice([1, 3, 10])):
            tw, te, tk, tj, spec = m
            self.stat["taken"] += 1
            if V.pos == len(self.log):
                tc = self.ref.w[tw].cur
                assert (
                    self.ref.w[tw].st == "R" and tc["ep"] == te and tk <= tc["open"] and tj in tc["pend"][tk]
                ), m
                assert tc["specs"][tk][tj] == spec, m
            assert was[f"{tw}|{te}|{tk}"][1] <= self.now, (
                "published before the step may start",
                was,
                m,
                self.now,
            )
            if rnd.random() < 0.5:
                V.call("sent", te, tk, tj, 0, rnd.randrange(99))

    # --- loss, roll back, crash
    def harm(self):
        if not self.log:
            return
        rnd = self.rnd
        x, V = rnd.random(), rnd.choice([self.A, self.A, self.B])
        if x < 0.012:
            V.r.flushdb()
            self.stat["wipe"] += 1
            self.restart(rnd.random() < 0.5)
        elif x < 0.016:
            self.stat["force"] += 1
            self.rebuild(V)
            self.restart(False)
        elif x < 0.03:
            if V is self.A:
                self.copy = V.save()
        elif x < 0.04 and self.copy and V is self.A:
            same = rnd.random() < 0.3
            if same:
                self.now += FRESH + 1  # a stale copy under the same run_id: its `fresh` is long over (C24)
            V.load(self.copy)
            self.stat["rollback"] += 1
            self.restart(not same)
        elif x < (0.25 if self.dead else 0.10):
            self.now += rnd.choice([TTL, TTL, TAWS, FRESH])

    def restart(self, newid):
        if newid:
            self.runid += 1
            self.A.inc = self.B.inc = f"I{self.runid}"

    def deadlines(self):
        """The leader cancels what is past its deadline, or is paused too long."""
        for e in self.A.call("owed", self.now, 1000, 0)[1:]:
            if e[0] == "deadline" and self.rnd.random() < 0.3:
                self.push("CANCEL", e[1], self.control(), e[3], "deadline")

    def run(self, steps):
        rnd = self.rnd
        if rnd.random() < 0.8:
            self.push("VIEW", "", "I1", TTL, TAWS)
        for _ in range(steps):
            self.now += rnd.choice([0, 1, 5, 20, 60])
            self.record()
            if self.flight and rnd.random() < 0.6:
                self.push(*self.flight.pop(rnd.randrange(len(self.flight))))
            self.harm()
            for V in (self.A, self.B):
                self.catchup(V, True)
            if rnd.random() < 0.5:
                self.beats()
                self.deadlines()
            for V in (self.A, self.B):
                for _ in range(rnd.choice([0, 1, 2, 3])):
                    self.lease_step(V, rnd.choice(self.names))
                if rnd.random() < 0.2:
                    self.snapshot(V)
            for V in (self.A, self.B):
                if (
                    V.pos == len(self.log)
                    and V.r.exists(P + ":v")
                    and int(V.r.hget(P + ":v", "applied") or -2) == V.pos - 1
                ):
                    V.check(self.ref, self.now, self.asofs_of(V))
                    self.stat["checks"] += 1
        self.finish()

    # --- everything that is owed or due is found in view A alone, and answered
    def settle(self, e):
        rnd, A, (kind, wl, _, *more) = self.rnd, self.A, e
        if kind == "admit":
            self.push(*self.accept(wl, more[0], rnd.randint(0, 2)))
        elif kind == "finish":
            self.push("FIN", wl, more[0])
        elif kind == "plan":
            self.push(
                *self.part(wl, more[0], more[1], "end", 0, 1, self.jobs(more[0], more[1], rnd.randint(0, 3)))
            )
        elif kind == "deadline":
            self.push("CANCEL", wl, f"z{len(self.log)}", more[0], "deadline")
        elif kind == "drain":
            a = A.drained(self.now, wl, rnd.choice(["1", ""]))
            if a[0] == 1:
                assert (a[1], a[2]) == (more[0], more[2]), (a, more)
                self.push("DRAINED", wl, a[1], a[2])
        return kind != "snap"

    def finish(self):
        rnd, A, idle = self.rnd, self.A, 0
        if rnd.random() < 0.5:
            A.r.flushdb()
            self.stat["wipe"] += 1
        for w in self.ref.w.values():
            if w.cur and any(len(js) > 99 for js in w.cur["pend"].values()):
                self.push("CANCEL", w.name, f"z{len(self.log)}", w.cur["run"])  # too wide to play to its end
        for _ in range(3000):
            self.beats()
            for V in (self.A, self.B):
                self.catchup(V, False)
                V.check(self.ref, self.now, self.asofs_of(V))
                self.stat["checks"] += 1
            did, n0 = False, len(self.log)
            for e in A.call("owed", self.now, 1000, 0)[1:]:
                did = self.settle(e) or did
                if len(self.log) > n0:
                    break  # one record, then look again
            if len(self.log) == n0:
                did = self.work(A) or did
            if len(self.log) == n0:
                self.now += 200 if did else 700
            idle = 0 if did or len(self.log) > n0 else idle + 1
            if idle > 40:
                break
        self.at_the_end()

    def work(self, A):
        rnd, did = self.rnd, False
        for wl, ep, k, j, _ in A.take(self.now, 10):
            did = True
            self.tok += 1
            a = A.claim(self.now, wl, ep, k, j, f"k{self.tok}")
            if a[0] == "OK" and rnd.random() < 0.8:
                self.push("TERM", wl, ep, k, j, f"k{self.tok}", "", *rnd.choice(rnd.choice([OK, OK, BAD])))
            if a[0] == "POISON":
                self.push("TERM", wl, ep, k, j, "", "", *BAD[0])
        for w in self.ref.w.values():
            if w.st == "P":
                self.push("RESUME", w.name, f"z{len(self.log)}", w.cur["run"])
                did = True
        return did

    def at_the_end(self):
        for n, w in self.ref.w.items():
            assert w.st == "I" and not w.succ and not w.waiting, (
                "stuck",
                n,
                w.st,
                w.succ,
                w.waiting,
                self.ref.owed,
            )
            for run, v in w.runs.items():
                assert v[3], ("no result", run)
        assert not self.ref.owed, self.ref.owed
        done = [(a, b) for a, b, _ in self.ref.results]
        assert len(done) == len(set(done))
        self.stat["runs"] += len(done)
        asked = {(n, run) for n, w in self.ref.w.items() for run in w.runs}
        assert asked <= set(done), asked - set(done)
        for _, _, res in self.ref.results:
            self.stat["res " + res] += 1
        for V in (self.A, self.B):
            self.snapshot(V)
            V.check(self.ref, self.now, self.asofs_of(V))
            self.stat["checks"] += 1


class Stat(dict):
    def __missing__(self, k):
        return 0


def main():
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sock = server.start()
    A, B, stat, t = View(sock, 0), View(sock, 1), Stat(), time.monotonic()
    if os.environ.get("ONLY") != "histories":
        scenarios.run(A)
    if os.environ.get("ONLY") == "scenarios":
        return
    for seed in range(first, first + many):
        try:
            History(seed, A, B, stat).run(80)
        except Exception:
            print("seed", seed, flush=True)
            raise
    print(
        f"{many} histories ok in {time.monotonic() - t:.0f} s:",
        ", ".join(f"{k}={v}" for k, v in sorted(stat.items())),
    )


if __name__ == "__main__":
    main()
