"""Mutation run: each script is broken in each way that mutants.txt says, one at a time, and test.py must fail.

usage: mutate.py [--histories N] [--jobs 2] [--only SCRIPT[:WORDS]] [--list]
Prints a line for each survivor, then a count; exits 1 if one survived, or if a line of mutants.txt fits nowhere.

A mutant is `script: old ==> new`, compared word by word: spaces, line ends, `;` and comments do not count, the first
place that fits is broken. `old =n=> new` breaks the n-th place."""
import argparse
import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import server
from lua_words import words
from view import NAMES, SCRIPTS

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT_S = 600


def broken(source, old, new, nth):
    """-> the source with the n-th place that reads `old` replaced, or None."""
    have, spans = words(source)
    want = words(old)[0]
    for i in range(len(have) - len(want) + 1):
        if have[i : i + len(want)] == want:
            nth -= 1
            if nth == 0:
                return (
                    source[: spans[i][0]]
                    + " "
                    + new.replace("\\n", "\n")
                    + " "
                    + source[spans[i + len(want) - 1][1] :]
                )
    return None


def mutants():
    """-> (line, script, source or None)"""
    sources = {n: open(f"{SCRIPTS}/{n}.lua").read() for n in NAMES}
    for line in open(HERE + "/mutants.txt"):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        script, rest = line.split(": ", 1)
        old, nth, new = re.fullmatch(r"(.*?) =(\d*)=> ?(.*)", rest).groups()
        yield line, script, broken(sources[script], old, new, int(nth or 1))


class Bench:
    """One server, and a folder of scripts of which one is broken."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="mutants-")
        atexit.register(shutil.rmtree, self.home, True)
        for n in NAMES:
            shutil.copy(f"{SCRIPTS}/{n}.lua", self.home)
        self.env = dict(os.environ, SCRIPTS=self.home, SOCK=server.start(), PYTHONDONTWRITEBYTECODE="1")

    def try_one(self, script, source, histories):
        """-> how it died, or None."""
        with open(f"{self.home}/{script}.lua", "w") as f:
            f.write(source)
        try:
            p = subprocess.run(
                [sys.executable, HERE + "/test.py", histories],
                env=self.env,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return f"hangs for {TIMEOUT_S} s"
        shutil.copy(f"{SCRIPTS}/{script}.lua", self.home)
        return (p.stderr.strip().split("\n")[-1] or "died") if p.returncode else None


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--histories", default="25")
    a.add_argument("--jobs", type=int, default=2)
    a.add_argument("--only", default="")
    a.add_argument("--list", action="store_true")
    a = a.parse_args()
    bad, todo, begun = 0, [], time.monotonic()
    for line, script, source in mutants():
        if a.only and not line.startswith(a.only.split(":")[0] + ":"):
            continue
        if ":" in a.only and a.only.split(":", 1)[1] not in line:
            continue
        if source is None:
            print("FITS NOWHERE", line, flush=True)
            bad += 1
        else:
            todo.append((line, script, source))
    if a.list:
        print(f"{len(todo)} mutants")
        return bad
    benches = [Bench() for _ in range(a.jobs)]
    why = benches[0].try_one("snap", open(f"{SCRIPTS}/snap.lua").read(), a.histories)
    if why:
        print("the test fails without a mutant:", why)
        return 1

    def one(mutant):
        bench = benches.pop()
        try:
            return mutant[0], bench.try_one(*mutant[1:], a.histories)
        finally:
            benches.append(bench)

    killed = 0
    with ThreadPoolExecutor(a.jobs) as pool:
        for line, how in pool.map(one, todo):
            killed += how is not None
            if how is None:
                print("SURVIVED", line, flush=True)
            elif any(x in how for x in ("ompiling", "nonexistent global", "NameError", "ImportError")):
                print("NO MUTANT", line, how, flush=True)
                bad += 1
            elif os.environ.get("VERBOSE"):
                print(how[:100], "<-", line[:110], flush=True)
    print(f"{killed} of {len(todo)} mutants killed in {time.monotonic() - begun:.0f} s")
    return bad + len(todo) - killed


if __name__ == "__main__":
    sys.exit(min(1, main()))
