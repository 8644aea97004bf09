"""tests/run: the stages in order, what each counted and how long it took, and one closing line."""

import os
import signal
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import leftovers, stages  # noqa: E402  (the path comes first)
from lib.counts import Counts  # noqa: E402

BUDGET_S = 30 * 60


def choose(words):
    present = [s for s in stages.ALL if s.exists()]
    names = [s.name for s in present]
    if "--help" in words:
        print(f"usage: tests/run [--list] [STAGE…]\nstages: {' '.join(names)}")
        sys.exit(0)
    if "--list" in words:
        print("\n".join(names))
        sys.exit(0)
    for word in words:
        if word not in names:
            sys.exit(f"tests/run: no stage '{word}': one of {', '.join(names)}")
    return [s for s in present if s.name in words or (not words and not s.on_request)]


def run_stage(stage):
    """Runs one stage; whatever it leaves running is killed, and counts as a failure."""
    print(f"\n== {stage.name}", flush=True)
    started = time.monotonic()
    counts = Counts()
    mark = os.environ["TESTS_OF_RUN"] = uuid.uuid4().hex
    try:
        stage.run(counts)
    except stages.Failed as e:
        counts.check(False, str(e))
    except BaseException:  # interrupted: nothing of the stage stays
        leftovers.kill(mark)
        raise
    if counts.passed + counts.failed + counts.skipped == 0:
        counts.check(False, "the stage ran no check at all")
    for process in leftovers.kill(mark):
        counts.check(False, f"left behind: {process}")
    took = time.monotonic() - started
    for why in counts.why:
        print(f"   failed: {why}")
    late = ", OVER ITS BUDGET" if took > stage.budget_s else ""
    print(f"== {stage.name}: {counts}; {took:.1f} s of {stage.budget_s} s{late}", flush=True)
    return counts


def main(words):
    os.chdir(stages.ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("tests/run: ended by SIGTERM"))  # on the way out it kills its own
    started = time.monotonic()
    total = Counts()
    for stage in choose(words):
        counts = run_stage(stage)
        total.add(counts)
        if counts.failed and stage.needed:
            print(f"   without {stage.name} the rest cannot run")
            break
    took = time.monotonic() - started
    print(f"\nall of it: {took:.0f} s of {BUDGET_S} s{', OVER THE BUDGET' if took > BUDGET_S else ''}")
    for why in total.why:
        print(f"failed: {why}")
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
