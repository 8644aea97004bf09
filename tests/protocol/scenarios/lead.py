from scenarios.kit import *

HELD = 60_000  # ms by Redis's own clock: the lock ends by itself, without a script


def run():
    key = P + ":lead"
    lead = lambda *a: V.call("lead", *a)
    view = lambda: {k: v for k, v in V.dump().items() if k != key}

    def until():
        """ms that it is held from now on"""
        left = r.pttl(key)
        return "held" if HELD // 2 < left <= HELD else left

    begin("a lock for one leader", "x")
    before = view()
    eq("taken", (lead("L1", HELD), r.get(key), until()), (1, "L1", "held"))
    r.pexpire(key, HELD // 4)
    eq("another's", (lead("L2", HELD), r.get(key)), (0, "L1"))
    eq("not for longer", 0 < r.pttl(key) <= HELD // 4, True)
    eq("kept", (lead("L1", HELD), r.get(key), until()), (1, "L1", "held"))
    eq("only its holder gives it up", (lead("L2", 0), r.get(key)), (0, "L1"))
    eq("given up", (lead("L1", 0), r.exists(key)), (1, 0))
    eq("there is nothing to give up", (lead("L1", 0), r.exists(key)), (1, 0))
    eq("the next", (lead("L2", HELD), r.get(key), until()), (1, "L2", "held"))
    eq("the former", (lead("L1", HELD), r.get(key)), (0, "L2"))
    eq("a past moment is given up", (lead("L2", -5), r.exists(key)), (1, 0))
    eq("the view knows nothing of it", view(), before)
    for what, a in (("nobody", ("", HELD)), ("no word", ()), ("no ttl", ("L1",)), ("a ttl of letters", ("L1", "x"))):
        bad(what, lambda: lead(*a), says="lead: no leader, or ttl is not a number")
    eq("nothing was taken", r.exists(key), 0)
    r.set(key, "L1", px=HELD)
    bad("a ttl of letters does not give it up", lambda: lead("L1", "x"), says="lead:")
    eq("still there", r.get(key), "L1")
