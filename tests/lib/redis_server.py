"""A real Redis for tests, on a unix socket and, if asked, a free port of 127.0.0.1.

Debian's redis-tools holds the server's own program under the name redis-check-rdb: which of the two it is depends on
the name it is called by. So no package with a service is needed.
"""

from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from lib.process import Process, free_port, wait_until

PROGRAM = "/usr/bin/redis-check-rdb"
START_TIMEOUT_S = 15


class RedisServer(Process):
    """appendonly: None (nothing is kept), "always" or "everysec". Data stays in `folder` across restarts."""

    def __init__(self, folder, *, port=False, appendonly=None, password=None, name="redis", settings=None):
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True)
        self.socket = self.folder / "s"
        assert len(str(self.socket)) < 108, f"too long for a unix socket: {self.socket}"
        self.port = free_port() if port is True else int(port)
        self.password = password
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "unixsocket": self.socket,
            "dir": self.folder,
            "save": '""',
            "appendonly": "yes" if appendonly else "no",
            "appendfsync": appendonly or "no",
            "daemonize": "no",
            "databases": 16,
            **({"requirepass": password} if password else {}),
            **(settings or {}),
        }
        config = self.folder / "redis.conf"  # a file: a password has no place among the arguments
        config.write_text("".join(f"{k} {v}\n" for k, v in options.items()))
        super().__init__(["redis-server", config], executable=PROGRAM, cwd=self.folder, name=name)

    @property
    def url(self):
        """As redis.url wants it."""
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}"

    def client(self, **more):
        """A client of redis-py over the unix socket, without its retries: a test wants to see the first error."""
        more.setdefault("retry", Retry(NoBackoff(), 0))
        return redis.Redis(unix_socket_path=str(self.socket), password=self.password, **more)

    def answers(self):
        try:
            with self.client() as client:
                return client.ping()
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            assert self.is_running(), f"{self.name} ended:\n{self.tail()}"
            return False

    def start(self):
        super().start()
        wait_until(self.answers, f"PONG from {self.name}", START_TIMEOUT_S)
        return self

    def restart(self):
        """Killed and started on what it kept; returns when it answers."""
        self.kill()
        return self.start()
