from scenarios.kit import *


def run():
    # ---- fold: a run has at most 200 steps
    start("fold: steps")
    _, o = req(1, "r1")
    for nt in ("201", "-1", "1.5", "x"):
        eq(f"{nt} steps", fold(1, "ACC", "a", o, nt, "continue", ""), ["IGN"])
    eq("the request still waits", owed()["admit|a|" + o], 1)
    eq("200 steps", fold(2, "ACC", "a", o, "200", "continue", ""), ["DRAIN"])
    ep = last()
    eq("activated", fold(2, "DRAINED", "a", "", ep), ["PLAN", 0])
    eq("cancelled", fold(3, "CANCEL", "a", "r1", "cancelled"), ["DRAIN"])
    eq("200 steps are dropped at once", fold(3, "DRAINED", "a", ep, ""), ["DONE"])
    start("fold: no step")
    _, o = req(1, "r1")
    eq("no step at all", fold(1, "ACC", "a", o, "0", "continue", ""), ["DRAIN"])
    eq("ends at once", fold(2, "DRAINED", "a", "", last()), ["DONE"])
    eq("ok", result("r1"), "succeeded")

    # ---- fold: position, types
    names.append("fold: position")
    V.reset()
    off[0] = 0
    eq("no view", fold(0, "VIEW", "", "I1"), ["NOVIEW"])
    V.new(T)
    eq("gap", fold(0, "VIEW", "", "I1", o=3), ["GAP", -1])
    eq("first", fold(0, "VIEW", "", "I1"), ["OK"])
    eq("dup", fold(0, "VIEW", "", "zz", o=0), ["DUP"])
    eq("dup changed nothing", r.hget(P + ":v", "inc"), "I1")
    eq("gap", fold(0, "X", "a", o=2), ["GAP", 0])
    eq("a gap closes the view", r.hget(P + ":v", "inc"), "")
    eq("position stays", r.hget(P + ":v", "applied"), "0")
    eq("unknown with must", fold(1, "X", "a", must="1"), ["UPGRADE"])
    eq("it does not move", r.hget(P + ":v", "applied"), "0")
    eq("known with must", fold(1, "VIEW", "", "I1", must="1"), ["OK"])
    eq("unknown without", fold(1, "X", "a"), ["IGN"])
    eq("moves", r.hget(P + ":v", "applied"), "2")
    eq("what is not folded needs no snapshot", (owed(), r.exists(P + ":w:a")), ({}, 0))
    eq("no workload", fold(1, "X", ""), ["IGN"])
    eq("too few words", fold(1, "REQ", "a", "r1"), ["IGN"])
    eq("a snapshot must cover it", owed(), {"snap|a": 1})
    eq("and is owed from the first uncovered record", (fold(9, "REQ", "a"), owed()), (["IGN"], {"snap|a": 1}))
    eq("bad busy word", fold(9, "REQ", "a", "r1", "", "", "start", "perhaps"), ["IGN"])
    eq("tick no number", fold(9, "REQ", "a", "r1", "s", "noon", "start", "queue"), ["IGN"])
    eq("nothing noted", (W("t:s"), result("r1")), (None, ""))
    bad("offset no number", lambda: V.call("fold", T, "x", T, "I1", "X", "", "", "a"))
    bad("ts no number", lambda: V.call("fold", T, off[0], "x", "I1", "X", "", "", "a"))
    for k, t in (
        (":owed", "string"),
        (":gates", "string"),
        (":a:a", "string"),
        (":r:a", "string"),
        (":w:a", "string"),
    ):
        old = P + k
        r.rename(old, "keep") if r.exists(old) else None
        r.set(old, "x")
        before = V.dump()
        bad("wrong type of " + k, lambda: fold(10, "REQ", "a", "r1", "", "", "start", "queue"))
        eq("nothing written", V.dump(), before)
        r.delete(old)
        r.rename("keep", old) if r.exists("keep") else None
    eq(
        "the product passes no clock",
        V.call("fold", "", off[0], T, "I1", "VIEW", "", "", "", "I1", TTL, TAWS),
        ["OK"],
    )
    off[0] += 1
    begin("types of a step", "x")
    for k in (":p:0:2:0", ":d:0:2:0", ":l:0:2:0"):
        r.rename(P + k, "keep") if r.exists(P + k) else None
        r.set(P + k, "x")
        before = V.dump()
        bad("wrong type of " + k, lambda: term(4, "x"))
        bad("claim on a wrong " + k, lambda: claim(4, "x", "k"))
        eq("nothing written", V.dump(), before)
        r.delete(P + k)
        r.rename("keep", P + k) if r.exists("keep") else None

    def ends_on(k):
        r.rename(P + k, "keep") if r.exists(P + k) else None
        r.set(P + k, "x")
        before = V.dump()
        bad("wrong type of " + k, lambda: term(4, "x"))
        eq("nothing written", V.dump(), before)
        r.delete(P + k)
        r.rename("keep", P + k) if r.exists("keep") else None

    for k in (":a:a", ":r:a"):  # the last terminal of a run writes its result, and asks whether the workload rests
        ends_on(k)
    eq("the last one", term(4, "x"), ["DONE"])
    ends_on(":a:a")  # a late one, of a workload at rest

    begin("types: renew, release, take", "x", "y")
    ask(5, "rb", wl="b")
    q = W("q", "b")
    fold(5, "DRAINED", "b", "", q)
    fold(6, "PLAN", "b", q, 0, "n", 0, 1, "z")
    claim(7, "x", "k1")
    eq("claimed", claim(7, "z", "k2", wl="b", ep=q)[0], "OK")
    for k in (f":p:{q}:0", f":d:{q}:0", f":l:{q}:0"):
        r.rename(P + k, "keep")
        r.set(P + k, "x")
        before = V.dump()
        bad("renew " + k, lambda: renew(50, ("a", "0:2", 0, "x", "k1"), ("b", q, 0, "z", "k2")))
        bad("release " + k, lambda: V.call("release", T + 50, "b", q, 0, "z", "k2", 0, "1"))
        bad("take " + k, lambda: take(500))
        eq("nothing written", V.dump(), before)
        r.delete(P + k)
        r.rename("keep", P + k)
