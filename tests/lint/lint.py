"""What the lint steps share: which files there are, and how a finding is told.

Each step is a program of its own: `tests/lint/NAME [--root DIR]`. It prints a finding a line (`path:line: what`),
then one line of counts, and exits 1 if it found anything. `--root` is for the self-test, which breaks copies.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("producer", "worker", "monitor", "cli")
OURS_C = ("common",) + PROGRAMS
SKIPPED = {".git", ".cache", "build", "__pycache__", "node_modules"}


class Lint:
    def __init__(self, name, options=()):
        parser = argparse.ArgumentParser(prog=f"tests/lint/{name}")
        parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
        for flag, settings in options:
            parser.add_argument(flag, **settings)
        self.args = parser.parse_args()
        self.name = name
        self.root = self.args.root.resolve()
        self.findings = 0
        self.seen = 0

    def files(self, *patterns, under=("",)):
        """Our files whose name matches one of the patterns, below one of the folders, in a fixed order."""
        for path in _all_files(self.root):
            rel = path.relative_to(self.root).as_posix()
            if not any(rel.startswith(folder + "/") if folder else True for folder in under):
                continue
            if any(path.match(pattern) for pattern in patterns):
                self.seen += 1
                yield path, rel

    def c_files(self, *patterns):
        return self.files(*(patterns or ("*.c", "*.h")), under=OURS_C + ("tests",))

    def say(self, where, line, what):
        self.findings += 1
        print(f"{where}:{line}: {what}" if line else f"{where}: {what}")

    def end(self):
        print(f"lint {self.name}: {self.seen} files, {self.findings} findings")
        sys.exit(1 if self.findings else 0)


def _all_files(root):
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = sorted(set(filter(None, listed.stdout.decode().split("\0"))))
        return [root / name for name in names if (root / name).is_file()]
    found = (p for p in root.rglob("*") if p.is_file() and not SKIPPED & set(p.relative_to(root).parts))
    return sorted(found)


COMMENT_OR_STRING = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def code_only(text):
    """C text with comments, strings and characters blanked out; lines keep their numbers."""
    return COMMENT_OR_STRING.sub(lambda m: '""' + "\n" * m.group().count("\n"), text)


def tool(*names):
    """The first of these programs that is installed."""
    from shutil import which

    for name in names:
        if which(name):
            return name
    sys.exit(f"lint: none of {', '.join(names)} is installed: deploy/install lint")
