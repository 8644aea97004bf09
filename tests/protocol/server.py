"""A Redis server of the test's own: a unix socket in a folder of its own, no port, nothing kept. It ends with the test.

Debian's redis-tools carries the server's binary under the name redis-check-rdb; called by its own name it serves."""
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

import redis

BINARY = shutil.which("redis-server") or "/usr/bin/redis-check-rdb"
START_S = 30.0
PR_SET_PDEATHSIG = 1  # prctl(2)


def _end_with_parent():
    """Also when the test is killed, and so cannot stop it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start():
    """-> the socket's path. SOCK in the environment: a server that is there already."""
    if os.environ.get("SOCK"):
        return os.environ["SOCK"]
    home = tempfile.mkdtemp(prefix="view-")
    sock = home + "/redis.sock"
    server = subprocess.Popen(
        [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            sock,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            home,
            "--databases",
            "16",
            "--maxmemory-policy",
            "noeviction",
        ],
        executable=BINARY,
        preexec_fn=_end_with_parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop():
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    probe = redis.Redis(unix_socket_path=sock)
    end = time.monotonic() + START_S
    while True:
        try:
            if probe.ping():
                return sock
        except redis.RedisError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the Redis server did not start: " + BINARY)
            time.sleep(0.01)
