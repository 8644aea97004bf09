from scenarios.kit import *


def run():
    # ---- beat
    begin("beat", "x", fresh=False)
    n = off[0]
    fresh = lambda: int(r.hget(P + ":v", "fresh") or 0) - T
    eq("claim before any beat", claim(5, "x", "k"), ["WAIT"])
    eq("first beat", beat(10, n - 1, n), ["BASE"])
    eq("grants nothing", claim(10, "x", "k"), ["WAIT"])
    eq("second", beat(20, n - 1, n, age=7), ["OK", T + 20 + FRESH - 7])
    eq("fresh", fresh(), 20 + FRESH - 7)
    eq("claim", claim(20, "x", "k")[0], "OK")
    eq("behind", beat(1000, n - 1, n + 1), ["BEHIND", n - 1])
    eq("fresh stays", fresh(), 20 + FRESH - 7)
    eq("another leader", beat(1100, n - 1, n, who="M"), ["BASE"])
    eq("and again", beat(1200, n - 1, n, who="M"), ["OK", T + 1200 + FRESH])
    eq("another leader folded on", beat(1300, n - 3, n, who="M"), ["GAP", n - 1])
    eq("harmless", r.hget(P + ":v", "inc"), "I1")
    eq("other run_id", beat(1300, n - 1, n, who="M", inc="I9"), ["INC"])
    eq("no run_id", beat(1300, n - 1, n, who="M", inc=""), ["INC"])
    eq("small drift", beat(3200, n - 1, n, who="M", mono=2200), ["OK", T + 3200 + FRESH])
    eq("a jump ahead", beat(5300, n - 1, n, who="M", mono=3299), ["JUMP"])
    eq(
        "closed",
        (fresh(), r.hget(P + ":v", "quar"), claim(5301, "x", "k9")),
        (-T, str(T + 5300 + FRESH + TTL + TAWS), ["WAIT"]),
    )
    eq("then it goes on", beat(5400, n - 1, n, who="M", mono=3399)[0], "OK")
    eq("a jump back", beat(4000, n - 1, n, who="M", mono=3500), ["JUMP"])
    eq("the view went back", beat(4100, n, n + 1, who="M", mono=3600), ["GAP", n - 1])
    eq("closed", r.hget(P + ":v", "inc"), "")
    bad("mono", lambda: beat(1, n - 1, n, mono="x"))
