"""What became of members, counted: results, the policy on failure, and whom a plan leaves out."""
from scenarios.kit import *

NAMES = ("done", "unchanged", "bypassed", "failed", "doubt", "unsettled")


def now():
    return tuple(int(x) if x else x for x in r.hmget(P + ":w:a", *NAMES))


def plan(at, k, left, *jobs, i=0, m=1, nonce="A"):
    return fold(at, "PLAN", "a", "0:2", k, nonce, i, m, *jobs, left=left)


def malformed():
    begin("counts that cannot be", "x", "y", nt=2)
    for n in (
        (-1, 0, 0, 0, 0, 0),
        ("", 0, 0, 0, 0, 0),
        ("x", 0, 0, 0, 0, 0),
        (1.5, 0, 0, 0, 0, 0),
        (100001, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0, 100001),
        (0, 0, 0, 1, 0, 0),
        (0, 0, 1, 1, 1, 1),
        (0, 0, 1, 0, 2, 2),
        (0, 0, 0, 1, 0, 2),
        (0, 0, 1, 0, 0, 2),
        ("1e3", 0, 0, 0, 0, 0),
        ("0x1", 0, 0, 0, 0, 0),
    ):
        eq(f"terminal {n}", term(5, "x", n), ["IGN"])
        eq(f"plan {n}", plan(5, 1, n), ["IGN"])
    eq("nothing counted", (now(), r.smembers(P + ":p:0:2:0"), W("z")), ((0,) * 6, {"x", "y"}, None))
    eq(
        "its call without an answer counts",
        (term(6, "x", (0, 0, 0, 1, 0, 0), un="1"), W("z")),
        (["IGN"], str(T + 6)),
    )
    eq(
        "as many as may be",
        (term(7, "x", (100000, 0, 100000, 0, 100000, 100000)), now()[5]),
        (["OK"], 100000),
    )
    eq("too few words", raw(8, "TERM", "a", "0:2", 0, "y", "t", "", 0, 0, 0, 0, 0), ["IGN"])
    eq(
        "nobody at all",
        (term(9, "y", NOBODY), plan(10, 1, NOBODY), result("r1"), kept("r1")[5]),
        (["PLAN", 1], ["DONE"], "partial", "100000,0,100000,0,100000"),
    )


def results():
    for what, n, want in (
        ("all done", (3, 0, 0, 0, 0, 0), "succeeded"),
        ("there already", (0, 3, 0, 0, 0, 0), "succeeded"),
        ("left alone", (0, 0, 3, 0, 0, 3), "succeeded"),
        ("one failed", (2, 0, 0, 1, 0, 1), "partial"),
        ("one in doubt", (2, 0, 1, 0, 1, 1), "partial"),
        ("only doubt", (0, 0, 1, 0, 1, 1), "partial"),
        ("all failed", (0, 0, 0, 3, 0, 3), "failed"),
        ("none done", (0, 1, 1, 1, 1, 2), "failed"),
    ):
        for onfail in ("halt", "continue"):
            for act in ("start", "stop"):
                begin(f"result: {what}, {onfail}, {act}", "x", onfail=onfail, act=act)
                eq("ends", term(5, "x", n), ["DONE"])
                eq("result", kept("r1"), ["0:1", act, "0:2", want, "", ",".join(map(str, n[:5]))])
    for n, act, want in (
        ((1, 0, 0, 1, 0, 1), "start", ("halted", "member-failed")),
        ((1, 0, 0, 1, 0, 1), "stop", ("halted", "member-failed")),
        ((0, 0, 0, 1, 0, 1), "start", ("halted", "member-failed")),
        ((1, 0, 2, 1, 1, 2), "stop", ("halted", "member-failed")),
        ((1, 0, 1, 0, 1, 1), "stop", ("halted", "override-unknown")),
        ((1, 0, 1, 0, 1, 1), "start", None),
        ((1, 0, 1, 0, 0, 1), "stop", None),
        ((0, 1, 1, 0, 0, 0), "stop", None),
    ):
        begin(f"halt: {n}, {act}", "x", nt=2, onfail="halt", act=act)
        x = term(5, "x", n)
        eq(
            "what follows",
            (x, (result("r1"), cause("r1")) if want else None),
            (["DONE"] if want else ["PLAN", 1], want),
        )
        begin(f"continue: {n}, {act}", "x", nt=2, onfail="continue", act=act)
        eq("goes on", term(5, "x", n), ["PLAN", 1])
    begin("counts add up", "x", "y", nt=2)
    term(5, "x", (1, 2, 3, 4, 2, 6))
    eq("so far", now(), (1, 2, 3, 4, 2, 6))
    eq("a copy counts nothing", (term(6, "x", (9, 9, 9, 9, 9, 18)), now()), (["IGN"], (1, 2, 3, 4, 2, 6)))
    term(7, "y", (10, 20, 30, 0, 0, 1))
    wipe(8)
    eq("durable", now(), (11, 22, 33, 4, 2, 7))
    fold(9, "CANCEL", "a", "r1", "deadline")
    eq("a run that drains has no result yet", (kept("r1")[3], kept("r1")[5]), ("", "0,0,0,0,0"))
    fold(10, "DRAINED", "a", "0:2", "")
    eq("then with its counts", kept("r1"), ["0:1", "start", "0:2", "deadline", "", "11,22,33,4,2"])
    eq("and they are gone", now(), (None,) * 6)
    begin("a terminal counts while it drains", "x", "y")
    fold(5, "CANCEL", "a", "r1")
    eq("counted", (term(6, "x", "failed"), now()), (["OK"], (0, 0, 0, 1, 0, 1)))
    fold(7, "DRAINED", "a", "0:2", "")
    eq("by what made it drain", (result("r1"), kept("r1")[5]), ("cancelled", "0,0,0,1,0"))
    begin("a plan that failed fails the run, whatever was done", "x", nt=2)
    term(5, "x")
    fold(6, "PLANFAIL", "a", "0:2", 1, "denied")
    eq("failed", kept("r1")[3:], ["failed", "denied", "1,0,0,0,0"])
    start("a run that never ran has no counts")
    _, o = req(1, "r1")
    fold(2, "CANCEL", "a", "r1", "expired")
    eq("cancelled while it waits", kept("r1"), [o, "start", "", "expired", "", "0,0,0,0,0"])


def left_out():
    begin("whom a plan leaves out", nt=4)
    eq(
        "part 0",
        (plan(3, 0, (0, 1, 2, 0, 1, 1), "x", m=2), now(), W("pc")),
        (["OK"], (0,) * 6, "0,1,2,0,1,1"),
    )
    eq("replaced", (plan(3, 0, (0, 0, 1, 0, 0, 0), "x", m=2, nonce="B"), W("pc")), (["OK"], "0,0,1,0,0,0"))
    eq(
        "part 1",
        (plan(3, 0, (0, 2, 1, 0, 0, 1), i=1, m=2, nonce="B"), now()),
        (["OPEN", 0], (0, 2, 2, 0, 0, 1)),
    )
    eq("no trace of the parts", (W("pc"), W("lo:0")), (None, None))
    eq("its own are not earlier members", W("fo"), "0")
    eq(
        "planned ahead",
        (plan(4, 1, (0, 0, 5, 0, 0, 4), "y"), now(), W("lo:1")),
        (["OK"], (0, 2, 2, 0, 0, 1), "0,0,5,0,0,4"),
    )
    eq("and the one after, nobody", (plan(4, 2, NOBODY, "u"), W("lo:2")), (["OK"], None))
    eq("and the last", plan(4, 3, (0, 0, 7, 0, 0, 7), "v"), ["OK"])
    wipe(5)
    eq("durable", (W("lo:1"), W("lo:3"), now()), ("0,0,5,0,0,4", "0,0,7,0,0,7", (0, 2, 2, 0, 0, 1)))
    eq("the step begins", (term(6, "x"), now(), W("lo:1")), (["OPEN", 1], (1, 2, 7, 0, 0, 5), None))
    eq("those of earlier steps", W("fo"), "1")
    eq("the next", (term(7, "y", k=1), now(), W("fo")), (["OPEN", 2], (2, 2, 7, 0, 0, 5), "5"))
    fold(8, "CANCEL", "a", "r1")
    fold(9, "DRAINED", "a", "0:2", "")
    eq("a step that never began is not counted", (kept("r1")[5], W("lo:3")), ("2,2,7,0,0", None))
    begin("a paused run begins no step", nt=2)
    fold(3, "PAUSE", "a", "r1")
    eq("planned", (plan(4, 0, (0, 0, 1, 0, 0, 1)), now(), W("lo:0")), (["OK"], (0,) * 6, "0,0,1,0,0,1"))
    eq(
        "resumed: an empty step",
        (fold(5, "RESUME", "a", "r1"), now(), W("lo:0")),
        (["PLAN", 1], (0, 0, 1, 0, 0, 1), None),
    )
    begin("an empty step halts too", nt=2, onfail="halt", act="stop")
    eq(
        "doubt",
        (plan(3, 0, (0, 0, 1, 0, 1, 1)), kept("r1")[3:]),
        (["DONE"], ["halted", "override-unknown", "0,0,1,0,1"]),
    )
    begin("a step planned ahead does not halt the one before", "x", nt=2, onfail="halt")
    plan(4, 1, (0, 0, 0, 1, 0, 1), "y")
    eq("goes on", (term(5, "x"), W("failed")), (["OPEN", 1], "1"))
    begin("a step completed is not counted twice", "x", nt=2)
    term(5, "x")
    eq("empty last", (plan(6, 1, (0, 0, 2, 0, 0, 0)), kept("r1")[5]), (["DONE"], "1,0,2,0,0"))
    begin("a plan that failed half way counts nobody", nt=1)
    plan(3, 0, (0, 0, 1, 0, 0, 1), "x", m=2)
    fold(4, "PLANFAIL", "a", "0:2", 0, "denied")
    eq("none", (kept("r1")[5], W("pc"), W("pn"), W("pp")), ("0,0,0,0,0", None, None, None))
    begin("the whole count of a halted run is dropped with it", "x", nt=3, onfail="halt")
    plan(4, 1, (0, 0, 0, 1, 0, 1), "y")
    plan(4, 2, (0, 0, 1, 0, 0, 1), "u")
    eq(
        "halts before step 1",
        (term(5, "x", "failed"), kept("r1")[3:]),
        (["DONE"], ["halted", "member-failed", "0,0,0,1,0"]),
    )
    ask(6, "r2", nt=3)
    fold(7, "DRAINED", "a", "0:2", W("q"))
    eq("nothing is left of it", (W("lo:1"), W("lo:2"), now()), (None, None, (0,) * 6))


def run():
    malformed()
    results()
    left_out()
