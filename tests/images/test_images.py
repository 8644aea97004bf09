"""The images as docker-compose.yml runs them: commands, variables, users, volumes and health checks are the file's own."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from compose import FILE, ROOT, Compose, Fleet, seconds  # noqa: E402
from order import violations  # noqa: E402
from stack import KEY, SECRET  # noqa: E402

from lib import images  # noqa: E402
from lib.awssim import Awssim  # noqa: E402
from lib.cache import venv  # noqa: E402
from lib.kafka import KafkaServer  # noqa: E402
from lib.process import free_port, wait_until  # noqa: E402
from lib.redis_server import RedisServer  # noqa: E402

SIZE_MAX = 130e6
PROGRAMS = ("topics", "producer", "worker", "monitor", "awssim", "demo-topics", "demo-producer", "demo-worker", "demo-monitor")
DAEMONS = ("producer", "worker", "monitor", "demo-producer", "demo-worker", "demo-monitor")
UID = 1234  # nobody's here: an image must not care
FIRST_TIME_S = 420  # the first test builds, if something has changed
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="building images without a container engine needs root"),
    pytest.mark.timeout(FIRST_TIME_S),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    return images.build(tmp_path_factory.mktemp("images") / "build.log")


# ---- the file ----


def test_the_compose_file_is_valid():
    done = subprocess.run([venv() / "bin" / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_program_runs_as_the_person_and_without_rights_and_comes_back_when_it_falls():
    services = Compose({"UID": "7", "GID": "8"}).services
    for name in PROGRAMS:
        s = services[name]
        assert s["user"] == "7:8" and s["read_only"] and s["cap_drop"] == ["ALL"], name
        assert s["restart"] == ("on-failure:5" if name.endswith("topics") else "unless-stopped"), name
    assert Compose().services["worker"]["user"] == "1000:1000"
    for name in (*DAEMONS, "awssim", "kafka", "redis"):
        assert services[name]["healthcheck"]["test"][0] == "CMD", name


def test_a_stop_of_the_containers_lets_the_programs_drain():
    for name in DAEMONS:
        compose = Compose()
        drain_s = seconds(compose.environment(name)["EC2SCHED_DRAIN_TIMEOUT"])
        assert drain_s == 25 and seconds(compose.services[name]["stop_grace_period"]) >= drain_s + 2


def test_the_demo_and_the_account_share_no_service_and_no_log():
    compose = Compose()
    assert set(compose.active()) == {"kafka", "redis", "topics", "producer", "worker", "monitor"}
    demo = set(compose.active("demo"))
    assert demo == {"kafka", "redis", "awssim", "demo-topics", "demo-producer", "demo-worker", "demo-monitor"}
    for name in demo & set(DAEMONS):
        assert compose.environment(name)["EC2SCHED_KAFKA_PREFIX"] == "demo"
    for name in compose.active():
        assert "EC2SCHED_KAFKA_PREFIX" not in compose.environment(name)


def test_only_the_monitor_is_published_and_to_this_machine_alone():
    services = Compose().services
    assert {n for n, s in services.items() if s.get("ports")} == {"monitor", "demo-monitor"}
    for name in ("monitor", "demo-monitor"):
        assert services[name]["ports"] == ["127.0.0.1:9466:9466"]
        assert not [k for k in Compose({"AWS_SECRET_ACCESS_KEY": "x"}).environment("monitor") if k.startswith("AWS_")]
    assert Compose({"MONITOR_PORT": "80"}).services["monitor"]["ports"] == ["127.0.0.1:80:9466"]


def test_no_secret_of_an_account_stands_in_the_file_or_an_image(built):
    compose = Compose()
    for name in compose.active():
        assert not [k for k in compose.environment(name) if "KEY" in k or "SECRET" in k or "TOKEN" in k], name
    passed = Compose({"AWS_SECRET_ACCESS_KEY": "from the shell"}).environment("worker")
    assert passed["AWS_SECRET_ACCESS_KEY"] == "from the shell"
    for image in built.values():
        names = {word.split("=")[0] for word in images.config(image)["Env"]}
        assert names <= {"PATH", "HOME", "EC2SCHED_ADMIN_LISTEN"}, image


# ---- the images ----


def test_a_health_check_of_an_image_is_the_files_own(built):
    for name in ("producer", "worker", "monitor"):
        assert images.config(built[name])["Healthcheck"]["Test"] == Compose().services[name]["healthcheck"]["test"]


# ---- the services, running ----


def kafka_settings(service):
    """As the image's own start turns variables into properties; the addresses are the test's."""
    found = {}
    for key, value in service["environment"].items():
        name = key.removeprefix("KAFKA_").lower().replace("_", ".")
        if not any(word in name for word in ("listener", "voters", "log.dirs", "node.id", "roles")):
            found[name] = value
    return found


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("s")
    compose = Compose()
    settings = kafka_settings(compose.services["kafka"])
    assert settings["auto.create.topics.enable"] == "false"
    program, *words = compose.services["redis"]["command"]
    assert program == "redis-server"
    redis = {k.removeprefix("--"): v or '""' for k, v in zip(words[::2], words[1::2], strict=True)}
    assert redis["maxmemory-policy"] == "noeviction"
    with KafkaServer(folder, settings=settings) as kafka, RedisServer(folder, port=True, settings=redis) as server:
        yield {"kafka:9092": kafka.bootstrap, "redis:6379": f"127.0.0.1:{server.port}"}


@pytest.fixture(scope="module")
def demo(built, servers, tmp_path_factory):
    """`docker compose --profile demo up`, in the order of depends_on."""
    aws = free_port()
    moved = {**servers, "awssim:4566": f"127.0.0.1:{aws}", "4566": str(aws), "0.0.0.0": "127.0.0.1"}
    fleet = Fleet(Compose({"UID": str(UID), "GID": str(UID)}), built, tmp_path_factory.mktemp("d"), moved)
    try:
        fleet.url = f"http://127.0.0.1:{aws}"
        fleet.aws = Awssim.__new__(Awssim)
        fleet.aws.url = fleet.url
        fleet.until_healthy(fleet.start("awssim"))
        fleet.topics = fleet.job("demo-topics")
        count = fleet.compose.services["demo-worker"]["scale"]
        fleet.producer = fleet.start("demo-producer")
        fleet.workers = [fleet.start("demo-worker", n + 1) for n in range(count)]
        fleet.monitor = fleet.start("demo-monitor")
        for daemon in (fleet.producer, *fleet.workers, fleet.monitor):
            fleet.until_healthy(fleet.ready(daemon))
        yield fleet
    finally:
        fleet.close()


def steps_of_shop(action):
    scenario = json.loads((ROOT / "deploy" / "sample" / "aws.json").read_text())
    tiers = next(t["rows"] for t in scenario["tables"] if t["name"] == "TierSpecification")
    numbers = {}
    for tier in tiers:
        ids = [i["id"] for i in scenario["instances"] if i["tags"].get("Role") == tier["TierTagValue"]]
        numbers.setdefault(int(tier[action]["TierSequence"]), []).extend(ids)
    aside = {i["id"] for i in scenario["instances"] if i.get("agent", {}).get("files")}
    return [numbers[n] for n in sorted(numbers)], aside


@pytest.mark.parametrize("target", images.PROGRAMS)
def test_an_image_is_small_and_holds_the_command_line_and_all_zones(demo, built, target):
    size = images.size_of(built[target])
    print(f"{target}: {size / 1e6:.1f} MB")
    assert size <= SIZE_MAX
    root = demo.rootfs[built[target]].files()
    for path in ("usr/bin/ec2sched", "usr/share/zoneinfo/Europe/Berlin", "usr/share/zoneinfo/US/Eastern", "etc/ssl/certs/ca-certificates.crt"):
        assert (root / path).is_file(), path
    assert "trixie" in (root / "etc/os-release").read_text()
    assert not any((root / "var/lib/apt/lists").glob("*_Packages*"))
    for folder in ("doc", "man", "locale"):
        assert not [p for p in (root / "usr/share" / folder).rglob("*") if p.is_file() and p.name != "copyright"], folder


def test_the_init_job_says_how_many_replicas_and_that_one_broker_is_few(demo):
    log = demo.topics.log()
    assert "replication 1: a lost broker can lose the log; production wants 3" in log
    again = demo.job("demo-topics").log()  # each `up` runs it: nothing changes
    assert "demo.events.v1" in again and "ok" in again


def test_the_demo_stops_its_shop_in_order_by_exec_in_the_producer(demo):
    stop = demo.producer.exec("ec2sched", "stop", "shop", "--yes", "--wait", "--timeout", "60s", "--run", "s1")
    assert stop.returncode == 0, stop.stdout + stop.stderr
    steps, aside = steps_of_shop("TierStop")
    assert len(steps) == 3 and violations(demo.aws.calls(), steps, "stopped", aside=aside) == []
    states = {i: v["state"] for i, v in demo.aws.instances().items()}
    assert {states[i] for step in steps for i in step if i not in aside} == {"stopped"}
    assert {states[i] for i in aside} == {"running"}


def test_the_monitor_tells_of_the_run(demo):
    port = demo.monitor.inside["EC2SCHED_ADMIN_LISTEN"].rsplit(":", 1)[1]
    told = wait_until(lambda: [r for r in json.loads(demo.monitor.wait_for_http(f"http://127.0.0.1:{port}/v1/runs"))["runs"] if r["ended"]], "a run that ended", 20)
    assert [(r["workload"], r["run"], r["result"]) for r in told] == [("shop", "s1", "succeeded")]


def test_each_image_runs_the_command_line_as_any_user(demo, built):
    for one in (demo.producer, demo.workers[0], demo.monitor):
        done = one.exec("ec2sched", "--version")
        assert done.returncode == 0 and done.stdout.startswith("ec2sched "), done.stderr
        who = one.exec("id", "-u")
        assert who.stdout.strip() == str(UID)


def joined(text):
    return int(re.search(r"^ec2sched_worker_records_total (\d+)$", text, re.MULTILINE)[1]) > 0


def metrics(fleet, worker):
    port = worker.inside["EC2SCHED_ADMIN_LISTEN"].rsplit(":", 1)[1]
    return worker.wait_for_http(f"http://127.0.0.1:{port}/metrics").decode()


def test_a_worker_more_takes_its_share_and_one_less_drains_in_its_grace(demo):
    third = demo.ready(demo.start("demo-worker", 3))
    actions = itertools.cycle(("start", "stop"))

    def run_and_look():
        done = demo.producer.exec("ec2sched", next(actions), "shop", "--yes", "--wait", "--timeout", "60s")
        assert done.returncode == 0, done.stdout + done.stderr
        return joined(metrics(demo, third))

    wait_until(run_and_look, "the third worker to be given jobs", 60)
    first = demo.workers[0]
    assert first.terminate(seconds(first.service["stop_grace_period"])) == 0, first.tail()
    assert "event=worker.end" in first.log()


def test_a_probe_of_a_program_that_is_gone_fails(demo):
    worker = demo.ready(demo.start("demo-worker", 4))
    assert demo.healthy(worker)
    worker.kill()
    assert not demo.healthy(worker)


# ---- one's own account ----


@pytest.fixture
def account(built, servers, tmp_path):
    """fleet(variables, keys): the services for an account, whose AWS is a simulator that the shell names."""
    fleets = []

    def begin(keys=True, **variables):
        home = tmp_path / "home"
        (home / ".aws").mkdir(parents=True)
        if keys:
            secrets = home / ".aws" / "credentials"
            secrets.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
            os.chown(secrets, UID, UID)
            secrets.chmod(0o600)
        variables = {"HOME": str(home), "UID": str(UID), "GID": str(UID), **variables}
        fleets.append(Fleet(Compose(variables), built, tmp_path, {**servers, "0.0.0.0": "127.0.0.1"}))
        return fleets[-1]

    yield begin
    for fleet in fleets:
        fleet.close()


def test_a_persons_own_files_open_the_account(account, demo):
    fleet = account(AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=demo.url)
    fleet.job("topics")
    producer, worker = fleet.start("producer"), fleet.start("worker")
    for daemon in (producer, worker):
        assert "account=" in daemon.wait_for_log(r"event=aws\.ready .*", 30)[0]
        fleet.until_healthy(fleet.ready(daemon))
    told = producer.exec("ec2sched", "list")
    assert told.returncode == 0 and "shop" in told.stdout, told.stdout + told.stderr
    assert producer.terminate(seconds(producer.service["stop_grace_period"])) == 0, producer.tail()


def test_without_credentials_one_line_says_so(account):
    fleet = account(keys=False, AWS_REGION="eu-west-1", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    for name in ("producer", "worker"):
        lines = fleet.start(name).wait_for_log(r"event=aws\.unusable .*", 30)[0]
        assert "credentials" in lines and "remedy=" in lines, lines


def test_a_region_that_does_not_exist_is_named_in_one_line(account):
    fleet = account(AWS_REGION="eu-wset-1")
    for name in ("producer", "worker"):
        line = fleet.start(name).wait_for_log(r"event=aws\.unusable .*", 60)[0]
        assert "eu-wset-1" in line and "AWS_REGION" in line, line


def test_a_port_in_use_is_named_in_one_line_and_ends_the_program(account, demo):
    fleet = account(AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=demo.url)
    taken = demo.producer.inside["EC2SCHED_ADMIN_LISTEN"]
    for name in ("producer", "worker"):
        one = fleet.container(name)
        one.inside["EC2SCHED_ADMIN_LISTEN"] = taken
        one.argv = one._words(one.command)
        assert one.start().wait(20) != 0
        said = [line for line in one.log().splitlines() if line.startswith(f"ec2sched-{name}:")]
        assert said == [f"ec2sched-{name}: admin.listen {taken}: cannot listen there: is the port taken?"]
