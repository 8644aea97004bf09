from scenarios.kit import *


def run():
    # ---- deaths in hand
    begin("three deaths in hand poison", "x", "y", nt=2)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "u")
    eq(
        "another epoch, another workload, a step that is not open, no such job, no epoch",
        (
            killed("x", ep="0:1"),
            killed("x", wl="b"),
            killed("u", k=1),
            killed("zz"),
            killed("x", k=-1),
            killed("x", wl="b", ep=""),
        ),
        (0,) * 6,
    )
    r.sadd(P + ":p:0:9:0", "x")
    eq("not even if it is there", killed("x", ep="0:9"), 0)
    eq("nothing noted", r.keys(P + ":k:*"), [])
    bad("step", lambda: killed("x", k="?", ep="0:1"))
    bad("no job", lambda: V.call("killed", "a", "0:1", 0))
    bad("no token", lambda: V.call("killed", "a", "0:2", 0, "x", ""))
    claim(10, "x", "k1")
    before = V.durable(V.dump())
    eq("counted", (killed("x"), killed("x", tok="k1"), killed("x", tok="k1"), killed("y")), (1, 2, 2, 1))
    eq(
        "nothing else moves",
        (
            V.durable(V.dump()),
            lease("x"),
            due("x"),
            {j: n.split("|")[0] for j, n in r.hgetall(P + ":k:0:2").items()},
        ),
        (before, f"1|{T+110}|w|k1", 110, dict(x="2", y="1")),
    )
    eq("two are not enough", claim(110, "x", "k2")[:2], ["OK", 2])
    eq("the third", killed("x"), 3)
    eq(
        "who holds the lease keeps it",
        (claim(111, "x", "k2")[0], renew(112, ("a", "0:2", 0, "x", "k2")), claim(113, "x", "k3")[0]),
        ("OK", [["OK", T + 212, 0]], "BUSY"),
    )
    eq("POISON, by deaths: expiries are below their bound", claim(212, "x", "k3"), ["POISON", 2])
    eq(
        "the takeover counts as ever",
        (W("z"), lease("x"), r.hget(P + ":x:0:2", "x"), r.hget(P + ":n:0:2", "x")),
        (str(T + 212), None, "2", "2"),
    )
    eq("again", claim(213, "x", "k3", maxx=99), ["POISON", 2])
    eq("published again", take(213), ["a|0:2|0|y", "a|0:2|0|x"])
    eq("a fourth", (killed("x"), claim(214, "x", "k3")), (4, ["POISON", 2]))
    eq("not the one beside it", claim(214, "y", "k4")[0], "OK")
    eq("its terminal goes on", term(215, "x", "failed"), ["OK"])
    eq("a late death is not counted", (killed("x"), r.hget(P + ":k:0:2", "x")[:2]), (0, "4|"))
    fold(216, "PAUSE", "a", "r1")
    eq("paused: it counts", killed("y"), 2)
    ask(217, "r2")
    eq("draining: it counts", killed("y"), 3)
    q = W("q")
    fold(900, "DRAINED", "a", "0:2", q)
    eq(
        "forgotten with the epoch, its lease too",
        ([k for k in r.keys("*") if ":0:2:" in k or k.endswith(":0:2")], killed("y")),
        ([], 0),
    )
    begin("a death in hand is not durable", "x")
    killed("x")
    killed("x")
    killed("x")
    eq("POISON", claim(5, "x", "k"), ["POISON", 0])
    wipe(10)
    eq("lost with the view", (claim(11, "x", "k")[0], killed("x")), ("OK", 1))
    begin("a wrong type of the deaths", "x")
    claim(10, "x", "k1")
    r.set(P + ":k:0:2", "x")
    before = V.dump()
    bad("killed", lambda: killed("x"))
    bad("claim", lambda: claim(200, "x", "k2"))
    eq("nothing written", V.dump(), before)
    begin("takeover before the sweep", "x")
    claim(10, "x", "k1")
    eq("takeover", claim(120, "x", "k2"), ["OK", 2, T + 220, 0])
    eq("noted", (W("z"), r.hget(P + ":x:0:2", "x")), (str(T + 110), "1"))
    term(130, "x", tok="k2")
    eq("ended", W("st"), "I")
    ask(131, "r2")
    eq("what attempt 1 signed may land", drained(132), [0, "signature window", 110 + TAWS])
    eq("just before", drained(110 + TAWS - 1), [0, "signature window", 110 + TAWS])
    eq("over", drained(110 + TAWS)[0], 1)

    begin("token instead of attempt", "x", "y")
    eq("before the wipe", claim(10, "x", "old"), ["OK", 1, T + 110, 0])
    h = [(k, r.hgetall(k)) for k in (P + ":w:a", P + ":r:a")]
    r.delete(P + ":l:0:2:0", P + ":n:0:2", P + ":x:0:2")  # the lease table is lost
    eq("attempt 1 again", claim(20, "x", "new"), ["OK", 1, T + 120, 0])
    eq("late TERM of the pre-wipe lease", term(30, "x", "ok", tok="old"), ["OK"])
    eq("does not drop the new lease", lease("x"), f"1|{T+120}|w|new")
