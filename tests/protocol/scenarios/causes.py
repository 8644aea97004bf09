from scenarios.kit import *


def run():
    # ---- causes of Cancel
    for cause, res in (
        ("expired", "expired"),
        ("deadline", "deadline"),
        ("cancelled", "cancelled"),
        ("failed", "cancelled"),
        ("", "cancelled"),
    ):
        begin("cancel: " + repr(cause), "x")
        req(5, "r2", "queue")
        ask(6, "r3", "queue")
        eq("waiting", (fold(7, "CANCEL", "a", "r2", cause), result("r2")), (["OK"], res))
        eq("successor", (fold(8, "CANCEL", "a", "r3", cause), result("r3")), (["OK"], res))
        eq("current", (fold(9, "CANCEL", "a", "r1", cause), W("why"), result("r1")), (["DRAIN"], res, ""))
        eq("first cause wins", fold(9, "CANCEL", "a", "r1", "expired"), ["IGN"])
        fold(10, "DRAINED", "a", "0:2", "")
        eq("result", result("r1"), res)
