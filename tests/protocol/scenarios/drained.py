from scenarios.kit import *


def run():
    # ---- drained
    begin("drained", "x")
    claim(10, "x", "k")
    ask(20, "r2")
    q = W("q")
    eq("a lease lives", drained(109), [0, "live leases", 0])
    eq("other run_id", drained(9000, inc="I0"), [0, "view not validated", 0])
    eq("window of a lease nobody swept", drained(110 + TAWS - 1), [0, "signature window", 110 + TAWS])
    eq("over", drained(110 + TAWS), [1, "0:2", q])
    r.hset(P + ":v", "quar", T + 9000)
    eq("quarantine", drained(8999), [0, "quarantine", 9000])
    eq("over", drained(9000), [1, "0:2", q])
    r.hset(P + ":v", "fresh", T + 500)
    eq("not fresh", drained(9000), [0, "view not validated", 0])
    begin("end-of-run shortcut", "x")
    term(10, "x")
    ask(20, "r2")
    r.hset(P + ":v", "quar", T + 50000)
    end = 10 + TTL + FRESH + TAWS + 5000
    eq("quarantine", (drained(end - 1), drained(21)), ([0, "quarantine", end],) * 2)
    eq("the end bounds it", drained(end), [1, "0:2", W("q")])
    eq(
        "not by a broker's clock that is not known",
        [(drained(end, useend=u), drained(49999, useend=u), drained(50000, useend=u)[0]) for u in ("", "0")],
        [([0, "quarantine", 50000], [0, "quarantine", 50000], 1)] * 2,
    )
    r.hset(P + ":v", "quar", T + 30)
    eq(
        "or the quarantine, whichever is sooner",
        [(drained(29, useend=u), drained(30, useend=u)[0]) for u in ("1", "")],
        [([0, "quarantine", 30], 1)] * 2,
    )
    begin("until when", "x", "y")
    claim(10, "x", "k1")
    release(20, "y", "k9", un="1")
    ask(30, "r2")
    eq(
        "a living lease may end at any moment, the window of the call may not",
        drained(31),
        [0, "live leases", 20 + TAWS],
    )
    eq("a lease that expired", drained(110), [0, "signature window", 110 + TAWS])
    eq(
        "before a later call",
        (r.hset(P + ":w:a", "z", T + 115), drained(116), r.hset(P + ":w:a", "z", T + 20)),
        (0, [0, "signature window", 115 + TAWS], 0),
    )
    r.hset(P + ":v", "quar", T + 200)
    eq(
        "quarantine ends first",
        (drained(31), drained(110), drained(199), drained(200)),
        (
            [0, "quarantine", 20 + TAWS],
            [0, "quarantine", 110 + TAWS],
            [0, "quarantine", 110 + TAWS],
            [0, "signature window", 110 + TAWS],
        ),
    )
    r.hset(P + ":v", "quar", T + 9000)
    eq("or last", drained(31), [0, "quarantine", 9000])
    eq(
        "nothing but a lease is known",
        (r.hdel(P + ":v", "quar"), r.hdel(P + ":w:a", "z"), drained(31)),
        (1, 1, [0, "live leases", 0]),
    )
    r.hset(P + ":l:0:2:0", "y", f"1|{T+90}|w|k")
    eq("and one of two that expired", drained(100), [0, "live leases", 90 + TAWS])
    eq(
        "a window that is over says nothing",
        (r.hset(P + ":l:0:2:0", "x", f"1|{T+800}|w|k"), drained(90 + TAWS)),
        (0, [0, "live leases", 0]),
    )
    begin("no shortcut for a run that did not end", "x")
    ask(20, "r2")
    r.hset(P + ":v", "quar", T + 50000)
    eq("quarantine", drained(49999), [0, "quarantine", 50000])
    begin("an unanswered call delays drained", "x")
    claim(10, "x", "k")
    eq("ends", term(50, "x", "failed", tok="k", un="1"), ["DONE"])
    eq("noted", W("z"), str(T + 50))
    ask(51, "r2")
    eq("delays", drained(50 + TAWS - 1), [0, "signature window", 50 + TAWS])
    eq("over", drained(50 + TAWS)[0], 1)
    term(60, "x", "failed", un="1")
    eq("a copy delays again", W("z"), str(T + 60))
    q = W("q")
    fold(400, "DRAINED", "a", "0:2", q)
    eq("the new run starts clean", W("z"), None)
    ask(401, "r3")
    eq("no window", drained(402)[0], 1)
    begin("leases of every step", "x", nt=2)
    claim(10, "x", "k1")
    term(11, "x", "failed")
    fold(12, "PLAN", "a", "0:2", 1, "A", 0, 1, "y")
    eq("zombie lease of step 0 holds step 1", claim(13, "y", "k2", k=1), ["BUSY", 97])
    ask(14, "r2")
    eq("and drained", drained(15), [0, "live leases", 0])
