"""The Redis of the fleet's simulation is Redis: on the scripts' scenarios and random histories a real server gives the same bytes to every
command, and both keep the same values."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lib.redis_server import RedisServer
from lib.sim_redis import ORDERED, SimRedis

HERE = Path(__file__).resolve().parent
BUILDS = HERE.parents[1] / "build"
OURS = ("asan", "clang", "dev", "release")  # what runs here: another distribution may have been built for, too
SOURCES = HERE.parent / "sim"
HISTORIES = 6
MUTATED = "killed"
PLAYED = re.compile(r"(\d+) commands, (\d+) a second, replies ([0-9a-f]{40})")


def play(sim, *args, **env):
    """test.py on it -> its exit code and output."""
    done = subprocess.run(
        [sys.executable, "-B", HERE / "test.py", *map(str, args)],
        env={**os.environ, "SOCK": str(sim.socket), **env}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def stream(program, *args):
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=60, check=True)
    return PLAYED.search(done.stdout).groups()


@pytest.fixture
def programs(bin_dir):
    return bin_dir.parent / "protocol"


@pytest.fixture
def real(short_dir):
    with RedisServer(short_dir, settings=ORDERED, name=f"r{len(list(short_dir.iterdir()))}") as server:
        yield server


@pytest.fixture(scope="module")
def record(short_dir):
    return short_dir / "record"


@pytest.mark.timeout(120)
def test_scenarios_and_histories_get_the_same_bytes_from_both(programs, real, record):
    with SimRedis(programs / "protocol_redis", real.folder, against=real.socket, record=record) as sim:
        code, said = play(sim, HISTORIES)
        assert code == 0, said + sim.tail()
        commands, replies, _, dumps, uncompared = sim.end()
    assert "not simulated" not in sim.log()
    assert replies > 15000 and dumps > 1000
    assert commands - replies - dumps < 500 and uncompared < 300  # KEYS, SMEMBERS, SELECT, HELLO; INFO, PTTL, DUMP


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", ["reply", "data"])
def test_one_wrong_byte_in_a_reply_or_one_value_too_many_is_seen(programs, real, what):
    with SimRedis(programs / "protocol_redis", real.folder, against=real.socket, lie=what) as sim:
        code, _ = play(sim, ONLY="scenarios")
        assert code != 0
        assert sim.wait() == 1
        assert "THEY DIFFER" in sim.log()
        assert ("{t:7}:lie" in sim.log()) == (what == "data")


@pytest.mark.timeout(60)
def test_a_record_has_the_same_replies_in_every_build_and_on_a_real_server(programs, real, record):
    if not record.exists():
        pytest.fail("the histories were not recorded")
    theirs = stream(programs / "protocol_stream", record, "--against", real.socket, "--at-once", 64)
    newest = max(p.stat().st_mtime for p in SOURCES.glob("redis_*"))
    built = [p for p in (BUILDS / name / "protocol" / "protocol_stream" for name in OURS) if p.exists() and p.parent != programs and p.stat().st_mtime > newest]
    for program in [programs / "protocol_stream"] * 2 + built:
        ours = stream(program, record)
        assert (ours[0], ours[2]) == (theirs[0], theirs[2]), program
        print(f"{program.relative_to(BUILDS)}: {ours[1]} commands a second, the real server {theirs[1]}")


@pytest.mark.timeout(120)
def test_mutants_of_the_scripts_die_on_it_too(programs, tmp_path):
    """mutate.py starts what it finds as redis-server."""
    (tmp_path / "redis-server").symlink_to(programs / "protocol_redis")
    done = subprocess.run(
        [sys.executable, "-B", HERE / "mutate.py", "--only", MUTATED, "--histories", "5"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    killed = re.search(r"(\d+) of (\d+) mutants killed", done.stdout)
    assert killed and killed[1] == killed[2] and int(killed[1]) >= 10, done.stdout + done.stderr
