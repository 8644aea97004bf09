"""Counts of passed, failed and skipped checks, and how to read them from what test programs leave behind."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    why: list = field(default_factory=list)  # a line for each failure

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.why += other.why

    def check(self, ok, why=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            self.why.append(why)
        return ok

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
CMOCKA = re.compile(r"^\[  (PASSED|FAILED|SKIPPED) *\] (?:\S+: )?(\d+) test\(s\)", re.MULTILINE)


def of_program(name, code, out):
    """Of a test program that closes with `N passed, N failed, N skipped`; without that line it is one check."""
    lines = CLOSING.findall(out)
    counts = Counts()
    if lines:
        counts = Counts(*(int(n or 0) for n in lines[-1]))
    if counts.failed:
        counts.why.append(f"{name}: {counts}")
    elif code or not lines:
        counts.check(code == 0, f"{name}: exit code {code}")
    return counts


def of_ctest(path):
    """Of ctest's JUnit file: each executable is read for cmocka's own counts; one that says nothing has failed."""
    counts = Counts()
    for case in ET.parse(path).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        if status in ("disabled", "notrun") and case.find("skipped") is not None and status == "disabled":
            counts.skipped += 1
            continue
        found = CMOCKA.findall(case.findtext("system-out") or "")
        tally = {word: sum(int(n) for w, n in found if w == word) for word in ("PASSED", "FAILED", "SKIPPED")}
        counts.passed += tally["PASSED"]
        counts.skipped += tally["SKIPPED"]
        counts.failed += tally["FAILED"]
        if tally["FAILED"]:
            counts.why.append(f"{name}: {tally['FAILED']} failed")
        elif status != "run":
            counts.check(False, f"{name}: {status}, without a failed test of its own (a crash, a leak or a timeout)")
        elif not found:
            counts.check(False, f"{name}: ran no test")
    return counts


def of_junit(path):
    """Of a JUnit file as pytest writes it."""
    counts = Counts()
    for case in ET.parse(path).getroot().iter("testcase"):
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None:
            message = (bad.get("message") or "").splitlines()
            counts.check(False, f"{case.get('classname')}.{case.get('name')}: {message[0] if message else ''}"[:200])
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts
