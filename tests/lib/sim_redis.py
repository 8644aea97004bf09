"""The simulated Redis behind a unix socket (tests/protocol/protocol_redis.c): alone, or held against a real server."""

import re
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from lib.process import Process, wait_until

START_TIMEOUT_S = 10
TOLD = re.compile(r"(\d+) commands; the same bytes in (\d+) replies, the same sets in (\d+), (\d+) dumps; (\d+) not compared")

# A real server's hashes in the order of insertion, whatever their size, as the simulated one has them: else their order
# follows a seed that the server draws at its start.
ORDERED = {"hash-max-listpack-entries": 1000000, "hash-max-listpack-value": 1000000}


class SimRedis(Process):
    """options: of protocol_redis, without their dashes."""

    def __init__(self, program, folder, **options):
        self.socket = Path(folder) / "sim"
        argv = [program, "--unixsocket", self.socket]
        for name, value in options.items():
            argv += [f"--{name}", value]
        super().__init__(argv, cwd=folder, name="sim-redis")

    def start(self):
        super().start()
        wait_until(self.socket.exists, "the simulated Redis", START_TIMEOUT_S)
        return self

    def client(self):
        return redis.Redis(unix_socket_path=str(self.socket), protocol=2, retry=Retry(NoBackoff(), 0))

    def end(self):
        """SIGTERM -> what it compared by its own count: commands, replies, sets, dumps, and what it did not compare."""
        code = self.terminate()
        assert code == 0, self.tail()
        return [int(n) for n in TOLD.search(self.log()).groups()]
