from scenarios.kit import *


def run():
    # ---- leases
    begin("claim", "x", "y", nt=2)
    r.hset(P + ":v", "fresh", T + 1000)
    eq("other run_id", claim(10, "x", "k", inc="I0"), ["WAIT"])
    eq("not fresh", claim(1000, "x", "k"), ["WAIT"])
    eq("other epoch", claim(10, "x", "k", ep="0:1"), ["FENCED"])
    eq("step not open", claim(10, "x", "k", k=1), ["WAIT"])
    eq("unknown workload", claim(10, "x", "k", wl="b"), ["FENCED"])
    eq("unknown job", claim(10, "zz", "k"), ["DONE"])
    bad("step", lambda: claim(10, "x", "k", k="?"))
    bad("token", lambda: claim(10, "x", ""))
    bad("worker", lambda: claim(10, "x", "k", worker="a|b"))
    bad("maxExpiries", lambda: claim(10, "x", "k", maxx="?"))
    eq("first", claim(10, "x", "k1"), ["OK", 1, T + 110, 0])
    eq("the same command sent again", claim(15, "x", "k1"), ["OK", 1, T + 110, 0])
    eq("another", claim(20, "x", "k2"), ["BUSY", 90])
    eq("lease", lease("x"), f"1|{T+110}|w|k1")
    eq("due at its deadline", due("x"), 110)
    eq("gate", gate(), 3)
    eq("taken", take(20), ["a|0:2|0|y"])
    eq("rescored", (due("y"), gate()), (70, 70))
    eq("not twice", take(69), [])
    eq("at the deadline", take(110), ["a|0:2|0|y", "a|0:2|0|x"])
    eq(
        "expiry counted, window noted",
        (r.hget(P + ":x:0:2", "x"), W("z"), lease("x")),
        ("1", str(T + 110), None),
    )
    eq("second attempt", claim(120, "x", "k2"), ["OK", 2, T + 220, 0])
    eq("late terminal of the first, done", term(130, "x", "ok", tok="k1"), ["OK"])
    eq("the second keeps its lease", lease("x"), f"2|{T+220}|w|k2")
    eq("and its place", due("x"), 220)
    eq("finished", claim(131, "x", "k3"), ["DONE"])
    eq("other outcome", term(132, "x", "failed", tok="k9"), ["IGN"])
    eq("first counts", W("failed"), "0")
    eq("renewal of a finished job", renew(133, ("a", "0:2", 0, "x", "k2")), [["FENCED"]])
    eq("its own terminal frees it", (term(134, "x", tok="k2"), lease("x"), due("x")), (["IGN"], None, None))

    begin("renew, release", "x", "y", "w", "v")
    claim(10, "x", "k1")
    claim(10, "y", "k2")
    claim(10, "w", "k3")
    eq(
        "in order",
        renew(
            50,
            ("a", "0:2", 0, "x", "k1"),
            ("a", "0:2", 0, "y", "k9"),
            ("a", "0:2", 0, "zz", "k"),
            ("a", "0:1", 0, "x", "k1"),
            ("b", "0:2", 0, "x", "k1"),
        ),
        [["OK", T + 150, 0], ["LOST"], ["LOST"], ["FENCED"], ["FENCED"]],
    )
    eq("moved", (lease("x"), due("x"), due("y")), (f"1|{T+150}|w|k1", 150, 110))
    eq("other run_id", renew(50, ("a", "0:2", 0, "x", "k1"), inc="I0"), [["WAIT"]])
    r.hset(P + ":v", "fresh", T + 60)
    eq("not fresh", renew(60, ("a", "0:2", 0, "x", "k1")), [["WAIT"]])
    grant()
    bad("words", lambda: V.call("renew", T, "I1", "a", "2"))
    eq("release by another", release(60, "x", "k2"), ["LOST"])
    eq("kept", lease("x"), f"1|{T+150}|w|k1")
    eq("release", release(60, "x", "k1", due=500), ["OK"])
    eq("due later", (lease("x"), due("x")), (None, 560))
    eq("again", release(61, "x", "k1"), ["LOST"])
    eq("not an expiry", (r.hget(P + ":x:0:2", "x"), W("z")), (None, None))
    bad("due", lambda: release(61, "x", "k1", due="?"))
    eq("gate is the lowest", gate(), 3)
    take(61)
    eq("gate", gate(), 110)
    release(62, "y", "k2", due=5)
    eq("gate", gate(), 67)
    eq("an unanswered call", release(63, "w", "k3", un="1"), ["OK"])
    eq("is noted", W("z"), str(T + 63))
    eq("even by a lost lease", (release(64, "w", "k3", un="1"), W("z")), (["LOST"], str(T + 64)))
    claim(70, "x", "k4")
    term(71, "x")
    eq("release of a finished job", release(72, "x", "k4"), ["OK"])
    eq("is not due any more", due("x"), None)
    claim(73, "v", "k5")
    ask(74, "r2")
    eq("renew while draining", renew(75, ("a", "0:2", 0, "v", "k5")), [["FENCED"]])
    eq("release while draining", release(75, "v", "k5"), ["OK"])
    eq("opens nothing", gate(), None)

    begin("three hand-backs do not poison", "x")
    for i in range(6):
        eq("claim", claim(10 + i, "x", f"k{i}")[:2], ["OK", i + 1])
        eq("back", release(10 + i, "x", f"k{i}"), ["OK"])
    at = 100
    for i in range(4):
        eq("claim", claim(at, "x", f"e{i}")[0], "OK")
        at += 200
        eq("expired", take(at), ["a|0:2|0|x"])
        at += 1
    eq("POISON after max expiries", claim(at, "x", "e9"), ["POISON", 4])
    eq("no lease, still due", (lease("x"), due("x")), (None, at - 1 + TPUB))
    eq("a higher limit", claim(at, "x", "e9", maxx=4)[0], "OK")
    begin("POISON by takeover", "x")
    claim(10, "x", "k1", maxx=0)
    eq("the takeover counts", claim(110, "x", "k2", maxx=0), ["POISON", 1])
    eq("window noted", (W("z"), lease("x")), (str(T + 110), None))
    eq("published again", take(111), ["a|0:2|0|x"])
