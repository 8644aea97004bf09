"""Controls by id, run deadlines, the rules' version, what must be known, and the log's generation."""
from scenarios.kit import *


def by_id():
    begin("a control that comes again", "x")
    eq("pause", fold(5, "PAUSE", "a", "r1", id="p1"), ["OK"])
    eq("resume", fold(6, "RESUME", "a", "r1", id="u1"), ["OPEN", 0])
    eq("a late copy of the pause", (fold(7, "PAUSE", "a", "r1", id="p1"), W("st")), (["IGN"], "R"))
    eq("a new one", (fold(8, "PAUSE", "a", "r1", id="p2"), W("st")), (["OK"], "P"))
    eq("a late copy of the resume", (fold(9, "RESUME", "a", "r1", id="u1"), W("st")), (["IGN"], "P"))
    eq("of another workload", fold(10, "HOLD", "b", "h1", 500, "", "", id="p1"), ["OK"])
    eq("a hold", fold(11, "HOLD", "a", "h1", 500, "", "", id="s1"), ["OK"])
    eq("cleared", fold(12, "UNHOLD", "a", "h1", id="c1"), ["OK"])
    eq(
        "a late copy of the hold",
        (fold(13, "HOLD", "a", "h1", 500, "", "", id="s1"), held("h1")),
        (["IGN"], None),
    )
    eq("set anew", fold(14, "HOLD", "a", "h1", 500, "", "", id="s2"), ["OK"])
    eq(
        "a late copy of the clearing",
        (fold(15, "UNHOLD", "a", "h1", id="c1"), held("h1") and 1),
        (["IGN"], 1),
    )
    eq(
        "a copy of a cancel",
        (fold(16, "CANCEL", "a", "nobody", id="x1"), fold(17, "CANCEL", "a", "r1", id="x1")),
        (["IGN"],) * 2,
    )
    eq("remembered", W("ids"), "p1,u1,p2,s1,c1,s2,x1")
    wipe(18)
    eq("durable", (W("ids"), fold(19, "RESUME", "a", "r1", id="u1")), ("p1,u1,p2,s1,c1,s2,x1", ["IGN"]))
    for id in ("", "a|b", "a,b", "a b", "é", "x" * 201, "a\n", "\0"):
        for ty, more in (
            ("PAUSE", ("r1",)),
            ("RESUME", ("r1",)),
            ("CANCEL", ("r1", "")),
            ("HOLD", ("h2", 5, "", "")),
            ("UNHOLD", ("h1",)),
        ):
            eq(f"{ty} id {id!r}", fold(20, ty, "a", *more, id=id), ["IGN"])
    eq(
        "nothing moved",
        (W("st"), W("ids"), held("h1") and 1, held("h2")),
        ("P", "p1,u1,p2,s1,c1,s2,x1", 1, None),
    )
    eq("its beginning is another", fold(21, "RESUME", "a", "r1", id="u"), ["OPEN", 0])
    eq("its end is another", fold(21, "PAUSE", "a", "r1", id="1"), ["OK"])
    fold(21, "RESUME", "a", "r1")
    eq("as long as may be", fold(22, "PAUSE", "a", "r1", id="x" * 200), ["OK"])
    begin("16 are remembered", "x")
    for i in range(16):
        fold(5, "UNHOLD", "a", "h1", id=f"i{i}")
    eq("all", W("ids"), ",".join(f"i{i}" for i in range(16)))
    eq("the first", fold(6, "PAUSE", "a", "r1", id="i0"), ["IGN"])
    eq(
        "one more",
        (fold(7, "PAUSE", "a", "r1", id="i16"), W("ids")),
        (["OK"], ",".join(f"i{i}" for i in range(1, 17))),
    )
    eq(
        "the first is forgotten, not the second",
        [fold(8, "RESUME", "a", "r1", id=i) for i in ("i1", "i0")],
        [["IGN"], ["OPEN", 0]],
    )
    start("bounds of a hold")
    for till, tier, inst in (
        ("1" * 16, "", ""),
        ("5", "t" * 2001, ""),
        ("5", "é" * 1001, ""),
        ("5", "", "i" * 201),
    ):
        eq("too long", hold(1, "h1", till, tier, inst), ["IGN"])
    eq("as long as may be", hold(2, "h1", "1" * 15, "t" * 2000, "i" * 200), ["OK"])


def deadlines():
    at = lambda wl="a": debts().get("deadline|" + wl)
    begin("a run has a deadline", "x", dl=10, pm=30, nt=2)
    eq("from its activation", (at(), W("dl"), W("pm"), W("qdl"), W("qpm")), (10_002, "10", "30", None, None))
    fold(1000, "PAUSE", "a", "r1", ts=T + 500)
    eq("paused, by the record: the longest pause", (at(), W("dleft")), (30_500, "9502"))
    eq("again", (fold(1100, "PAUSE", "a", "r1"), at()), (["IGN"], 30_500))
    fold(5000, "RESUME", "a", "r1")
    eq("resumed: what was left", (at(), W("dleft")), (14_502, None))
    wipe(6000)
    eq("durable", at(), 14_502)
    fold(20_000, "PAUSE", "a", "r1")
    eq("past it", (at(), W("dleft")), (50_000, "0"))
    fold(20_001, "RESUME", "a", "r1")
    eq("due at once", at(), 20_001)
    eq("cancelled", fold(20_002, "CANCEL", "a", "r1", "deadline"), ["DRAIN"])
    eq("runs no more", (at(), debts()), (None, {"drain|a": 20_002}))
    fold(20_003, "DRAINED", "a", "0:2", "")
    eq("result", (result("r1"), W("dl"), W("pm")), ("deadline", None, None))
    begin("the deadline ends with the run", "x")
    eq("runs", at(), 10_000_002)
    eq("ends", (term(5, "x"), at()), (["DONE"], None))
    begin("with the supersession", "x")
    ask(5, "r2")
    eq("cleared", (W("st"), at()), ("D", None))
    eq("and the next has its own", (fold(6, "DRAINED", "a", "0:2", W("q")), at()), (["PLAN", 0], 10_000_006))
    begin("with a cancel while paused", "x")
    fold(5, "PAUSE", "a", "r1")
    fold(6, "CANCEL", "a", "r1")
    eq("cleared", (at(), W("dleft")), (None, None))
    begin("with a plan that failed")
    eq("cleared", (fold(5, "PLANFAIL", "a", "0:2", 0, "denied"), at()), (["DONE"], None))
    start("activated while paused")
    _, q = ask(1, "r1", dl=10, pm=30)
    eq("none before", at(), None)
    fold(2, "PAUSE", "a", "r1")
    eq("a successor has none", at(), None)
    eq("the longest pause", (fold(3, "DRAINED", "a", "", q), at(), W("dleft")), (["OK"], 30_003, "10000"))
    eq("resumed", (fold(1000, "RESUME", "a", "r1"), at(), W("dleft")), (["PLAN", 0], 11_000, None))
    start("a run of no steps has none")
    _, q = ask(1, "r1", nt=0)
    eq("ended", (fold(2, "DRAINED", "a", "", q), at()), (["DONE"], None))
    begin("a resume may end the run", "x")
    fold(5, "PAUSE", "a", "r1")
    term(6, "x")
    eq("cleared", (fold(7, "RESUME", "a", "r1"), at()), (["DONE"], None))


def versions():
    begin("another version of the rules", "x", fresh=False)
    n = off[0]
    eq("ours", (r.hget(P + ":v", "fv"), beat(5, n - 1, n)), ("1", ["BASE"]))
    for fv in ("2", "0"):
        r.hset(P + ":v", "fv", fv)
        before = V.dump()
        eq(
            "told apart",
            (fold(6, "X", "a"), fold(6, "X", "a", o=0), fold(6, "X", "a", o=99)),
            (["OTHERFV", int(fv)],) * 3,
        )
        eq("a leader is told too", (beat(6, n - 1, n), beat(6, n - 3, n)), (["OTHERFV", int(fv)],) * 2)
        eq("nothing written", V.dump(), before)
    r.hdel(P + ":v", "fv")
    eq("a view without one", (fold(7, "X", "a"), beat(7, n - 1, n)), (["OTHERFV", 0],) * 2)
    r.hdel(P + ":v", "applied")
    eq("no view comes first", (fold(7, "X", "a"), beat(7, n - 1, n)), (["NOVIEW"],) * 2)
    start("what must be known")
    must = lambda ty, needs, must="1": fold(1, ty, "a", "r1", must=must, needs=needs)
    eq("a type", must("X", ""), ["UPGRADE"])
    eq("a word of needs", [must("FIN", x) for x in ("new", " new", "a b")], [["UPGRADE"]] * 3)
    eq("no word", [must("FIN", x) for x in ("", " ")], [["IGN"]] * 2)
    eq("not a must", (must("FIN", "new", must=""), must("X", "new", must="")), (["IGN"], ["IGN"]))


def generations():
    start("the generation of the log", G="3")
    eq("kept", r.hget(P + ":v", "log"), "3")
    eq("request", fold(1, "REQ", "a", "r1", "", "", "start", "queue"), ["ADMIT"])
    eq("waits by it", (r.hkeys(P + ":a:a"), owed(), kept("r1")[0]), (["3:1"], {"admit|a|3:1": 1}, "3:1"))
    for request in ("0:1", "1", ":1", "4:1"):
        eq(
            f"answer to {request}",
            (fold(2, "ACC", "a", request, 1, "halt", ""), fold(2, "REF", "a", request, "late")),
            (["IGN"],) * 2,
        )
    eq("answered", fold(3, "ACC", "a", "3:1", 2, "halt", ""), ["DRAIN"])
    ep = f"3:{off[0] - 1}"
    other = "0:" + ep[2:]
    eq("the epoch", (W("q"), r.keys(P + ":f:*"), drained(3)), (ep, [P + ":f:" + ep], [1, "", ep]))
    eq("activated by another", fold(4, "DRAINED", "a", "", other), ["IGN"])
    eq("activated", fold(4, "DRAINED", "a", "", ep), ["PLAN", 0])
    eq("planned for another", fold(5, "PLAN", "a", other, 0, "A", 0, 1, "x"), ["IGN"])
    eq("failed to plan for another", fold(5, "PLANFAIL", "a", other, 0, "denied"), ["IGN"])
    eq("planned", fold(6, "PLAN", "a", ep, 0, "A", 0, 1, "x"), ["OPEN", 0])
    grant()
    eq("taken", take(6), [f"a|{ep}|0|x"])
    eq("delivered for another", V.call("sent", other, 0, "x", 1, 1), 0)
    eq("claimed for another", claim(7, "x", "k", ep=other), ["FENCED"])
    eq("claimed", claim(7, "x", "k", ep=ep)[0], "OK")
    eq("a terminal of another", (term(8, "x", ep=other), r.scard(f"{P}:p:{ep}:0")), (["IGN"], 1))
    eq(
        "renewed for another",
        renew(9, ("a", other, 0, "x", "k"), ("a", ep, 0, "x", "k")),
        [["FENCED"], ["OK", T + 109, 0]],
    )
    eq("its own", term(10, "x", ep=ep, tok="k"), ["PLAN", 1])
    eq(
        "ended by another",
        (fold(11, "CANCEL", "a", "r1"), fold(12, "DRAINED", "a", other, "")),
        (["DRAIN"], ["IGN"]),
    )
    eq("ended", (fold(13, "DRAINED", "a", ep, ""), kept("r1")[2:4]), (["DONE"], [ep, "cancelled"]))
    start("which run is the oldest: by generation, then by offset", G="2")
    for i, o in enumerate(["1:900", "0:950", "1:800"] + [f"2:{k}" for k in range(61)]):
        r.hset(P + ":r:a", f"r{i}", f"{o}|start||succeeded||0,0,0,0,0")
    for gone in ("r1", "r2", "r0", "r3"):
        eq("one more", fold(5, "REQ", "a", f"n{off[0]}", "", "", "start", "queue"), ["ADMIT"])
        eq("the oldest goes", (r.hexists(P + ":r:a", gone), r.hlen(P + ":r:a")), (False, 64))
    start("a run that owes its RunFinished is not forgotten")
    for i in range(66):
        _, o = req(1, f"r{i}")
        fold(1, "REF", "a", o, "held")
    eq("all are there", (r.hlen(P + ":r:a"), W("nf")), (66, "66"))
    eq(
        "finished: it may go, the others not",
        (fold(2, "FIN", "a", "r7"), req(3, "n")[0], r.hexists(P + ":r:a", "r7")),
        (["OK"], ["ADMIT"], False),
    )
    eq("the oldest stays", (r.hexists(P + ":r:a", "r0"), r.hlen(P + ":r:a")), (True, 66))
    names.append("a seed keeps the generation")
    V.reset()
    V.new(T, G="7")
    eq("forced", (seed("BEGIN", "n1", "1"), r.hgetall(P + ":v")), ([1], {"seed": "n1", "log": "7"}))
    eq(
        "begun again",
        (seed("BEGIN", "n2", ""), seed("END", "n2", 0, 0, TTL, TAWS, ""), r.hget(P + ":v", "log")),
        ([1], [1], "7"),
    )
    eq(
        "another",
        (seed("BEGIN", "n3", "1"), seed("END", "n3", 0, 0, TTL, TAWS, "8"), r.hget(P + ":v", "log")),
        ([1], [1], "8"),
    )
    seed("BEGIN", "n4", "1")
    for g in ("x", "-1", "1.5"):
        bad("generation " + g, lambda: seed("END", "n4", 0, 0, TTL, TAWS, g))


def run():
    by_id()
    deadlines()
    versions()
    generations()
