from scenarios.kit import *


def run():
    # ---- the step guard
    def two(name, *more, nt=2, out="failed", a="x"):
        begin(name, a, *more, nt=nt)
        fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "y", "y2")
        eq("opens step 1", term(5, a, out), ["OPEN", 1])
        eq("fo", (W("fo"), W("clr")), ("1" if out != "ok" else "0", None))

    def zombie(
        name, out="failed", nt=2
    ):  # attempt 1 hands back, attempt 2 lives to 120, a late terminal of attempt 1 counts: step 1 opens at 30
        begin(name, "x", nt=nt)
        fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "y", "y2")
        claim(10, "x", "k1")
        release(20, "x", "k1")
        eq("attempt 2", claim(20, "x", "k2"), ["OK", 2, T + 120, 0])
        eq("opens", term(30, "x", out, tok="k1"), ["OPEN", 1])

    begin("a dead attempt opens no step beside the living", "x", nt=3)
    claim(10, "x", "k1")
    take(110)
    claim(120, "x", "k2")
    fold(125, "PLAN", "a", "0:2", 1, "A", 0, 1)
    fold(126, "PLAN", "a", "0:2", 2, "A", 0, 1, "y", "z")
    eq("late failure of attempt 1, an empty step between", term(130, "x", "failed", tok="k1"), ["OPEN", 2])
    eq("opened with one unsettled", (W("fo"), W("open"), W("clr")), ("1", "2", None))
    eq("the living lease is kept", lease("x"), f"2|{T+220}|w|k2")
    eq("claim waits for what attempt 1 signed", claim(131, "y", "k3", k=2), ["BUSY", 110 + TAWS - 131])
    eq("take is put off", take(132), [])
    eq("to then", gate(2), 110 + TAWS)
    eq("the sweep of the old step stays on", gate(0), 220)
    eq("swept", take(220), [])
    eq("noted", (W("z"), gate(0), gate(2)), (str(T + 220), None, 110 + TAWS))
    eq("put off again", (take(110 + TAWS), gate(2)), ([], 220 + TAWS))
    eq(
        "until then",
        (take(220 + TAWS - 1), claim(220 + TAWS - 1, "y", "k3", k=2), W("clr")),
        ([], ["BUSY", 1], None),
    )
    eq("published", take(220 + TAWS), ["a|0:2|2|y", "a|0:2|2|z"])
    eq("take notes nothing", W("clr"), None)
    eq("claimed", claim(521, "y", "k3", k=2), ["OK", 1, T + 621, 0])
    eq("cleared", W("clr"), "2")
    zombie("a living lease of an earlier step, then its window", nt=3)
    eq("claim", claim(31, "y", "k3", k=1), ["BUSY", 89])
    eq("no counters for it", r.hget(P + ":n:0:2", "y"), None)
    eq("take", (take(32), gate(1), take(119)), ([], 120, []))
    eq(
        "at its deadline nobody has swept it yet",
        (take(120), gate(1), W("z")),
        ([], 120 + TAWS, str(T + 120)),
    )
    eq("just before", (claim(120 + TAWS - 1, "y", "k3", k=1), take(120 + TAWS - 1)), (["BUSY", 1], []))
    eq("over", take(120 + TAWS), ["a|0:2|1|y", "a|0:2|1|y2"])
    eq("claimed", claim(421, "y", "k3", k=1)[0], "OK")
    zombie("a lease that expired and that nobody swept")
    eq(
        "claim",
        (claim(119, "y", "k3", k=1), claim(120, "y", "k3", k=1), claim(120 + TAWS - 1, "y", "k3", k=1)),
        (["BUSY", 1], ["BUSY", TAWS], ["BUSY", 1]),
    )
    eq("not cleared", W("clr"), None)
    eq("over: claim clears by itself", (claim(120 + TAWS, "y", "k3", k=1)[0], W("clr")), ("OK", "1"))
    begin("every earlier step counts", "x", nt=3)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1)
    fold(4, "PLAN", "a", "0:2", 2, "A", 0, 1, "u")
    claim(10, "x", "k1")
    release(20, "x", "k1")
    claim(20, "x", "k2")
    eq("an empty step between", term(30, "x", "failed", tok="k1"), ["OPEN", 2])
    eq("put off", (claim(31, "u", "k", k=2), take(31), gate(2)), (["BUSY", 89], [], 120))
    eq("and its window", claim(120, "u", "k", k=2), ["BUSY", TAWS])
    eq("cleared by claim", (claim(420, "u", "k", k=2)[0], W("clr")), ("OK", "2"))
    zombie("its end lets the next step start at once")
    eq("put off", (take(31), gate(1)), ([], 120))
    eq("own terminal", term(40, "x", tok="k2"), ["IGN"])
    eq("not put off any more", (gate(1), take(41)), (30, ["a|0:2|1|y", "a|0:2|1|y2"]))
    zombie("but not with an unanswered call")
    take(31)
    eq("own terminal", term(40, "x", tok="k2", un="1"), ["IGN"])
    eq(
        "put off to its window",
        (take(41), gate(1), claim(41, "y", "k3", k=1)),
        ([], 40 + TAWS, ["BUSY", TAWS - 1]),
    )
    eq("over", take(40 + TAWS), ["a|0:2|1|y", "a|0:2|1|y2"])
    zombie("or its release")
    take(31)
    eq("release", release(50, "x", "k2"), ["OK"])
    eq("at once", (gate(1), gate(0), take(51)), (30, None, ["a|0:2|1|y", "a|0:2|1|y2"]))
    begin("an expired lease of the earlier step delays by taws", "x", "w", nt=2)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "y")
    claim(10, "x", "k1")
    claim(10, "w", "k2")
    eq("swept", take(110), ["a|0:2|0|w", "a|0:2|0|x"])
    term(111, "w")
    eq("opens", term(112, "x", "failed"), ["OPEN", 1])
    eq(
        "put off",
        (take(113), gate(1), claim(113, "y", "k", k=1)),
        ([], 110 + TAWS, ["BUSY", 110 + TAWS - 113]),
    )
    eq("until", (take(409), take(410)), ([], ["a|0:2|1|y"]))
    zombie("no guard when all earlier members are settled: a living zombie", out="ok")
    eq("fo", W("fo"), "0")
    release(31, "x", "kq", un="1")
    r.hset(P + ":v", "quar", T + 9000)
    eq("z and quarantine too", (W("z"), lease("x")), (str(T + 31), f"2|{T+120}|w|k2"))
    eq("published at once", take(32), ["a|0:2|1|y", "a|0:2|1|y2"])
    eq(
        "claimed at once",
        (claim(32, "y", "k3", k=1), claim(33, "y2", "k4", k=1)[0]),
        (["OK", 1, T + 132, 0], "OK"),
    )
    eq("nothing noted", W("clr"), None)
    zombie("no guard by claim alone", out="ok")
    r.hset(P + ":v", "quar", T + 9000)
    eq("claimed at once", claim(32, "y", "k3", k=1)[0], "OK")
    eq("nothing noted", W("clr"), None)
    eq(
        "a failure of the step itself is not an earlier one",
        (term(33, "y", "failed", tok="k3", k=1), W("failed"), W("fo")),
        (["OK"], "1", "0"),
    )
    eq("no guard for its others", (take(34), claim(34, "y2", "k4", k=1)[0]), (["a|0:2|1|y2"], "OK"))
    two("the quarantine delays an unsettled start")
    r.hset(P + ":v", "quar", T + 9000)
    eq("put off", (take(6), gate(1), claim(6, "y", "k", k=1)), ([], 9000, ["BUSY", 8994]))
    eq("until", (claim(8999, "y", "k", k=1), take(8999), W("clr")), (["BUSY", 1], [], None))
    eq("over", (take(9000, 1), W("clr"), claim(9000, "y2", "k", k=1)[0]), (["a|0:2|1|y"], None, "OK"))
    two("the own expiry never delays the own retry")
    eq("published, not cleared by take", (take(6), W("clr")), (["a|0:2|1|y", "a|0:2|1|y2"], None))
    eq("claimed", claim(10, "y", "k1", k=1), ["OK", 1, T + 110, 0])
    eq("expired, published at once", take(110), ["a|0:2|1|y2", "a|0:2|1|y"])
    eq("window noted", W("z"), str(T + 110))
    eq("claimed at once", claim(111, "y", "k2", k=1), ["OK", 2, T + 211, 0])
    eq("taken over at once", claim(250, "y", "k3", k=1), ["OK", 3, T + 350, 0])
    release(260, "y", "k3", k=1)
    r.hset(P + ":v", "quar", T + 9000)
    eq(
        "a later quarantine neither",
        (take(261), claim(261, "y", "k4", k=1)[0]),
        (["a|0:2|1|y2", "a|0:2|1|y"], "OK"),
    )
    eq(
        "an unanswered one neither",
        (release(262, "y", "k4", k=1, un="1"), claim(263, "y", "k5", k=1)[0]),
        (["OK"], "OK"),
    )
    two("each step has its own start", nt=3)
    take(6)
    fold(7, "PLAN", "a", "0:2", 2, "A", 0, 1, "u")
    claim(8, "y", "k1", k=1)
    take(108)
    eq("noted", W("z"), str(T + 108))
    term(120, "y", k=1)
    eq("opens", term(121, "y2", k=1), ["OPEN", 2])
    eq("fo is still what was left unsettled before", (W("fo"), W("clr")), ("1", "1"))
    eq(
        "put off",
        (take(122), gate(2), claim(122, "u", "k", k=2)),
        ([], 108 + TAWS, ["BUSY", 108 + TAWS - 122]),
    )
    eq("over", (take(408), W("clr"), claim(409, "u", "k", k=2)[0], W("clr")), (["a|0:2|2|u"], "1", "OK", "2"))
    two("also after a resume")
    r.hset(P + ":v", "quar", T + 9000)
    fold(7, "PAUSE", "a", "r1")
    eq("resumed", (fold(8, "RESUME", "a", "r1"), gate(1)), (["OPEN", 1], 5))
    eq("put off", (take(9), gate(1), claim(9, "y", "k", k=1)), ([], 9000, ["BUSY", 8991]))
    eq("fo stays", W("fo"), "1")
    begin("an older step is not guarded: its sweep goes on", "x", nt=3)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "y")
    fold(5, "PLAN", "a", "0:2", 2, "A", 0, 1, "u")
    claim(10, "x", "k1")
    release(100, "x", "k1")
    claim(100, "x", "k2")
    term(101, "x", tok="k1")
    claim(102, "y", "k3", k=1)
    release(103, "y", "k3", k=1)
    claim(104, "y", "k4", k=1)
    eq("the zombies live to 200 and 204", term(105, "y", "failed", tok="k3", k=1), ["OPEN", 2])
    eq("fo", (W("fo"), W("clr")), ("1", None))
    eq("put off to the later end", (take(106), gate(2)), ([], 204))
    take(150)
    r.hset(P + ":v", "quar", T + 9000)
    eq(
        "swept in time",
        (take(204), W("z"), r.hget(P + ":x:0:2", "y"), gate(1), gate(2)),
        ([], str(T + 204), "1", None, 9000),
    )
    eq("not cleared by it", W("clr"), None)
    two("after a wipe the quarantine delays a start that was cleared")
    take(6)
    eq("started", (claim(7, "y", "k1", k=1)[0], W("clr")), ("OK", "1"))
    wipe(50)
    eq("fo is durable, clr is not", (W("fo"), W("clr"), W("open")), ("1", None, "1"))
    eq("put off", (take(51), gate(1), claim(51, "y", "k2", k=1)), ([], 50 + QUAR, ["BUSY", QUAR - 1]))
    eq("until", (take(50 + QUAR - 1), take(50 + QUAR)), ([], ["a|0:2|1|y", "a|0:2|1|y2"]))
    eq("claimed", (claim(50 + QUAR, "y", "k2", k=1)[0], W("clr")), ("OK", "1"))
    two("not so when all is settled", out="ok")
    claim(7, "y", "k1", k=1)
    wipe(50)
    eq(
        "goes on at once",
        (take(51), claim(51, "y", "k2", k=1)[0], W("fo"), W("clr")),
        (["a|0:2|1|y", "a|0:2|1|y2"], "OK", "0", None),
    )
    begin("the first step goes on after a wipe", "x", "x2", nt=2)
    term(5, "x", "failed")
    wipe(50)
    eq("goes on at once", (take(51), claim(51, "x2", "k2")[0]), (["a|0:2|0|x2"], "OK"))
    fold(52, "PLAN", "a", "0:2", 1, "A", 0, 1, "y")
    eq("the next is opened", term(53, "x2", tok="k2"), ["OPEN", 1])
    eq("and waits", (gate(1), take(54), gate(1)), (53, [], 50 + QUAR))
    two("a new opening does not put off a start that was cleared")
    claim(11, "y", "k1", k=1)
    eq("cleared", W("clr"), "1")
    fold(12, "VIEW", "", "I1")
    eq("quarantine", r.hget(P + ":v", "quar"), str(T + 12 + QUAR))
    eq("release", (release(13, "y", "k1", k=1), gate(1)), (["OK"], 5))
    eq("goes on", (take(13), claim(14, "y", "k2", k=1)[0]), (["a|0:2|1|y2", "a|0:2|1|y"], "OK"))
    two("clr and fo survive nothing")
    take(6)
    claim(6, "y", "k0", k=1)
    eq("set", (W("fo"), W("clr")), ("1", "1"))
    ask(7, "r2", nt=2)
    q = W("q")
    eq("the next run", fold(8, "DRAINED", "a", "0:2", q), ["PLAN", 0])
    eq("starts without", (W("fo"), W("clr")), (None, None))
    fold(9, "PLAN", "a", q, 0, "n", 0, 1, "x")
    eq("step 0", (W("fo"), W("clr")), ("0", None))
    fold(9, "PLAN", "a", q, 1, "n", 0, 1, "y")
    r.hset(P + ":v", "quar", T + 9000)
    eq("unsettled again", term(10, "x", "failed", ep=q), ["OPEN", 1])
    eq("asked again", (take(11), claim(11, "y", "k", k=1, ep=q)), ([], ["BUSY", 8989]))
    fold(12, "CANCEL", "a", "r2")
    r.hset(P + ":w:a", "clr", 1)
    fold(13, "DRAINED", "a", q, "")
    eq("nor idleness", (W("fo"), W("clr"), W("ep")), (None, None, None))
    begin("two workloads in one take", "x", nt=2)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "y")
    ask(5, "rb", wl="b", nt=3)
    q = W("q", "b")
    fold(5, "DRAINED", "b", "", q)
    fold(6, "PLAN", "b", q, 0, "n", 0, 1)
    fold(6, "PLAN", "b", q, 1, "n", 0, 1, "u")
    fold(6, "PLAN", "b", q, 2, "n", 0, 1, "v")
    term(7, "x", "failed")
    fold(7, "TERM", "b", q, 1, "u", "failed", "", "")
    eq("both cleared", (take(8), W("clr"), W("clr", "b")), (["a|0:2|1|y", f"b|{q}|2|v"], None, None))
    eq("each by its claim", (claim(9, "y", "k", k=1)[0], W("clr"), W("clr", "b")), ("OK", "1", None))
    zombie("a failover that lost a living lease: take asks before the view is opened")
    r.delete(P + ":l:0:2:0")
    r.hset(P + ":v", "inc", "I0")
    eq("published in good faith", (take(40), W("clr")), (["a|0:2|1|y", "a|0:2|1|y2"], None))
    eq("not granted", claim(41, "y", "k3", k=1), ["WAIT"])
    fold(42, "VIEW", "", "I1")
    eq("nor after the opening", claim(43, "y", "k3", k=1)[0], "BUSY")
    eq(
        "before the quarantine is over",
        (claim(42 + QUAR - 1, "y", "k3", k=1), claim(42 + QUAR, "y", "k3", k=1)[0]),
        (["BUSY", 1], "OK"),
    )
