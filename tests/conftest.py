"""Fixtures for all Python tests: servers shared by a session where that is safe, otherwise one a test."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib.awssim import Awssim, scenario  # noqa: E402
from lib.kafka import KafkaServer  # noqa: E402  (the path comes first)
from lib.redis_server import RedisServer  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def bin_dir():
    """Where our programs are: build/dev/bin, or what EC2SCHED_BIN names."""
    return Path(os.environ.get("EC2SCHED_BIN") or ROOT / "build" / "dev" / "bin")


@pytest.fixture(scope="session")
def short_dir():
    """A folder with a short path, for unix sockets; gone after the session."""
    path = Path(tempfile.mkdtemp(prefix="e2s-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(short_dir):
    """One broker for the whole session: use topic names of your own (`kafka.prefix` of your own)."""
    started = time.monotonic()
    with KafkaServer(short_dir) as server:
        server.took_s = time.monotonic() - started
        server.cpu_s = server.brokers[0].cpu_s()
        yield server


@pytest.fixture(scope="session")
def kafka_cluster(short_dir):
    """Three brokers for the whole session. A test that kills one starts it again."""
    with KafkaServer(short_dir / "cluster", brokers=3) as server:
        yield server


@pytest.fixture
def redis_server():
    """A Redis of one's own, on a unix socket."""
    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, RedisServer(folder) as server:
        yield server


@pytest.fixture
def start_awssim(bin_dir, tmp_path):
    """start_awssim(scenario, …) begins a simulator that ends with the test."""
    running = []

    def begin(content=None, **options):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        aws = Awssim(bin_dir, folder, scenario() if content is None else content, **options)
        running.append(aws.__enter__())
        return aws

    yield begin
    for aws in running:
        aws.__exit__()
