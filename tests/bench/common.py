"""What the benchmarks share: where things are, the machine and how busy it is, statistics, tables."""

import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "e2e")]

from lib import cache  # noqa: E402

BUSY = 0.05  # share of the machine that others may take before figures are called unreliable


def in_venv():
    """Runs this program again under the tests' virtual environment, if it is not there yet."""
    python = cache.venv() / "bin" / "python"
    if Path(sys.prefix).resolve() != cache.VENV.resolve():
        os.execv(python, [str(python), "-B", *sys.argv])


def release():
    """Builds the release preset; returns its folder. EC2SCHED_BENCH_BUILD names one that is built already."""
    ready = os.environ.get("EC2SCHED_BENCH_BUILD")
    if ready:
        return Path(ready).resolve()  # programs are started in folders of their own
    for argv in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return ROOT / "build" / "release"


def bullmq():
    """The folder whose node_modules hold BullMQ: installed once, by npm."""
    where = cache.CACHE / "bench"
    if not (where / "node_modules" / "ioredis").is_dir():
        where.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "bullmq", "ioredis"], cwd=where, check=True)
    return where


# ---- the machine ----


def _stat():
    fields = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[:8]), sum(fields[:8]) - fields[3] - fields[4], fields[7]


def cpu_of(pid):
    """User and system seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Quiet:
    """How much of the machine went to others while we measured: the busy time less that of our own session's processes.

        with Quiet() as quiet: …
        quiet.foreign     a share of the whole machine, from 0 to 1
    """

    def __enter__(self):
        self.began, self.ours = _stat(), _ours()
        return self

    def __exit__(self, *_):
        total, busy, steal = (b - a for a, b in zip(self.began, _stat()))
        mine = (_ours() - self.ours) * os.sysconf("SC_CLK_TCK")
        self.foreign = max(0.0, busy - mine) / max(1, total)
        self.steal = steal / max(1, total)

    def verdict(self):
        said = f"others took {self.foreign:.0%} of the machine, the hypervisor {self.steal:.0%}"
        if self.foreign + self.steal > BUSY:
            return f"{said}: BUSY, the absolute figures are not reliable; ratios of the interleaved run are what counts"
        return f"{said}: quiet"


def _family(root):
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, look = [], [root]
    while look:
        pid = look.pop()
        found.append(pid)
        look += children.get(pid, [])
    return found


def _ours():
    """CPU seconds of this process and all that it started, those that ended and were waited for included."""
    total = 0.0
    for pid in _family(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    return (f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()} {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}")  # fmt: skip


def anonymous_kib(pid):
    """Anonymous resident memory, in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    raise AssertionError(f"no Anonymous: line for {pid}")


class Peak:
    """The most anonymous memory that a process has, looked at 20 times a second."""

    def __init__(self, pid):
        self.pid, self.kib, self.over = pid, anonymous_kib(pid), threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self.over.wait(0.05):
            self.kib = max(self.kib, anonymous_kib(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


# ---- figures ----


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values):
    return statistics.median(values)


def table(header, rows):
    """A Markdown table, padded."""
    cells = [[str(c) for c in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
