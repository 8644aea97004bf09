"""A Redis whose memory is full answers every question and takes no write: each place where a person looks says so."""

import re
import urllib.error
import urllib.request

import pytest
from stack import Stack
from test_order import scenario

from lib.process import wait_until

FULL = "the view refuses writes: Redis' memory is full"


@pytest.fixture
def stack(tmp_path, bin_dir, kafka, redis_server):
    with Stack(tmp_path, bin_dir, kafka, redis_server, scenario()) as s:
        yield s


def get(daemon, path):
    """Status and text of its admin address."""
    port = re.search(r"event=admin\.listen .*port=(\d+)", daemon.log()).group(1)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def refusals(daemon):
    return int(re.search(r"^ec2sched_\w+_view_refusals_total (\d+)$", get(daemon, "/metrics")[1], re.MULTILINE).group(1))


def test_a_full_redis_is_said_by_readyz_doctor_and_metrics_and_is_over_when_there_is_room(stack, redis_server):
    daemons = [*stack.producers, *stack.workers]
    for daemon in daemons:
        wait_until(lambda d=daemon: get(d, "/readyz")[0] == 200, f"{daemon.name} to be ready")
        assert refusals(daemon) == 0
    redis_server.client().config_set("maxmemory", "1mb")
    for daemon in daemons:
        wait_until(lambda d=daemon: get(d, "/readyz")[0] == 503, f"{daemon.name} to say that it is not")
        assert FULL in get(daemon, "/readyz")[1]
        assert refusals(daemon) > 0
    doctor = stack.cli("doctor")
    (line,) = [x for x in doctor.stdout.splitlines() if FULL in x]
    assert "fail" in line and "raise maxmemory" in line and "1048576" in line
    redis_server.client().config_set("maxmemory", "0")
    for daemon in daemons:
        wait_until(lambda d=daemon: get(d, "/readyz")[0] == 200, f"{daemon.name} to be ready again")
