import json

from scenarios.kit import *


def snap(**w):
    return json.dumps(dict(w=w, r={"r1": "0:1|start|0:7|succeeded||1,0,0,0,0"}))


def run():
    # ---- loss of the view
    start("first install has no quarantine")
    eq(
        "opened",
        (r.hget(P + ":v", "inc"), r.hget(P + ":v", "quar"), r.hget(P + ":v", "runs")),
        ("I1", None, "0"),
    )
    ask(1, "r1")
    eq("a later opening has one", fold(100, "VIEW", "", "I1"), ["OK"])
    eq("window", r.hget(P + ":v", "quar"), str(T + 100 + FRESH + TTL + TAWS))
    begin("a foreign ViewOpened closes a data set", "x")
    eq("claim", claim(10, "x", "k1")[0], "OK")
    eq("foreign", fold(20, "VIEW", "", "I2"), ["OK"])
    eq(
        "closed",
        (
            r.hget(P + ":v", "inc"),
            claim(21, "x", "k1"),
            renew(21, ("a", "0:2", 0, "x", "k1")),
            claim(21, "x", "k1", inc=""),
            renew(21, ("a", "0:2", 0, "x", "k1"), inc=""),
        ),
        ("", ["WAIT"], [["WAIT"]], ["WAIT"], [["WAIT"]]),
    )
    eq("no quarantine for it", r.hget(P + ":v", "quar"), None)
    ask(22, "r2")
    eq("decides nothing", (drained(9999), drained(9999, inc="")), ([0, "view not validated", 0],) * 2)
    eq("heartbeat", (beat(23, off[0] - 1, off[0]), beat(23, off[0] - 1, off[0], inc="")), (["INC"], ["INC"]))
    eq("its own opens it", fold(30, "VIEW", "", "I1"), ["OK"])
    eq("inc", r.hget(P + ":v", "inc"), "I1")
    eq("quarantine", drained(31), [0, "quarantine", 30 + QUAR])
    begin("attempts that a lost view has forgotten are counted as one", "x", "y", "z")
    r.hset(P + ":v", "since", 2)
    eq("a run of this view's time", claim(10, "x", "k1")[:2], ["OK", 1])
    r.hset(P + ":v", "since", 3)
    eq("an older run", claim(10, "y", "k2")[:2], ["OK", 2])
    eq("its next attempts", claim(10 + TTL, "y", "k3")[:2], ["OK", 3])
    r.hset(P + ":v", "since", 0)
    eq("and what is known stays", claim(10 + TTL, "x", "k4")[:2], ["OK", 2])
    eq("no loss", claim(10, "z", "k5")[:2], ["OK", 1])
    start("the values of the fleet")
    ask(1, "r1")
    v = lambda *f: [int(x) - (T if k == "quar" else 0) if x else x for k, x in zip(f, r.hmget(P + ":v", *f))]
    eq("larger ones", fold(10, "VIEW", "", "I1", 1000, 9000), ["OK"])
    eq("adopted, and quarantine by them", v("ttl", "taws", "quar"), [1000, 9000, 10 + FRESH + 10000])
    eq("smaller ones", fold(20, "VIEW", "", "I1", 50, 60), ["OK"])
    eq(
        "the larger stay: windows that run must not shrink",
        v("ttl", "taws", "quar"),
        [1000, 9000, 20 + FRESH + 10000],
    )
    r.hset(P + ":v", "quar", T + 99000)
    eq("once more", fold(30, "VIEW", "", "I1", 50, 60), ["OK"])
    eq("a later quarantine is not cut short", v("ttl", "taws", "quar"), [1000, 9000, 99000])
    r.hset(P + ":v", "quar", 0)
    eq("one of each", fold(15000, "VIEW", "", "I1", 1100, 40), ["OK"])
    eq("each by itself", v("ttl", "taws", "quar"), [1100, 9000, 15000 + FRESH + 10100])
    eq("a foreign one", fold(15001, "VIEW", "", "I2", 700, 9500), ["OK"])
    eq(
        "closes, and leases there live longer",
        (r.hget(P + ":v", "inc"), v("ttl", "taws", "quar")),
        ("", [1100, 9500, 15000 + FRESH + 10100]),
    )
    eq("its own", fold(15002, "VIEW", "", "I1", 70, 30), ["OK"])
    eq(
        "counts with them",
        (r.hget(P + ":v", "inc"), v("ttl", "taws", "quar")),
        ("I1", [1100, 9500, 15002 + FRESH + 10600]),
    )
    for bad_ in (("I1",), ("I1", "x", 30), ("I1", 70, "x")):
        fold(15003, "VIEW", "", "I1", 70, 30)
        eq("does not parse", V.call("fold", T + 15004, off[0], T, "I1", "VIEW", "", "", "", *bad_), ["OK"])
        off[0] += 1
        eq("closes and changes nothing else", (r.hget(P + ":v", "inc"), v("ttl", "taws")), ("", [1100, 9500]))
    fold(15005, "VIEW", "", "I1", 500, 600)
    grant(10**8)
    fold(15006, "DRAINED", "a", "", W("q"))
    fold(15006, "PLAN", "a", W("ep"), 0, "n", 0, 1, "x")
    ep = W("ep")
    eq("claim uses them", claim(15007, "x", "k", ep=ep), ["OK", 1, T + 16107, 0])
    eq("renew too", renew(15010, ("a", ep, 0, "x", "k")), [["OK", T + 16110, 0]])

    names.append("seed")
    V.reset()
    off[0] = 0
    eq("without BEGIN", seed("END", "n1", 0, 0, TTL, TAWS), [0, "another leader seeds"])
    r.set(P + ":w:zz", "left")
    r.set("{other}:v", "x")
    eq("begin", seed("BEGIN", "n1", ""), [1])
    eq("drop what is left", seed("DROP", "n1", P + ":w:zz", P + ":v", "{other}:v"), [1])
    eq(
        "gone, and only ours",
        (r.exists(P + ":w:zz"), r.get("{other}:v"), r.hget(P + ":v", "seed")),
        (0, "x", "n1"),
    )
    r.hset(P + ":w:a", "st", "R")
    r.hset(P + ":a:a", "5", "x")
    r.hset(P + ":r:a", "rx", "5|x|")
    r.zadd(P + ":owed", {"x": 1})
    eq(
        "workload",
        seed(
            "WL",
            "n1",
            "a",
            40,
            snap(
                st="I",
                ep="0:7",
                nt="1",
                run="r1",
                res="succeeded",
                end=str(T),
                cnt="2",
                last="38",
                z="9",
                clr="1",
                fo="1",
                hv="5",
                **{"t:s": "100"}
            ),
        ),
        [1],
    )
    eq(
        "replaced",
        (
            r.hgetall(P + ":r:a"),
            r.exists(P + ":a:a"),
            W("st"),
            W("t:s"),
            W("z"),
            W("clr"),
            W("fo"),
            W("hv"),
            W("woff"),
        ),
        ({"r1": "0:1|start|0:7|succeeded||1,0,0,0,0"}, 0, "I", "100", None, None, "1", "5", "40"),
    )
    eq("lower asof", seed("WL", "n1", "a", 39, snap(cnt="9")), [0, "older snapshot", 40])
    eq(
        "same asof",
        seed(
            "WL",
            "n1",
            "a",
            40,
            snap(ep="0:7", nt="1", run="r1", res="succeeded", end=str(T), cnt="3", **{"t:s": "100"}),
        ),
        [1],
    )
    eq("runs are counted once", r.hget(P + ":v", "runs"), "3")
    bad("asof", lambda: seed("WL", "n1", "a", "x", snap()))
    bad("mode", lambda: seed("WHAT", "n1"))
    eq(
        "a crash in the middle leaves NOVIEW",
        (fold(0, "VIEW", "", "I1", o=30), beat(0, 30, 30), claim(0, "x", "k"), drained(0)),
        (["NOVIEW"], ["NOVIEW"], ["WAIT"], [0, "not draining", 0]),
    )
    eq("renew", renew(0, ("a", "0:7", 0, "x", "k")), [["WAIT"]])
    eq("another leader", seed("BEGIN", "n2", ""), [1])
    eq(
        "the first is out",
        (
            seed("WL", "n1", "a", 50, snap()),
            seed("DROP", "n1", P + ":w:a"),
            seed("END", "n1", 0, 0, TTL, TAWS),
        ),
        ([0, "another leader seeds"],) * 3,
    )
    eq("debts are gone", r.exists(P + ":owed"), 0)
    bad("L", lambda: seed("END", "n2", "x", 0, TTL, TAWS))
    bad("ttl", lambda: seed("END", "n2", 30, 60, "x", TAWS))
    eq("runs start again", r.hget(P + ":v", "runs"), None)
    eq("keys dropped first", seed("DROP", "n2", P + ":w:a", P + ":r:a"), [1])
    seed(
        "WL",
        "n2",
        "a",
        40,
        snap(ep="0:7", nt="1", run="r1", res="succeeded", end=str(T), cnt="3", last="38", **{"t:s": "100"}),
    )
    eq("end", seed("END", "n2", 30, 60, TTL, TAWS), [1])
    eq(
        "view",
        r.hgetall(P + ":v"),
        dict(applied="29", since="60", ttl=str(TTL), taws=str(TAWS), inc="", runs="3", fv="1", log="0"),
    )
    eq(
        "a view is not seeded over",
        (
            seed("BEGIN", "n3", ""),
            seed("WL", "n2", "a", 99, snap()),
            seed("DROP", "n2", P + ":w:a"),
            seed("END", "n2", 0, 0, TTL, TAWS),
        ),
        ([0, "view", "29"],) * 4,
    )
    off[0] = 30
    eq("inside the snapshot", fold(0, "REQ", "a", "new", "", "", "start", "queue"), ["IGN"])
    eq("not applied", (result("new"), W("last"), owed()), ("", "38", {}))
    eq("no snapshot owed for it", owed(), {})
    skip_to(40, 0)
    eq("last one inside", fold(0, "REQ", "a", "new", "", "", "start", "queue"), ["IGN"])
    eq("known run", fold(1, "REQ", "a", "r1", "", "", "start", "queue"), ["IGN"])
    eq("first one outside; known tick", fold(1, "REQ", "a", "r9", "s", "100", "start", "queue"), ["IGN"])
    eq("outside", req(1, "r2")[0], ["ADMIT"])
    eq("an old opening met while refolding", fold(2, "VIEW", "", "I1"), ["OK"])
    eq("does not open", r.hget(P + ":v", "inc"), "")
    skip_to(60, 2)
    eq("its own does", fold(2, "VIEW", "", "I1"), ["OK"])
    eq(
        "with quarantine",
        (r.hget(P + ":v", "inc"), r.hget(P + ":v", "quar")),
        ("I1", str(T + 2 + FRESH + TTL + TAWS)),
    )
    eq("force", seed("BEGIN", "n4", "1"), [1])
    eq("no view", (fold(3, "X", "b"), r.exists(P + ":gates", P + ":owed")), (["NOVIEW"], 0))
