"""Finds processes that a stage left behind: each carries its stage's mark, TESTS_OF_RUN, in its environment."""

import os
import signal
import time
from pathlib import Path

GRACE_S = 3.0  # the last children of a program that has just ended are still on their way out


def _marked(mark):
    word = f"TESTS_OF_RUN={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if word in (folder / "environ").read_bytes().split(b"\0"):
                name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if name:
                    yield int(folder.name), name[:120]
        except OSError:
            continue  # gone, or another user's


def kill(mark):
    """Waits a moment for what is ending, kills what is not, and returns their names."""
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        if not list(_marked(mark)):
            return []
        time.sleep(0.05)
    found = list(_marked(mark))
    for pid, _ in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return [f"{name} ({pid})" for pid, name in found]
