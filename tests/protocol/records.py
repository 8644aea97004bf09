"""Records for a random history: of every kind, good, stale, repeated and malformed."""

from view import TAWS, TTL

OK = ((1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (2, 1, 1, 0, 0, 0), (0, 0, 3, 0, 0, 0))
UNSETTLED = ((1, 0, 2, 0, 0, 2), (0, 0, 1, 0, 0, 1))  # left alone by someone's hold
BAD = ((0, 0, 0, 1, 0, 1), (3, 0, 0, 2, 0, 2), (1, 0, 1, 0, 1, 1), (0, 0, 2, 1, 1, 3))
BROKEN = (
    (0, 0, 0, 1, 0, 0),
    (0, 0, 1, 0, 0, 2),
    (0, 0, 0, 0, 1, 1),
    (1, 0, 0, 0, -1, 0),
    (100001, 0, 0, 0, 0, 0),
)
NOTHING = (0,) * 6


class Records:
    """Of a History (test.py), which appends them."""

    def jobs(self, ep, k, n):
        return [f"{ep}.{k}.{i}" for i in range(n)]

    def with_specs(self, jobs):
        return [y for j in jobs for y in (j, f'{{"of":"{j}","x":{self.rnd.randrange(9)}}}')]

    def part(self, wl, ep, k, nonce, i, m, jobs):
        left = self.rnd.choice([NOTHING, NOTHING, NOTHING, *OK, *UNSETTLED, *BAD])
        return ("PLAN", wl, ep, k, nonce, i, m, *left, *self.with_specs(jobs))

    def control(self):
        """An id that was not used before - mostly."""
        self.ctl += 1
        return (
            f"c{self.ctl}"
            if self.rnd.random() < 0.9
            else self.rnd.choice(
                [f"c{max(1, self.ctl - self.rnd.randrange(20))}", "", "c|1", "c,1", "x" * 200, "x" * 201]
            )
        )

    def accept(self, wl, request, nt):
        rnd = self.rnd
        return (
            "ACC",
            wl,
            request,
            nt,
            rnd.choice(["continue"] * 9 + ["halt"] if self.dead else ["continue", "halt"]),
            rnd.choice(["", "0,40", "30,0,10", ",20", "1,,5"]),
            rnd.choice([1, 5, 100, 100, 1000]),
            rnd.choice([1, 3, 100]),
            f"spec of {request}",
        )

    def record(self):
        rnd, wl = self.rnd, self.rnd.choice(self.names)
        w = self.ref.wl(wl)
        c, x, runs = w.cur, rnd.random(), list(w.runs) or ["r0"]
        ep = c["ep"] if c else ""
        if self.dead and c and "res" not in c and (x < 0.22 or 0.88 <= x < 0.96) and rnd.random() < 0.7:
            return
        if x < 0.08:
            self.request(wl, runs)
        elif x < 0.18 and w.waiting or x < 0.10:
            o = rnd.choice(list(w.waiting) or [f"{self.G}:{rnd.randrange(len(self.log) + 1)}"])
            for _ in range(rnd.choice([1, 1, 1, 2])):  # two leaders may answer, and contradict each other
                nt = rnd.randint(2, 4) if self.dead else rnd.randint(0, 3)
                self.push(
                    *(
                        self.accept(wl, o, nt)
                        if rnd.random() < 0.88
                        else ["REF", wl, o, rnd.choice(["held", "held", "Held"])]
                    )
                )
        elif x < 0.22 and self.log:
            ts, rec = rnd.choice(self.log)  # a stale or duplicated record
            self.push(rec[0], rec[3], *rec[4:], must=rec[1], needs=rec[2])
        elif x < 0.34:
            if self.wild:
                self.push("DRAINED", wl, ep, w.succ["ep"] if w.succ else "")
            else:
                a = self.A.drained(self.now, wl, rnd.choice(["1", ""]))
                if a[0] == 1:
                    self.flight.append(("DRAINED", wl, a[1], a[2]))
            if rnd.random() < 0.2:  # a zombie's
                self.push(
                    "DRAINED",
                    wl,
                    rnd.choice([ep, "", "0:1", "9" + ep]),
                    rnd.choice(["", "0:0", "0:3", "0:9999"]),
                )
        elif x < 0.58 and c:
            self.plan(wl, w, c, ep)
        elif x < 0.60 and (rnd.random() < 0.4):
            self.push(
                "PLANFAIL",
                wl,
                ep,
                rnd.choice([c["planned"] + 1 if c else 0, 0, 1]),
                rnd.choice(["denied", "denied", ""]),
            )
        elif x < 0.88 and c:
            self.terminal(wl, c, ep)
        elif x < 0.96:
            who = [
                c["run"] if c else "r0",
                w.succ["run"] if w.succ else "r0",
                rnd.choice(runs),
                *[q["run"] for q in w.waiting.values()],
            ]
            ty = rnd.choice(["PAUSE", "RESUME", "RESUME", "RESUME", "CANCEL"])
            cause = (
                rnd.choice([[], ["cancelled"], ["expired"], ["deadline"], ["?"]]) if ty == "CANCEL" else []
            )
            self.push(ty, wl, self.control(), rnd.choice(who), *cause)
        elif x < 0.97:
            self.holds(wl)
        elif x < 0.975:
            bad = rnd.choice(["a|7", "\x7f", "b\n", "a\0", "c" * 201, "é" * 101])
            run = rnd.choice(["r|0", "", "r 0", "é", "r0\n", "r" * 65])
            self.push(
                *rnd.choice(
                    [
                        ("NEWTYPE", rnd.choice([wl, ""]), "x"),
                        ("REQ", bad, "r0", "", "", "stop", "queue", ""),
                        ("REQ", wl, run, "s1", 59, "stop", "queue", ""),
                    ]
                ),
                needs=rnd.choice(["", "new-word"]),
            )
        elif x < 0.98 and w.waiting:
            self.push(
                "ACC",
                wl,
                rnd.choice(list(w.waiting)),
                *rnd.choice(
                    [
                        (1, "halt", "7" + "," * rnd.choice([1999, 2000]), 5, 5, "s"),
                        (1, "perhaps", "", 5, 5, "s"),
                        (1, "halt", "5;", 5, 5, "s"),
                        (1, "halt", "", 0, 5, "s"),
                        (1, "halt", "", 5, 31536001, "s"),
                    ]
                ),
            )
        elif x < 0.985:
            self.push("VIEW", "", "zz", TTL, TAWS)
        else:
            self.push("FIN", wl, rnd.choice(runs))

    def request(self, wl, runs):
        rnd = self.rnd
        self.runid += 1
        sched = rnd.choice(["", "s1"])
        run = f"r{self.runid}" if rnd.random() < 0.93 else rnd.choice(runs)
        rest = rnd.choice(["", '{"a":"|"}', "{}", "x" * 2000]) if rnd.random() < 0.95 else "x" * 2001
        self.push(
            "REQ",
            wl,
            run,
            sched,
            rnd.randint(1, 60) if sched else "",
            rnd.choice(["start", "stop"]),
            rnd.choice(["supersede", "queue", "reject"]),
            rest,
        )

    def plan(self, wl, w, c, ep):
        rnd = self.rnd
        k = rnd.choice([c["planned"] + 1] * 6 + [0, 1, 2])
        if w.st == "R" and c["planned"] + 1 > c["step"] and rnd.random() < 0.8:
            return  # mostly planned when owed
        n = rnd.choice([0, 1, 2, 2, 3])
        js, m, nonce = self.jobs(ep, k, n), rnd.choice([1, 1, 2, 3]), f"p{rnd.randint(1, 99)}"
        parts = [self.part(wl, ep, k, nonce, i, m, js[i::m]) for i in range(m)]
        if rnd.random() < 0.3:
            rnd.shuffle(parts)
        if rnd.random() < 0.15:
            parts = parts[:-1]
        if rnd.random() < 0.25:  # a second leader's plan, interleaved
            other = self.jobs(ep, k, rnd.randint(0, 3))
            parts += [self.part(wl, ep, k, "z" + nonce, i, 2, other[i::2]) for i in range(2)]
            rnd.shuffle(parts)
        if self.wide and rnd.random() < 0.5:  # the bounds of a record and of a step
            k = c["planned"] + 1
            js = self.jobs(ep, k, 10001)
            lo, hi = js[:5000], js[5000:9999]
            more = rnd.choice(
                [
                    [(0, lo), (1, hi), (2, js[-2:]), (2, js[-1:]), (3, js[:1]), (3, ())],
                    [(0, lo), (1, lo), (2, ()), (3, js[:1])],
                ]
            )
            parts = [self.part(wl, ep, k, nonce, i, 4, q) for i, q in [(0, js[:5001]), *more]]
        if parts and rnd.random() < 0.06:
            parts[0] = (*parts[0][:6], rnd.choice([10000, 10001]), *parts[0][7:])
        if parts and rnd.random() < 0.06:
            parts[0] = (*parts[0][:7], *rnd.choice(BROKEN), *parts[0][13:])
        if parts and rnd.random() < 0.04:
            parts[0] = (*parts[0], *rnd.choice([["odd"], ["", "x"], ["j" * 201, "x"]]))
        for q in parts:
            self.push(*q)

    def terminal(self, wl, c, ep):
        rnd = self.rnd
        al = [(k, j) for k, js in c["pend"].items() for j in sorted(js)]
        if not al:
            return
        k, j = rnd.choice(al)
        toks = [g["tok"] for V in (self.A, self.B) for g in V.ghost if g["j"] == j and g["ep"] == ep]
        kinds = [OK, BAD] if self.dead else [OK] * 5 + [BAD, UNSETTLED]
        n = rnd.choice(rnd.choice(kinds)) if rnd.random() < 0.98 else rnd.choice(BROKEN)
        self.push(
            "TERM",
            wl,
            ep if rnd.random() < 0.98 else "9" + ep,
            k,
            j,
            rnd.choice(toks) if toks and rnd.random() < 0.8 else "nobody",
            rnd.choice(["", "", "", "", "", "1"]),
            *n,
        )

    def holds(self, wl):
        rnd = self.rnd
        if rnd.random() < 0.2:  # to the bound, over it, and a change at it
            for i in range(rnd.choice([62, 66])):
                self.push(
                    "HOLD",
                    wl,
                    self.control(),
                    f"h{i}",
                    rnd.choice([500, 10**9, 10**9]) if i % 8 == 0 else 10**9,
                    "",
                    "",
                )
        for _ in range(3):
            self.push(
                *rnd.choice(
                    [
                        (
                            "HOLD",
                            wl,
                            self.control(),
                            rnd.choice(["h1", "h2"]),
                            rnd.choice([500, 900]),
                            rnd.choice(["", "t|1", 'é\n"']),
                            rnd.choice(["", "1", "i-1"]),
                        ),
                        (
                            "HOLD",
                            wl,
                            self.control(),
                            rnd.choice(["h1", "h|1", "x" * 65, ""]),
                            rnd.choice(["5", "", "5|", "-5", "5\0", "1" * 16]),
                            "t",
                            "i",
                        ),
                        ("UNHOLD", wl, self.control(), rnd.choice(["h1", "h2", "h3", "h|1"])),
                    ]
                )
            )
