from scenarios.kit import *


def run():
    # ---- names and bounds
    view = lambda: (
        {k: x for k, x in V.dump().items() if k != P + ":v"},
        {f: x for f, x in r.hgetall(P + ":v").items() if f != "applied"},
    )
    start("names of workloads")
    req(1, "r0")
    for wl in (
        "",
        "|",
        "a|7",
        "a|",
        "|a",
        "\0",
        "a\0",
        "a\n",
        "\x01",
        "\x1f",
        "a\x7fb",
        "x" * 201,
        "é" * 100 + "x",
    ):
        for rec in (
            ("REQ", wl, "r1", "", "", "start", "queue"),
            ("ACC", wl, "1", 1, "halt", ""),
            ("HOLD", wl, "h1", "5", "", ""),
            ("CANCEL", wl, "r0"),
            ("X", wl),
        ):
            before, at = view(), off[0]
            eq(f"{rec}", fold(5, *rec), ["IGN"])
            eq("the position moves, nothing else", (view(), r.hget(P + ":v", "applied")), (before, str(at)))
    eq("a type that must be known comes first", fold(5, "X", "a|7", must="1"), ["UPGRADE"])
    for wl in ("x" * 200, "é" * 100, " ", "~", "a:b", "{t:7}"):
        eq(f"{wl!r}", req(6, "r1", wl=wl)[0], ["ADMIT"])
        eq("and its hold", fold(6, "HOLD", wl, "h1", "5", "", ""), ["OK"])
    begin("why no | in a name: its gate is mis-split", "x")
    eq("due", gate(), 3)
    eq(
        "as if it were named so",
        (
            r.rename(P + ":w:a", P + ":w:a|7"),
            r.zrem(P + ":gates", "a|0:2|0"),
            r.zadd(P + ":gates", {"a|7|0:2|0": T}),
        ),
        (True, 1, 1),
    )
    eq("pending and due", (r.smembers(P + ":p:0:2:0"), due("x")), ({"x"}, 3))
    eq("never published", (take(10), r.exists(P + ":gates")), ([], 0))
    r.rename(P + ":w:a|7", P + ":w:a")
    r.hset(P + ":w:a", "ep", "7")
    r.zadd(P + ":gates", {"a|7|0:2|0": T})
    bad("or worse: a step that is no number", lambda: take(10))
    start("run ids")
    for run in (
        "",
        "r|1",
        "r 1",
        "é",
        "r\0",
        "\0",
        "r\n",
        "\nr",
        "/",
        "r/1",
        ":",
        "@",
        "[",
        "`",
        "{",
        "x" * 65,
    ):
        eq(f"run {run!r}", req(1, run, sched="s", tick="7")[0], ["IGN"])
    eq(
        "nothing noted",
        (W("t:s"), r.exists(P + ":r:a", P + ":a:a"), owed(), W("last")),
        (None, 0, {"snap|a": 1}, str(off[0] - 1)),
    )
    eq("good ones", [req(2, run)[0] for run in ("x" * 64, "A-Z_a.z09", "-", ".", "_", "0")], [["ADMIT"]] * 6)
    start("delays")
    _, o = req(1, "r1")
    eq("2,001 bytes", fold(1, "ACC", "a", o, 1, "halt", "7" + "," * 2000), ["IGN"])
    eq("bytes, not characters", fold(1, "ACC", "a", o, 1, "halt", "é" * 1000 + ","), ["IGN"])
    eq("the request still waits", (owed(), W("q")), ({"admit|a|" + o: 1}, None))
    eq("2,000", fold(2, "ACC", "a", o, 1, "halt", "7" + "," * 1999), ["DRAIN"])
    eq("kept", W("qdelays"), "7" + "," * 1999)
    begin("parts of a plan", nt=2)
    eq("10,001", fold(3, "PLAN", "a", "0:2", 0, "A", 0, 10001, "x"), ["IGN"])
    eq("infinitely many", fold(3, "PLAN", "a", "0:2", 0, "A", 0, "inf", "x"), ["IGN"])
    eq("nothing begun", (W("pn"), r.exists(P + ":p:0:2:0")), (None, 0))
    eq("10,000", fold(3, "PLAN", "a", "0:2", 0, "A", 0, 10000, "x"), ["OK"])
    eq("the next", fold(3, "PLAN", "a", "0:2", 0, "A", 1, 10000, "y"), ["OK"])
    begin("jobs of a record and of a step", nt=2)
    js = [f"j{i}" for i in range(10001)]
    eq("5,001 in one record", fold(3, "PLAN", "a", "0:2", 0, "A", 0, 1, *js[:5001]), ["IGN"])
    eq("nothing begun", (W("pn"), r.exists(P + ":p:0:2:0")), (None, 0))
    eq("5,000", fold(3, "PLAN", "a", "0:2", 0, "A", 0, 4, *js[:5000]), ["OK"])
    eq("5,001 in a further one", fold(3, "PLAN", "a", "0:2", 0, "A", 1, 4, *js[5000:]), ["IGN"])
    eq("4,999", fold(3, "PLAN", "a", "0:2", 0, "A", 1, 4, *js[5000:9999]), ["OK"])
    eq("one too many", fold(3, "PLAN", "a", "0:2", 0, "A", 2, 4, *js[9999:]), ["IGN"])
    eq(
        "the plan stands where it was",
        (W("pn"), W("pp"), r.scard(P + ":p:0:2:0"), r.zcard(P + ":d:0:2:0")),
        ("A|4", "2", 9999, 9999),
    )
    eq("just as many", fold(3, "PLAN", "a", "0:2", 0, "A", 2, 4, js[9999]), ["OK"])
    eq("a repeated word counts too", fold(3, "PLAN", "a", "0:2", 0, "A", 3, 4, js[0]), ["IGN"])
    eq("none", fold(4, "PLAN", "a", "0:2", 0, "A", 3, 4), ["OPEN", 0])
    eq("10,000", r.scard(P + ":p:0:2:0"), 10000)
    eq(
        "another plan may replace one that cannot go on",
        [
            fold(5, "PLAN", "a", "0:2", 1, *x)
            for x in (
                ("A", 0, 3, *js[:5000]),
                ("A", 1, 3, *js[5000:10000]),
                ("A", 2, 3, "y"),
                ("B", 0, 2, *js[:5000]),
                ("B", 1, 2, "y"),
            )
        ],
        [["OK"], ["OK"], ["IGN"], ["OK"], ["OK"]],
    )
    eq("planned", (W("planned"), r.scard(P + ":p:0:2:1")), ("1", 5001))
