from scenarios.kit import *

MOST = 1000  # jobs of one call


def run():
    published = lambda *a: V.call("published", *a)

    begin("where deliveries lie", "x", "y", "z")
    eq("never delivered", published("0:2", "x", "y"), ["", "0", "", "0"])
    V.call("sent", "0:2", 0, "x", 3, 77)
    eq("delivered, not claimed", published("0:2", "x"), ["3:77", "0"])
    claim(10, "x", "k1")
    claim(200, "x", "k2")  # the first lease has expired
    claim(201, "z", "k3")  # claimed from a delivery that nobody noted
    eq("claimed", published("0:2", "x"), ["3:77", "2"])
    V.call("sent", "0:2", 0, "x", 5, 4)
    before = V.dump()
    eq("the last one, in the order that was asked", published("0:2", "z", "x", "y", "x"), ["", "1", "5:4", "2", "", "0", "5:4", "2"])
    eq("what nobody knows", published("0:2", "ghost"), ["", "0"])
    eq("another epoch", published("0:9", "x"), ["", "0"])
    eq("a job that is called like the epoch", published("0:2", "0:2"), ["", "0"])
    eq("it reads only", V.dump(), before)
    many = ["j"] * (MOST - 1) + ["x"]
    eq("as many as one call may ask", published("0:2", *many), ["", "0"] * (MOST - 1) + ["5:4", "2"])
    bad("more", lambda: published("0:2", "j", *many), says="published: 1..1000 jobs")
    bad("none", lambda: published("0:2"), says="published: 1..1000 jobs")
    bad("not even an epoch", lambda: published(), says="published: 1..1000 jobs")
