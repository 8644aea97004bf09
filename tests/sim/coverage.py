"""What the kept seeds meet of all that the build can meet, and what is known not to be met, and why."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "release" / "bin" / "ec2sched-sim"
SEEDS = ROOT / "tests" / "sim" / "seeds"
MET = re.compile(r"^met (.*)$", re.M)
CHOSEN = "# chosen"  # the line of seeds/kept behind which the chosen ones stand


def met_by(output):
    return set(MET.findall(output))


def wanted():
    told = subprocess.run([PROGRAM, "--wanted"], capture_output=True, text=True, check=True).stdout
    return set(told.splitlines())


def lines_of(name):
    """The lines that say something."""
    return [line for line in (SEEDS / name).read_text().splitlines() if line and not line.startswith("#")]


def unmet():
    """Item -> why no history can meet it."""
    return dict(line.split(": ", 1) for line in lines_of("unmet"))


def kept():
    """(those that found something, those that are chosen for what they meet), each seed -> words."""
    found, chosen = {}, {}
    part = found
    for line in (SEEDS / "kept").read_text().splitlines():
        if line.startswith(CHOSEN):
            part = chosen
        elif line and not line.startswith("#"):
            seed, words = line.split(" ", 1)
            part[int(seed)] = words
    return found, chosen


def options_of(words):
    """How a kept seed is played, by its words."""
    return ["--plain"] if words.startswith("--plain ") else []


def complaints(met):
    """What is wrong with what the kept seeds met, in words."""
    there, excused = wanted(), unmet()
    yield from (f"no kept seed meets: {item}" for item in sorted(there - met - excused.keys()))
    yield from (f"seeds/unmet says that it cannot be, and it is met: {item}" for item in sorted(met & excused.keys()))
    yield from (f"seeds/unmet names what the build does not have: {item}" for item in sorted(excused.keys() - there))
    yield from (f"met, and not among what the build says there is: {item}" for item in sorted(met - there))
