"""owed and peek: what they say, word for word, and that they write nothing."""
from scenarios.kit import *


def say(at, limit=1000, skip=0):
    before = V.dump()
    x = V.call("owed", T + at, limit, skip)
    eq("reads only", V.dump(), before)
    return [x[0] - T if x[0] > 0 else x[0]] + [[e[0], e[1], e[2] - T, *e[3:]] for e in x[1:]]


def owes():
    start("owed: a request")
    req(5, "r1", "queue", rest='{"a":"|"}', act="stop")
    want = ["admit", "a", 5, "0:1", "stop", "queue", "", "r1", '{"a":"|"}']
    eq("not yet", say(4), [5])
    eq("admit", say(5), [-1, want])
    fold(6, "PAUSE", "a", "r1")
    eq("paused", say(7)[1][6], "1")
    req(8, "r2", wl="b", rest="")
    eq("in order", [e[:3] for e in say(9)[1:]], [["admit", "a", 5], ["admit", "b", 8]])
    eq(
        "some",
        ([e[1] for e in say(9, 1)[1:]], [e[1] for e in say(9, 1, 1)[1:]], say(9, 1, 2)),
        (["a"], ["b"], [-1]),
    )
    eq("the next", say(7)[0], 8)
    for limit, skip in ((0, 0), (1001, 0), ("x", 0), (1, "x"), (1, -1)):
        bad("limit, skip", lambda: V.call("owed", T, limit, skip))
    begin("owed: a run", "x", nt=3, delays="50,,", onfail="halt", act="stop", dl=100, pm=200)
    eq("its deadline", (say(2), say(100_001)[0]), ([100_002], 100_002))
    eq("when it is due", say(100_002), [-1, ["deadline", "a", 100_002, "r1", "R"]])
    term(10, "x")
    eq(
        "the plan, after the delay",
        (say(59), say(60)),
        ([60], [100_002, ["plan", "a", 60, "0:2", 1, "stop", "r1", "halt"]]),
    )
    fold(61, "PLAN", "a", "0:2", 1, "A", 0, 2, "y")
    eq("half of it: still owed", say(61)[1][3:5], ["0:2", 1])
    fold(62, "PAUSE", "a", "r1")
    eq("paused", say(200_062), [-1, ["deadline", "a", 200_062, "r1", "P"]])
    _, q = ask(70, "r2", "queue")
    eq("no drain yet", say(70), [200_062])
    fold(71, "CANCEL", "a", "r1")
    eq("drain", say(71), [-1, ["drain", "a", 71, "0:2", "r1", q, "r2", ""]])
    fold(72, "CANCEL", "a", "r2", "expired")
    eq(
        "to idleness, and a run to finish",
        say(72)[1:],
        [
            ["drain", "a", 71, "0:2", "r1", "", "", ""],
            ["finish", "a", 72, "r2", "start", q, "expired", "", 0, 0, 0, 0, 0],
        ],
    )
    fold(73, "DRAINED", "a", "0:2", "")
    eq("finish", say(73)[2], ["finish", "a", 73, "r1", "stop", "0:2", "cancelled", "", 1, 0, 0, 0, 0])
    begin("owed: the end", "x")
    _, q = ask(5, "r2", "queue")
    term(10, "x", (1, 2, 3, 4, 2, 6))
    eq(
        "drain, with the end of the run before",
        say(10)[1],
        ["drain", "a", 10, "0:2", "r1", q, "r2", str(T + 10)],
    )
    eq("finish", say(10)[2], ["finish", "a", 10, "r1", "start", "0:2", "partial", "", 1, 2, 3, 4, 2])
    start("owed: a first run")
    _, q = ask(5, "r1")
    eq("drain of nothing", say(5), [-1, ["drain", "a", 5, "", "", q, "r1", ""]])
    start("owed: a refusal")
    _, o = req(1, "r1")
    fold(2, "REF", "a", o, "too-many")
    eq("finish", say(2), [-1, ["finish", "a", 2, "r1", "start", "", "refused", "too-many", 0, 0, 0, 0, 0]])
    fold(3, "FIN", "a", "r1")
    r.hset(P + ":w:a", mapping={"z": 1, "clr": 1, "woff": 1})
    k = {"r1": "0:1|start||refused|too-many|0,0,0,0,0"}
    h = {x: y for x, y in r.hgetall(P + ":w:a").items() if x not in ("z", "clr", "woff")}
    x = say(3)[1]
    eq(
        "snap",
        (x[:6], dict(zip(x[6][::2], x[6][1::2])), dict(zip(x[7][::2], x[7][1::2]))),
        (["snap", "a", 3, 3, "0", "1"], h, k),
    )
    eq("no field but those", h, {"last": "3", "nf": "0"})
    eq("no view: nothing is owed", (r.flushdb(), say(9)), (True, [-1]))


def peeks():
    look = lambda at, wl="a": V.call("peek", T + at, wl)
    names.append("peek")
    V.reset()
    eq("no view", look(0), ["NOVIEW"])
    begin("peek: a run", "x", "y", nt=3, dl=100, pm=200)
    fold(4, "PLAN", "a", "0:2", 1, "A", 0, 1, "u")
    claim(10, "x", "k1")
    before = V.dump()
    view, h, waiting, steps, owes_, runs = look(20)
    eq("reads only", V.dump(), before)
    eq(
        "view",
        view,
        [
            "applied",
            str(off[0] - 1),
            "log",
            "0",
            "fv",
            "1",
            "inc",
            "I1",
            "fresh",
            str(T + 10**7),
            "quar",
            "",
            "ttl",
            "100",
            "taws",
            "300",
            "now",
            str(T + 20),
        ],
    )
    eq("workload", dict(zip(h[::2], h[1::2])), r.hgetall(P + ":w:a"))
    eq("steps", steps, [[0, 2, 2, 1, 0, T + 3], [1, 1, 1, 0, 0, T + 4]])
    eq("a lease that is over", look(110)[3][0], [0, 2, 2, 0, 1, T + 3])
    eq(
        "debts, waiting, runs",
        (waiting, owes_, runs),
        ([], ["deadline", T + 100_002], ["r1", "0:1|start||||0,0,0,0,0"]),
    )
    term(21, "x", tok="k1")
    term(22, "y")
    eq("a step that is over", look(22)[3], [[0, 2, 0, 0, 0, -1], [1, 1, 1, 0, 0, T + 4]])
    _, o = req(23, "r2", "reject", rest="a|b")
    eq("waiting", look(23)[2], [[o, "start", "reject", "", "r2", "a|b"]])
    fold(24, "REF", "a", o, "held")
    eq("to finish", look(24)[4], ["deadline", T + 100_002, "finish|r2", T + 24])
    fold(25, "CANCEL", "a", "r1")
    eq("to drain", look(25)[4], ["drain", T + 25, "finish|r2", T + 24])
    eq("unknown", look(26, "zz")[1:], [[], [], [], [], []])
    bad("no workload", lambda: V.call("peek", T))
    start("peek: the first")
    fold(1, "REQ", "a")
    eq("a snapshot is owed", (look(1)[3:5], look(2)[1][:4]), ([[], ["snap", T + 1]], look(1)[1][:4]))


def take_words():
    begin("take: its words", "x")
    for limit in (0, 1001, "x", ""):
        bad("limit", lambda: V.call("take", T, limit, TPUB))
    eq("as many as may be", V.call("take", T + 3, 1000, TPUB)[1:5], ["a", "0:2", 0, "x"])
    fold(4, "CANCEL", "a", "r1")
    eq("no gate", V.call("take", T + 5, 1, TPUB), [-1])


def run():
    owes()
    peeks()
    take_words()
