"""The fold, a second time: written from the text of docs/protocol.md 4.4 and docs/view.md, not from the script.

It knows no lease, no clock and no Redis: the durable fields are a function of the log alone."""
import re

RESULTS = {
    "succeeded",
    "partial",
    "failed",
    "halted",
    "cancelled",
    "deadline",
    "superseded",
    "expired",
    "refused",
}


def name_ok(x):
    return 1 <= len(x.encode()) <= 200 and not any(ch == "|" or ord(ch) < 32 or ord(ch) == 127 for ch in x)


def word_ok(x, most):
    return len(x) <= most and bool(re.fullmatch("[A-Za-z0-9._-]+", x))


def cause_ok(x):
    return len(x) <= 200 and bool(re.fullmatch("[a-z0-9-]+", x))


def size(x):
    return len(x.encode())


def whole(x, low, high):
    return bool(re.fullmatch("[0-9]+", x)) and low <= int(x) <= high


def counts_of(words):
    """done unchanged bypassed failed doubt unsettled -> six numbers, or None."""
    if not all(whole(x, 0, 100000) for x in words):
        return None
    done, unchanged, bypassed, failed, doubt, unsettled = n = [int(x) for x in words]
    return n if doubt <= bypassed and failed + doubt <= unsettled <= failed + bypassed else None


class Workload:
    def __init__(self, name):
        self.name = name
        self.st = "I"
        self.cur = None  # the current run, also while it drains and after its end
        self.succ = None  # its successor
        self.waiting = {}  # request -> run, act, busy, p, rest
        self.runs = {}  # run -> [request, act, ep, result, cause, counts]
        self.ticks = {}
        self.holds = {}
        self.ids = []
        self.last = -1
        self.cnt = 0
        self.hv = 0


class Fold:
    def __init__(self, generation="0"):
        self.G = generation
        self.w = {}
        self.applied = -1
        self.runs = 0
        self.owed = {}
        self.results = []

    def wl(self, name):
        return self.w.setdefault(name, Workload(name))

    # --- how runs end
    def ends(self, w, run, res, ts, cause="", ep="", n=(0,) * 5):
        assert w.runs[run][3] == "", ("second result", run, res, w.runs[run])
        assert res in RESULTS, res
        w.runs[run][2:] = [ep, res, cause, ",".join(str(x) for x in n[:5])]
        self.owed[f"finish|{w.name}|{run}"] = ts
        self.results.append((w.name, run, res))

    def unsteered(self, w):
        """No plan is owed any more, no deadline runs."""
        self.owed.pop("plan|" + w.name, None)
        self.owed.pop("deadline|" + w.name, None)
        w.cur.pop("dleft", None)

    def cur_ends(self, w, res, ts, cause=""):
        c = w.cur
        self.unsteered(w)
        self.ends(w, c["run"], res, ts, cause, c["ep"], c["n"])
        c["res"] = res
        c["end"] = ts
        if w.succ:
            self.drain(w, ts)
        else:
            w.st = "I"

    def drain(self, w, ts):
        w.st = "D"
        self.owed["drain|" + w.name] = ts

    @staticmethod
    def verdict(c):
        done, _, _, failed, doubt, _ = c["n"]
        if failed and not done:
            return "failed"
        return "partial" if failed or doubt else "succeeded"

    # --- how steps follow one another
    @staticmethod
    def begins(c, k):
        for i, x in enumerate(c["left"].pop(k, ())):
            c["n"][i] += x

    def advance(self, w, ts):
        c = w.cur
        while w.st == "R":
            k = c["step"]
            if k == c["nt"]:
                return self.cur_ends(w, self.verdict(c), ts)
            if c["planned"] < k:
                self.owed["plan|" + w.name] = c["gate"]
                return
            if c["pend"].get(k):
                if c["open"] < k:
                    c["fo"] = c["n"][5]
                    c["open"] = k
                    self.begins(c, k)
                return
            self.begins(c, k)
            failed, doubt = c["n"][3:5]
            if c["onfail"] == "halt" and k != c["nt"] - 1 and (failed or doubt and c["act"] == "stop"):
                return self.cur_ends(w, "halted", ts, "member-failed" if failed else "override-unknown")
            c["step"] = k + 1

    # --- records
    def fold(self, off, ts, ty, must, needs, name, *a):
        assert off == self.applied + 1
        self.applied = off
        act = getattr(self, "on_" + ty, None)
        if name_ok(name) and act:
            w = self.wl(name)
            w.last = off
            c = w.cur
            alive = c is not None and "res" not in c and w.st in "RP"
            act(w, c, alive, off, ts, *a)

    def on_REQ(self, w, c, alive, off, ts, run, sched, tick, act, busy, rest):
        if (
            not word_ok(run, 64)
            or act not in ("start", "stop")
            or busy not in ("reject", "queue", "supersede")
        ):
            return
        if (
            size(rest) > 2000
            or size(sched) > 300
            or sched
            and not (len(tick) <= 12 and re.fullmatch("[0-9]+", tick))
        ):
            return
        if run in w.runs:
            return
        if sched:
            if sched in w.ticks and int(tick) <= int(w.ticks[sched]):
                return
            w.ticks[sched] = tick
        me = f"{self.G}:{off}"
        w.runs[run] = [me, act, "", "", "", "0,0,0,0,0"]
        if len(w.runs) > 64:
            old = [
                (int(v[0].split(":")[1]), k)
                for k, v in w.runs.items()
                if v[3] and f"finish|{w.name}|{k}" not in self.owed
            ]
            if old:
                del w.runs[min(old)[1]]
        if len(w.waiting) == 16:
            self.ends(w, run, "refused", ts, "queue-full")
            return
        w.waiting[me] = dict(run=run, act=act, busy=busy, p="", rest=rest)
        self.owed[f"admit|{w.name}|{me}"] = ts

    def take_request(self, w, request):
        del self.owed[f"admit|{w.name}|{request}"]
        return w.waiting.pop(request)

    def on_REF(self, w, c, alive, off, ts, request, cause):
        if request in w.waiting and cause_ok(cause):
            self.ends(w, self.take_request(w, request)["run"], "refused", ts, cause)

    def on_ACC(self, w, c, alive, off, ts, request, nt, onfail, delays, dl, pm, spec):
        year = 365 * 86400
        if request not in w.waiting or not whole(nt, 0, 200) or onfail not in ("halt", "continue"):
            return
        if not whole(dl, 1, year) or not whole(pm, 1, year) or size(spec) > 900000:
            return
        if size(delays) > 2000 or re.search("[^0-9,]", delays):
            return
        q = self.take_request(w, request)
        if q["busy"] == "reject" and (w.st in "RPD" or w.succ):
            self.ends(w, q["run"], "refused", ts, "busy")
            return
        if w.succ:
            self.ends(w, w.succ["run"], "superseded", ts, ep=w.succ["ep"])
        w.succ = dict(
            ep=f"{self.G}:{off}",
            run=q["run"],
            act=q["act"],
            nt=int(nt),
            onfail=onfail,
            delays=delays,
            dl=int(dl),
            pm=int(pm),
            p=q["p"],
            spec=spec,
        )
        self.runs += 1
        w.cnt += 1
        if w.st == "I":
            self.drain(w, ts)
        elif q["busy"] == "supersede" and w.st != "D":
            c["why"] = "superseded"
            self.unsteered(w)
            self.drain(w, ts)

    def on_DRAINED(self, w, c, alive, off, ts, old, new):
        if w.st != "D" or old != (c["ep"] if c else "") or new != (w.succ["ep"] if w.succ else ""):
            return
        if c and "res" not in c:
            self.ends(w, c["run"], c["why"], ts, ep=c["ep"], n=c["n"])
        del self.owed["drain|" + w.name]
        w.cur = None
        if not w.succ:
            w.st = "I"
            return
        q, w.succ = w.succ, None
        c = w.cur = dict(q, step=0, planned=-1, open=-1, gate=ts, n=[0] * 6, pend={}, specs={}, left={})
        if c.pop("p"):
            w.st = "P"
            c["dleft"] = c["dl"] * 1000
            self.owed["deadline|" + w.name] = ts + c["pm"] * 1000
        else:
            w.st = "R"
            self.owed["deadline|" + w.name] = ts + c["dl"] * 1000
            self.advance(w, ts)

    def on_PLAN(self, w, c, alive, off, ts, ep, k, nonce, i, m, *more):
        k, i, m, n, jobs, specs = int(k), int(i), int(m), counts_of(more[:6]), more[6::2], more[7::2]
        if not alive or ep != c["ep"] or k != c["planned"] + 1 or k >= c["nt"] or n is None:
            return
        if (
            not 0 <= i < m
            or m > 10000
            or len(jobs) > 5000
            or len(jobs) != len(specs)
            or not 1 <= size(nonce) <= 200
        ):
            return
        if not all(1 <= size(j) <= 200 for j in jobs) or not all(size(x) <= 100000 for x in specs):
            return
        have = c.get("parts")
        if i == 0:
            if have and have[0] == (nonce, m):
                return
            have = c["parts"] = [(nonce, m), 1, n]
            c["pend"][k] = set(jobs)
            c["specs"][k] = dict(zip(jobs, specs))
        else:
            if not have or have[0] != (nonce, m) or have[1] != i or len(c["pend"][k]) + len(jobs) > 10000:
                return
            have[1] += 1
            have[2] = [x + y for x, y in zip(have[2], n)]
            c["pend"][k] |= set(jobs)
            c["specs"][k].update(zip(jobs, specs))
        if i == m - 1:
            if any(have[2]):
                c["left"][k] = have[2]
            del c["parts"]
            c["planned"] = k
            self.owed.pop("plan|" + w.name, None)
            self.advance(w, ts)

    def on_PLANFAIL(self, w, c, alive, off, ts, ep, k, cause):
        if alive and ep == c["ep"] and int(k) == c["planned"] + 1 == c["step"] and cause_ok(cause):
            c["pend"].pop(c["step"], 0)
            c["specs"].pop(c["step"], 0)
            c.pop("parts", 0)
            self.cur_ends(w, "failed", ts, cause)

    def on_TERM(self, w, c, alive, off, ts, ep, k, j, token, unanswered, *n):
        k, n = int(k), counts_of(n)
        if not c or ep != c["ep"] or k > c["open"] or n is None or j not in c["pend"].get(k, ()):
            return
        c["pend"][k].discard(j)
        c["n"] = [x + y for x, y in zip(c["n"], n)]
        if k == c["step"] and not c["pend"][k]:
            d = c["delays"].split(",")
            c["gate"] = ts + (int(d[k]) if k < len(d) and d[k] else 0)
            self.advance(w, ts)

    @staticmethod
    def heard(w, id):
        if not word_ok(id, 200) or id in w.ids:
            return True
        w.ids = (w.ids + [id])[-16:]
        return False

    def on_PAUSE(self, w, c, alive, off, ts, id, run, *a):
        if self.heard(w, id):
            return
        if w.succ and run == w.succ["run"]:
            w.succ["p"] = "1"
        elif c and run == c["run"]:
            if alive and w.st == "R":
                w.st = "P"
                self.owed.pop("plan|" + w.name, None)
                c["dleft"] = max(0, self.owed["deadline|" + w.name] - ts)
                self.owed["deadline|" + w.name] = ts + c["pm"] * 1000
        else:
            for q in w.waiting.values():
                if q["run"] == run:
                    q["p"] = "1"

    def on_RESUME(self, w, c, alive, off, ts, id, run, *a):
        if self.heard(w, id):
            return
        if w.succ and run == w.succ["run"]:
            w.succ["p"] = ""
        elif c and run == c["run"]:
            if alive and w.st == "P":
                w.st = "R"
                self.owed["deadline|" + w.name] = ts + c.pop("dleft")
                self.advance(w, ts)
        else:
            for q in w.waiting.values():
                if q["run"] == run:
                    q["p"] = ""

    def on_CANCEL(self, w, c, alive, off, ts, id, run, cause="cancelled"):
        if self.heard(w, id):
            return
        cause = cause if cause in ("expired", "deadline") else "cancelled"
        if w.succ and run == w.succ["run"]:
            self.ends(w, run, cause, ts, ep=w.succ["ep"])
            w.succ = None
        elif c and run == c["run"]:
            if alive:
                c["why"] = cause
                self.unsteered(w)
                self.drain(w, ts)
        else:
            for o, q in list(w.waiting.items()):
                if q["run"] == run:
                    self.take_request(w, o)
                    self.ends(w, run, cause, ts)

    def on_HOLD(self, w, c, alive, off, ts, id, hold, until, tier, instance):
        if self.heard(w, id) or not word_ok(hold, 64) or not re.fullmatch("[0-9]{1,15}", until):
            return
        if size(tier) > 2000 or size(instance) > 200 or w.holds.get(hold) == (until, tier, instance):
            return
        if hold not in w.holds and len(w.holds) == 64:
            over = [k for k, v in w.holds.items() if int(v[0]) <= ts]
            if not over:
                return
            for k in over:
                del w.holds[k]
        w.holds[hold] = (until, tier, instance)
        w.hv += 1

    def on_UNHOLD(self, w, c, alive, off, ts, id, hold):
        if not self.heard(w, id) and w.holds.pop(hold, None):
            w.hv += 1

    def on_FIN(self, w, c, alive, off, ts, run):
        self.owed.pop(f"finish|{w.name}|{run}", None)

    # --- what the view must hold
    def rest(self, w):
        return w.st == "I" and not w.waiting and not any(m.startswith(f"finish|{w.name}|") for m in self.owed)

    def fields(self, w):
        h, c = dict(st=w.st, last=w.last), w.cur
        h.update({k: x for k, x in (("cnt", w.cnt), ("hv", w.hv), ("ids", ",".join(w.ids))) if x})
        if c:
            h.update(
                {
                    k: c[k]
                    for k in (
                        "ep",
                        "run",
                        "act",
                        "nt",
                        "step",
                        "planned",
                        "open",
                        "gate",
                        "fo",
                        "onfail",
                        "delays",
                        "dl",
                        "pm",
                        "dleft",
                        "res",
                        "why",
                        "end",
                    )
                    if k in c
                }
            )
            h.update(zip(("done", "unchanged", "bypassed", "failed", "doubt", "unsettled"), c["n"]))
            h.update({f"lo:{k}": ",".join(map(str, n)) for k, n in c["left"].items()})
            if "parts" in c:
                h["pn"] = "%s|%d" % c["parts"][0]
                h["pp"] = c["parts"][1]
                h["pc"] = ",".join(map(str, c["parts"][2]))
        if w.succ:
            q = w.succ
            h.update(
                q=q["ep"],
                qrun=q["run"],
                qact=q["act"],
                qnt=q["nt"],
                qonf=q["onfail"],
                qdelays=q["delays"],
                qdl=q["dl"],
                qpm=q["pm"],
            )
            if q["p"]:
                h["qp"] = 1
        h.update({"t:" + k: v for k, v in w.ticks.items()})
        h.update({"h:" + k: f"{u}|{size(t)}|{t}{i}" for k, (u, t, i) in w.holds.items()})
        nf = sum(m.startswith(f"finish|{w.name}|") for m in self.owed)
        if nf:
            h["nf"] = nf
        return {k: str(v) for k, v in h.items()}

    def durable(self):
        d = {}
        for n, w in self.w.items():
            if w.last < 0:
                continue
            c = w.cur if w.cur and "res" not in w.cur else None
            d[n] = dict(
                w=self.fields(w),
                a={
                    o: f"{q['act']}|{q['busy']}|{q['p']}|{q['run']}|{q['rest']}" for o, q in w.waiting.items()
                },
                r={k: "|".join(v) for k, v in w.runs.items()},
                p={str(k): sorted(v) for k, v in c["pend"].items() if v} if c else {},
                s={str(k): v for k, v in c["specs"].items() if v} if c else {},
                f={x["ep"]: x["spec"] for x in (c, w.succ) if x},
            )
        return dict(w=d, owed=dict(self.owed), applied=str(self.applied), runs=str(self.runs), log=self.G)

    def due(self, now):
        """What owed must say, without the idle snapshots: one list an entry, earliest first."""
        out = []
        for m, at in self.owed.items():
            kind, name, *more = m.split("|")
            if at > now:
                continue
            w, more = self.w[name], more[0] if more else ""
            c, q = w.cur, w.succ
            if kind == "admit":
                x = w.waiting[more]
                say = [more, x["act"], x["busy"], x["p"], x["run"], x["rest"]]
            elif kind == "drain":
                say = [c["ep"], c["run"]] if c else ["", ""]
                say += [q["ep"], q["run"]] if q else ["", ""]
                say += [str(c["end"]) if c and "end" in c else ""]
            elif kind == "plan":
                say = [c["ep"], c["step"], c["act"], c["run"], c["onfail"]]
            elif kind == "deadline":
                say = [c["run"], w.st]
            else:
                x = w.runs[more]
                say = [more, x[1], x[2], x[3], x[4], *map(int, x[5].split(","))]
            out.append((at, m, [kind, name, at, *say]))
        return [x for _, _, x in sorted(out, key=lambda e: (e[0], e[1].encode()))]
