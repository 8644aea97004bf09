"""Processes that tests start, and waiting for what they do.

A Process never outlives its test: it leads a process group of its own, dies with the test runner (PR_SET_PDEATHSIG),
and whatever is still alive is killed when Python ends. Its output is collected in a file and can be awaited.
Nothing here sleeps for a fixed time: wait_until() polls a condition until a deadline and says what it waited for.
"""

import atexit
import ctypes
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PR_SET_PDEATHSIG = 1
POLL_S = 0.02
_libc = ctypes.CDLL(None, use_errno=True)
_alive = set()


class Timeout(AssertionError):
    pass


def wait_until(condition, what, timeout_s=10.0):
    """Returns the first true value of condition(); raises Timeout after the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"waited {timeout_s:g} s for {what}")
        time.sleep(POLL_S)


def free_ports(n):
    """n different ports of 127.0.0.1 that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def free_port():
    return free_ports(1)[0]


def listens(port):
    """Does somebody accept connections on this port of 127.0.0.1?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program under test, or a server for it.

    argv[0] is the program; `name` says who it is in messages; `executable` runs another file under argv[0]'s name.
    The environment is clean: PATH, HOME (the folder `cwd`), TZ=UTC and what `env` adds; proxies and AWS profiles of the
    machine never reach a test.
    """

    def __init__(self, argv, *, cwd, name=None, env=None, executable=None):
        self.argv = [str(a) for a in argv]
        self.name = name or Path(self.argv[0]).name
        self.cwd = Path(cwd)
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.cwd),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            **{k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TESTS_OF_RUN")},
            **{k: str(v) for k, v in (env or {}).items()},
        }
        self.executable = executable
        self.popen = None
        self.starts = 0
        self.log_path = None

    def start(self):
        """Starts it (again); each start has its own log, NAME.N.log in cwd."""
        assert not self.is_running(), f"{self.name} runs already"
        self.starts += 1
        self.log_path = self.cwd / f"{self.name}.{self.starts}.log"
        with open(self.log_path, "wb") as log:
            # preexec_fn is safe here: the tests have no threads that hold locks while they start a process
            self.popen = subprocess.Popen(
                self.argv,
                cwd=self.cwd,
                env=self.env,
                executable=self.executable,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        _alive.add(self)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def cpu_s(self):
        """The processor time that it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path else ""

    def tail(self, lines=30):
        return "\n".join(self.log().splitlines()[-lines:])

    def wait_for_log(self, pattern, timeout_s=10.0):
        """Waits for a line that matches; returns the match object. Fails at once when the program has ended."""
        compiled = re.compile(pattern, re.MULTILINE)

        def look():
            ended = not self.is_running()  # asked first: what it wrote before its end is read below
            found = compiled.search(self.log())
            if not found and ended:
                raise AssertionError(
                    f"{self.name} ended with {self.popen.returncode} before it wrote '{pattern}':\n{self.tail()}"
                )
            return found

        try:
            return wait_until(look, f"'{pattern}' in the log of {self.name}", timeout_s)
        except Timeout as e:
            raise Timeout(f"{e}; its log ends:\n{self.tail()}") from None

    def wait_for_port(self, pattern=r"event=admin\.listen .*?port=(\d+)", timeout_s=10.0):
        """The port that the program chose (it was told 0), read from its log."""
        return int(self.wait_for_log(pattern, timeout_s).group(1))

    def wait_for_http(self, url, status=200, timeout_s=10.0):
        """Waits until url answers with this status; returns the body."""

        def ask():
            if not self.is_running():
                raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}")
            try:
                with urllib.request.urlopen(url, timeout=2) as reply:
                    return (reply.read(),) if reply.status == status else None
            except urllib.error.HTTPError as e:
                return (e.read(),) if e.code == status else None
            except OSError:
                return None

        return wait_until(ask, f"HTTP {status} from {url}", timeout_s)[0]

    def signal(self, number):
        os.kill(self.popen.pid, number)

    def stop(self):
        """SIGSTOP: it hangs, as seen from outside."""
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9 to the whole group; returns when it is gone. Harmless when it is gone already."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.popen.wait()
        _alive.discard(self)

    def terminate(self, timeout_s=12.0):
        """SIGTERM and wait; returns the exit code. One that does not end in time is killed, and that is a failure."""
        if self.is_running():
            self.signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def wait(self, timeout_s=10.0):
        """Waits for its end; returns the exit code."""
        try:
            code = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            tail = self.tail()
            self.kill()
            raise Timeout(f"{self.name} did not end within {timeout_s:g} s:\n{tail}") from None
        self.kill()
        return code

    def __enter__(self):
        return self if self.is_running() else self.start()

    def __exit__(self, *_):
        self.kill()


@atexit.register
def _kill_all():
    for process in list(_alive):
        process.kill()
