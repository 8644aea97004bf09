from scenarios.kit import *


def run():
    # ---- width
    begin("10,000 jobs open with O(1) work", "x", nt=2)
    js = [f"j{i}" for i in range(10000)]
    for i in range(4):
        eq("planned ahead", fold(4, "PLAN", "a", "0:2", 1, "A", i, 4, *js[i::4]), ["OK"])
    n = calls(lambda: eq("opens", term(10, "x"), ["OPEN", 1]))
    assert n <= 20, (n, r.info("commandstats"))
    eq("width", (r.scard(P + ":p:0:2:1"), r.zcard(P + ":d:0:2:1")), (10000, 10000))
    n2 = calls(lambda: fold(11, "PAUSE", "a", "r1"))
    n3 = calls(lambda: eq("resume", fold(12, "RESUME", "a", "r1"), ["OPEN", 1]))
    n4 = calls(lambda: term(13, "j1", k=1))
    assert max(n2, n3, n4) < 20, (n2, n3, n4)
    eq("a few of many", len(take(20, 5)), 5)

    def chain(name, out, measure):  # 100 steps of one job; redis calls of take + claim at some of them
        begin(name, "j0", nt=100)
        got = {}
        for k in range(1, 100):
            fold(4, "PLAN", "a", "0:2", k, "A", 0, 1, f"j{k}")
        for k in range(100):
            one = lambda: (
                eq("taken", take(100 + k), [f"a|0:2|{k}|j{k}"]),
                eq("claimed", claim(100 + k, f"j{k}", "k", k=k)[0], "OK"),
            )
            if k in measure:
                got[k] = calls(one)
            else:
                one()
            if k == 99:
                release(100 + k, f"j{k}", "k", k=k)
                got["again"] = calls(
                    lambda: (
                        eq("taken", take(100 + k), [f"a|0:2|{k}|j{k}"]),
                        eq("claimed", claim(100 + k, f"j{k}", "k9", k=k)[0], "OK"),
                    )
                )
            else:
                term(100 + k, f"j{k}", out, tok="k", k=k)
        return got

    g = chain("step 99 costs what step 1 costs", "ok", (1, 50, 99))
    assert g[99] <= g[1] and g[50] <= g[1] and g["again"] <= g[1], g
