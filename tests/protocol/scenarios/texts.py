"""Texts that the view keeps for others, and their bounds: a request's own words, frozen specifications, job specs."""
from scenarios.kit import *


def requests():
    start("a request keeps its own text")
    for text in ("", '{"who":"a|b"}', "x" * 2000, "é" * 1000):
        x, o = req(1, f"r{off[0]}", rest=text)
        eq("waits", x, ["ADMIT"])
        eq("kept", r.hget(P + ":a:a", o), f"start|supersede||r{off[0] - 1}|{text}")
    for text in ("x" * 2001, "é" * 1000 + "x"):
        eq("too long", req(2, "r9", rest=text)[0], ["IGN"])
    for act in ("", "Stop", "start|", "restart"):
        eq(f"action {act!r}", req(2, "r9", act=act)[0], ["IGN"])
    eq("too long a schedule", req(2, "r9", sched="s" * 301, tick="5")[0], ["IGN"])
    for tick in ("", "1" * 13, "0x5", "-1", "1e3", "1.5", " 1", "nan", "5\n"):
        eq(f"tick {tick!r}", req(2, "r9", sched="s", tick=tick)[0], ["IGN"])
    eq("nothing noted", (kept("r9")[0], W("t:s"), r.hlen(P + ":a:a")), ("", None, 4))
    eq("as long as may be", req(2, "r9", sched="s" * 300, tick="9" * 12, act="stop")[0], ["ADMIT"])
    eq("noted", (W("t:" + "s" * 300), kept("r9")[1]), ("9" * 12, "stop"))
    start("a pause does not touch the text")
    _, o = req(1, "r1", rest='{"a":"|"}')
    fold(2, "PAUSE", "a", "r1")
    eq("paused", r.hget(P + ":a:a", o), 'start|supersede|1|r1|{"a":"|"}')
    fold(3, "RESUME", "a", "r1")
    eq("resumed", r.hget(P + ":a:a", o), 'start|supersede||r1|{"a":"|"}')


def acceptances():
    start("an acceptance that cannot be")
    _, o = req(1, "r1")
    for onfail in ("", "Halt", "go"):
        eq(f"on failure {onfail!r}", fold(1, "ACC", "a", o, 1, onfail, ""), ["IGN"])
    for delays in ("5;", "x", " ", "-1", "1.5", "5\n"):
        eq(f"delays {delays!r}", fold(1, "ACC", "a", o, 1, "halt", delays), ["IGN"])
    for s in ("", "0", "-1", "1.5", "x", "31536001", "1e3", "0x5", "9" * 400):
        eq(f"deadline {s!r}", fold(1, "ACC", "a", o, 1, "halt", "", dl=s), ["IGN"])
        eq(f"pause {s!r}", fold(1, "ACC", "a", o, 1, "halt", "", pm=s), ["IGN"])
    eq("too long", fold(1, "ACC", "a", o, 1, "halt", "", spec="x" * 900001), ["IGN"])
    for why in ("", "Late", "a|b", "a b", "x" * 201, "late\n"):
        eq(f"cause {why!r}", fold(1, "REF", "a", o, why), ["IGN"])
    eq("it still waits, nothing is kept", (owed(), r.keys(P + ":f:*")), ({"admit|a|0:1": 1}, []))
    x = fold(2, "ACC", "a", o, 1, "halt", ",,", dl=1, pm=31536000, spec="x" * 900000)
    eq(
        "as much as may be",
        (x, W("qdl"), W("qpm"), r.strlen(P + ":f:" + last())),
        (["DRAIN"], "1", "31536000", 900000),
    )
    start("a refusal with a cause")
    for i, why in enumerate(("x" * 200, "too-many", "0")):
        _, o = req(1, f"r{i}")
        eq("refused", (fold(2, "REF", "a", o, why), cause(f"r{i}")), (["OK"], why))


def frozen():
    begin("the frozen specification lives as long as its epoch", "x", spec="one")
    eq("kept", r.get(P + ":f:0:2"), "one")
    _, q = ask(5, "r2", "queue", spec="two")
    eq("the successor too", r.get(P + ":f:" + q), "two")
    _, q3 = ask(6, "r3", "queue", spec="three")
    eq(
        "displaced",
        (r.exists(P + ":f:" + q), r.get(P + ":f:" + q3), kept("r2")[2:4]),
        (0, "three", [q, "superseded"]),
    )
    fold(7, "CANCEL", "a", "r3")
    eq("cancelled", (r.exists(P + ":f:" + q3), kept("r3")[2:4]), (0, [q3, "cancelled"]))
    _, q4 = ask(8, "r4", "queue", spec="four")
    eq("ends", term(9, "x"), ["DONE"])
    eq("until the next begins", r.get(P + ":f:0:2"), "one")
    eq("begins", fold(10, "DRAINED", "a", "0:2", q4), ["PLAN", 0])
    eq("gone, and the next kept", (r.exists(P + ":f:0:2"), r.get(P + ":f:" + q4)), (0, "four"))
    wipe(20)
    eq("durable", r.get(P + ":f:" + q4), "four")
    eq("rejected", ask(21, "r5", "reject")[0], ["OK"])
    eq("keeps nothing", (r.keys(P + ":f:*"), cause("r5")), ([P + ":f:" + q4], "busy"))


def specs():
    spec = lambda k=0: r.hgetall(f"{P}:s:0:2:{k}")
    plan = lambda at, k, nonce, i, m, *more: raw(at, "PLAN", "a", "0:2", k, nonce, i, m, *NOBODY, *more)
    begin("job specs", nt=2)
    eq("kept", (plan(3, 0, "A", 0, 2, "x", '{"x":1}', "y", ""), spec()), (["OK"], {"x": '{"x":1}', "y": ""}))
    eq(
        "another plan replaces them",
        (plan(3, 0, "B", 0, 2, "x", "a|b", "z", "2"), spec()),
        (["OK"], {"x": "a|b", "z": "2"}),
    )
    eq(
        "the last word stands",
        (plan(3, 0, "B", 1, 2, "z", "3", "z", "4"), spec()),
        (["OPEN", 0], {"x": "a|b", "z": "4"}),
    )
    out = V.call("take", T + 3, 10, TPUB)
    eq("published with them", out, [T + 3 + TPUB, "a", "0:2", 0, "x", "a|b", "a", "0:2", 0, "z", "4"])
    eq(
        "not known: empty",
        (r.delete(P + ":s:0:2:0"), V.call("take", T + 60, 1, TPUB)[1:]),
        (1, ["a", "0:2", 0, "x", ""]),
    )
    fold(70, "PLAN", "a", "0:2", 1, "C", 0, 2, "u")
    term(71, "x"), term(72, "z")
    eq(
        "a plan that failed",
        (fold(73, "PLANFAIL", "a", "0:2", 1, "denied"), r.exists(P + ":s:0:2:1")),
        (["DONE"], 0),
    )
    begin("bounds of a plan", nt=2)
    for words_ in (
        ["odd"],
        ["", "s"],
        ["x" * 201, "s"],
        ["é" * 101, "s"],
        ["x", "s" * 100001],
        ["x", "s", "y"],
    ):
        eq(f"{words_[0][:9]!r} ...", plan(3, 0, "A", 0, 1, *words_), ["IGN"])
    for nonce in ("", "n" * 201):
        eq("nonce", plan(3, 0, nonce, 0, 1, "x", "s"), ["IGN"])
    eq("nothing begun", (W("pn"), r.exists(P + ":s:0:2:0", P + ":p:0:2:0")), (None, 0))
    eq("as much as may be", plan(4, 0, "n" * 200, 0, 1, "x" * 200, "s" * 100000, "y", "s"), ["OPEN", 0])
    begin("causes of a plan that failed")
    for c in ("", "Denied", "a|b", "x" * 201):
        eq(f"cause {c[:9]!r}", fold(5, "PLANFAIL", "a", "0:2", 0, c), ["IGN"])
    eq("as long as may be", fold(6, "PLANFAIL", "a", "0:2", 0, "x" * 200), ["DONE"])
    begin("a wrong type of the specs", "x", nt=2)
    r.set(P + ":s:0:2:1", "x")
    r.hset(
        P + ":w:a", mapping={"pn": "A|2", "pp": 1}
    )  # as if part 0 were folded: it would drop a key of any type
    before = V.dump()
    bad("part 1", lambda: plan(4, 1, "A", 1, 2, "y", "s"))
    eq("nothing written", V.dump(), before)
    r.delete(P + ":s:0:2:0")
    r.set(P + ":s:0:2:0", "x")
    before = V.dump()
    bad("take", lambda: take(4))
    eq("nothing written", V.dump(), before)


def run():
    requests()
    acceptances()
    frozen()
    specs()
