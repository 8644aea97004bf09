"""What only a person on a terminal sees: the question before a stop, bars that are redrawn in place, and the way out of both."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest
from cli_scenario import SHOP_WEB, scenario
from order import touched
from stack import Stack

from lib.process import Process
from lib.redis_server import RedisServer

WAIT_S = 60


@pytest.fixture(scope="module")
def stack(bin_dir, kafka):
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, RedisServer(folder) as redis:
        with Stack(folder, bin_dir, kafka, redis, scenario(), workers=1) as s:
            yield s


class Terminal:
    """The program on a pseudo-terminal of so many columns, begun as a shell begins it: whatever the tests' own caller ignores."""

    def __init__(self, stack, *words, columns=80, interrupts=signal.SIG_DFL):
        env = Process(["ec2sched"], cwd=stack.folder, env=stack.env).env
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.child = subprocess.Popen(
            [stack.bin / "ec2sched", *words], env=env, cwd=stack.folder, stdin=slave, stdout=slave, stderr=slave,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0), signal.signal(signal.SIGINT, interrupts)),
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def read(self, until, timeout_s=WAIT_S):
        """Everything shown, up to and with what is waited for; None: to the end of the program."""
        end = time.monotonic() + timeout_s
        while until is None or not re.search(until, self.seen):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"waited for {until}, saw {self.seen!r}"
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                assert until is None, f"ended before {until}: {self.seen!r}"
                break
            self.seen += data.decode()
        return self.seen

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def end(self):
        self.read(None)
        os.close(self.master)
        return self.child.wait(10)


def screen(text):
    """What stands on the terminal after all this: enough of one for lines, going up, and erasing below."""
    lines, at = [""], 0
    for part in re.split(r"(\x1b\[\d+A|\x1b\[J|\r|\n)", text):
        up = re.fullmatch(r"\x1b\[(\d+)A", part)
        if up:
            at -= int(up.group(1))
            assert at >= 0, "went above its own first line"
        elif part == "\x1b[J":
            lines = lines[:at] + [""]
        elif part == "\n":
            at += 1
            if at == len(lines):
                lines.append("")
        elif part != "\r":
            lines[at] += part
    return lines


def stops(stack):
    return [i for _, operation, i in touched(stack.aws.calls()) if operation == "StopInstances"]


@pytest.mark.parametrize("answer", ["n\r", "\r", "perhaps\r", "\x04", "\x03"])
def test_a_stop_that_is_not_confirmed_stops_nothing(stack, answer):
    before = stops(stack)
    t = Terminal(stack, "stop", "shop")
    t.read(r"stop 5 instances of shop in 2 steps\? \[y/N\] ")
    t.type(answer)
    assert t.end() in (3, -signal.SIGINT) and stops(stack) == before


def test_ctrl_c_is_a_no_also_where_the_caller_ignores_it(stack):
    before = stops(stack)
    t = Terminal(stack, "stop", "shop", interrupts=signal.SIG_IGN)
    t.read(r"\[y/N\] ")
    t.type("\x03")
    assert t.end() == -signal.SIGINT and stops(stack) == before


def test_a_confirmed_stop_begins_and_yes_asks_nothing(stack):
    t = Terminal(stack, "stop", "busy", "--run", "yes")
    t.read(r"stop 2 instances of busy in 1 step\? ")
    t.type("y\r")
    assert t.end() == 0 and "busy@yes accepted" in t.seen
    t = Terminal(stack, "stop", "asked", "--yes", "--run", "unasked")
    assert t.end() == 0 and "?" not in t.seen


def test_bars_are_redrawn_in_place_and_never_wider_than_the_terminal(stack):
    t = Terminal(stack, "stop", "shop", "--yes", "--run", "bars", "--wait", columns=60)
    assert t.end() == 0, t.seen
    assert len(re.findall("Role_Web", t.seen)) > 2 and "\x1b[" in t.seen
    shown = [line for line in screen(t.seen) if line]
    assert [line[:10] for line in shown] == ["0 Role_Web", "1 Role_DB ", "shop@bars "], shown
    assert re.search(r"\[#+\] 3/3 complete", shown[0]) and re.search(r"\[#+\] 2/2 complete, 1 bypassed", shown[1]), shown
    for line in re.split(r"[\r\n]|\x1b\[\d*[AJ]", t.seen):
        assert line.startswith("shop@") or len(line) < 60, line


def test_a_narrow_terminal_gets_lines(stack):
    t = Terminal(stack, "watch", "shop@bars", columns=25)
    assert t.end() == 0 and "\x1b" not in t.seen and "accepted" in t.seen and SHOP_WEB[0] in t.seen


def test_watching_a_workload_shows_the_bars_of_its_run_and_leaves_with_ctrl_c(stack):
    t = Terminal(stack, "watch", "shop", columns=100)
    t.read("Ctrl-C ends it")
    assert stack.cli("start", "shop", "--run", "seen", "--wait", "--timeout", "60s").returncode == 0
    t.read("shop@seen finished")
    assert "shop 0 Role_DB" in t.seen
    t.type("\x03")
    assert t.end() == 0, t.seen
    assert not any("[#" in line or "[-" in line for line in screen(t.seen)), "bars of a run that is over"


def test_ctrl_c_while_a_run_is_watched_says_that_it_goes_on(stack):
    assert stack.cli("stop", "watched", "--yes", "--run", "w").returncode == 0
    t = Terminal(stack, "watch", "watched@w")
    t.read("0 Role_Only")
    t.resize(50)
    t.type("\x03")
    assert t.end() == 5 and "the run goes on" in t.seen
