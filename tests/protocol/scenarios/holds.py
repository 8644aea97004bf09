import json

from scenarios.kit import *


def run():
    # ---- holds
    start("holds")
    eq("set", hold(1, "h1"), ["OK"])
    eq("kept", W("h:h1"), "500|0|")
    eq("a shorter one of another person", hold(2, "h2", 400), ["OK"])
    eq("replaces nothing", (held("h1"), held("h2")), (("500", "", ""), ("400", "", "")))
    eq("the same record again", hold(3, "h2", 400), ["IGN"])
    eq("not counted", W("hv"), "2")
    eq(
        "a hold may be changed",
        [
            (hold(4, "h2", *x), W("h:h2"))
            for x in ((900,), (900, "t1"), (900, "t", "1"), (900, "", "t1"), (900, "t1"))
        ],
        [
            (["OK"], "900|0|"),
            (["OK"], "900|2|t1"),
            (["OK"], "900|1|t1"),
            (["OK"], "900|0|t1"),
            (["OK"], "900|2|t1"),
        ],
    )
    eq("each counted", W("hv"), "7")
    eq("another is not touched", held("h1"), ("500", "", ""))
    eq("cleared", fold(5, "UNHOLD", "a", "h2"), ["OK"])
    eq("gone, the other stays", (held("h2"), held("h1")), (None, ("500", "", "")))
    eq("again", fold(5, "UNHOLD", "a", "h2"), ["IGN"])
    eq("one that never was", fold(5, "UNHOLD", "a", "h3"), ["IGN"])
    eq(
        "nor by a name like another field",
        (fold(5, "UNHOLD", "a", ""), fold(5, "UNHOLD", "a", "*")),
        (["IGN"], ["IGN"]),
    )
    eq("eight applied", W("hv"), "8")
    for tier, inst in (
        ("|", "|"),
        ("7|x", "i-1"),
        ("a\n\0\x7f", "\0"),
        ("é" * 128, "ü"),
        ('"\\', "{}"),
        ("", "1|"),
        ("\U0001F600 ", ""),
    ):
        eq(
            f"tier {tier!r}, instance {inst!r}",
            (hold(6, "h2", 9, tier, inst), held("h2")),
            (["OK"], ("9", tier, inst)),
        )
    eq(
        "bytes that are no text",
        V.call("fold", T + 6, off[0], T, "I1", "HOLD", "", "", "a", "c9", "h2", "9", b"\xff\xc3", b"\xa9|"),
        ["OK"],
    )
    off[0] += 1
    eq(
        "are kept",
        r.eval("return redis.call('HGET',KEYS[1],'h:h2')=='9|2|\\255\\195\\169|' and 1 or 0", 1, P + ":w:a"),
        1,
    )
    for u in ("", "x", "5|", "5|0|", "5\0", "-5", "5.5", "1e3", " 5", "0x5", "nan"):
        eq(f"until {u!r}", hold(7, "hx", u), ["IGN"])
    for id in ("", "h|1", "h 1", "é", "h\0", "h1\n", "/", "x" * 65):
        eq(f"hold {id!r}", hold(7, id), ["IGN"])
    eq("too few words", fold(7, "HOLD", "a", "hx", "500", ""), ["IGN"])
    eq("nothing was set", sorted(f for f in r.hkeys(P + ":w:a") if f[:2] == "h:"), ["h:h1", "h:h2"])
    eq("good ones", [hold(8, id) for id in ("x" * 64, "A-Z_a.z09", "-", ".", "0")], [["OK"]] * 5)
    start("64 holds a workload")
    req(1, "r1", sched="h:x", tick="5")
    eq("64", [hold(2, f"h{i}", 5 * T) for i in range(64)], [["OK"]] * 64)
    eq("a tick is no hold", W("t:h:x"), "5")
    eq("one more", (hold(3, "h64"), held("h64"), W("hv")), (["IGN"], None, "64"))
    eq("a change is no more", hold(4, "h63", 5 * T + 1), ["OK"])
    eq("another workload", hold(4, "h64", wl="b"), ["OK"])
    eq(
        "one less",
        (fold(5, "UNHOLD", "a", "h7"), hold(6, "h64", 5 * T), hold(6, "h7", 5 * T)),
        (["OK"], ["OK"], ["IGN"]),
    )
    wipe(7)
    eq(
        "durable",
        (held("h64"), held("h63")[0], held("h7"), W("hv")),
        ((str(5 * T), "", ""), str(5 * T + 1), None, "67"),
    )
    start("64 holds, some of them over")
    [hold(2, f"h{i}", 5 * T if i > 1 else T + 9) for i in range(64)]
    eq("not yet over", hold(8, "h64", 5 * T), ["IGN"])
    eq(
        "over at its moment: all that are make room",
        (hold(9, "h64", 5 * T), W("h:h0"), W("h:h1"), held("h2") and 1, held("h64") and 1, W("hv")),
        (["OK"], None, None, 1, 1, "65"),
    )
    eq("room for one", (hold(10, "h65", 5 * T), hold(11, "h66", 5 * T)), (["OK"], ["IGN"]))
    start("64 holds, one of them over")
    [hold(2, f"h{i}", 5 * T if i else T + 9) for i in range(64)]
    eq(
        "its room is enough",
        (hold(9, "h64", 5 * T), W("h:h0"), hold(9, "h65", 5 * T)),
        (["OK"], None, ["IGN"]),
    )
    start("64 holds, some of them over, after a loss")
    [hold(2, f"h{i}", 5 * T if i > 1 else T + 9) for i in range(64)]
    [hold(9, f"h{i}", 5 * T) for i in (64, 65)]
    wipe(20)
    eq("durable", (W("h:h0"), held("h65") and 1), (None, 1))
    start("holds in a snapshot")
    hold(1, "h1", 500, 'é|\0"\\', "i")
    h = r.hgetall(P + ":w:a")
    eq("owed", owed(), {"snap|a": 1})
    r.flushdb()
    eq("begin", V.call("seed", "BEGIN", "n", ""), [1])
    eq("seeded", V.call("seed", "WL", "n", "a", off[0] - 1, json.dumps(dict(w=h, r={}))), [1])
    eq(
        "the same bytes",
        (held("h1"), r.hgetall(P + ":w:a")),
        (("500", 'é|\0"\\', "i"), {**h, "woff": str(off[0] - 1), "st": "I"}),
    )
    begin("workers see that the holds changed", "x", "y")
    eq("none", claim(10, "x", "k1"), ["OK", 1, T + 110, 0])
    hold(11, "h1")
    eq("the same claim again", claim(12, "x", "k1"), ["OK", 1, T + 110, 1])
    eq("renewal", renew(13, ("a", "0:2", 0, "x", "k1")), [["OK", T + 113, 1]])
    fold(14, "UNHOLD", "a", "h9")
    hold(14, "h1")
    eq("a void clearing, a void copy", renew(15, ("a", "0:2", 0, "x", "k1")), [["OK", T + 115, 1]])
    fold(16, "UNHOLD", "a", "h1")
    eq("a clearing", renew(17, ("a", "0:2", 0, "x", "k1")), [["OK", T + 117, 2]])
    eq("a new claim", claim(18, "y", "k2"), ["OK", 1, T + 118, 2])
    ask(19, "r2")
    fold(20, "DRAINED", "a", "0:2", W("q"))
    eq("of the workload, not of the run", W("hv"), "2")
    wipe(30)
    eq("durable", W("hv"), "2")
