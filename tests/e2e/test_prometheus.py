"""A real Prometheus, with the configuration and the rules of deploy/, over a stack whose nightly stop cannot end well."""

import re
import urllib.request
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from stack import Stack
from test_monitor import Monitor
from test_schedules import table
from workloads import Workload, scenario

from lib.process import wait_until
from lib.prometheus import Prometheus, promtool
from lib.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
SERIES_MAX = 400  # of one process in this stack: nothing grows with instances
TICK_S = 100  # the schedule's minute, its run, and a scrape behind it

W = {
    "night": Workload("night").tier("a", 2, stop=0, machine=[{"stop_protected": True}, {}]).tier("b", 1, stop=1),
    "shop": Workload("shop").tier("a", 3, stop=0).tier("b", 2, stop=1),
}
EVERY_MINUTE = {"SpecName": "night", "ScheduleName": "s", "Action": "stop", "TimeZone": "UTC", "Cron": "* * * * *"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, bin_dir, kafka):
    told = scenario(list(W.values()))
    told["tables"].append(table([EVERY_MINUTE]))
    with RedisServer(tmp_path_factory.mktemp("r"), port=True) as redis:
        with Stack(tmp_path_factory.mktemp("stack"), bin_dir, kafka, redis, told, producers=2) as s:
            yield s


@pytest.fixture(scope="module")
def monitor(stack):
    with Monitor(stack, "monitor").up() as m:
        yield m


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, stack, monitor):
    """deploy/prometheus.yml and deploy/alerts.yml as they are, but for the targets, the pace, and the hour that a stop may take."""
    folder = tmp_path_factory.mktemp("prometheus")
    yaml = YAML(typ="safe")
    config = yaml.load(ROOT / "deploy" / "prometheus.yml")
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    daemons = {"ec2sched-producer": stack.producers, "ec2sched-worker": stack.workers, "ec2sched-monitor": [monitor]}
    assert [job["job_name"] for job in config["scrape_configs"]] == list(daemons)
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{d.wait_for_port()}" for d in daemons[job["job_name"]]]}]
    (folder / "prometheus.yml").write_text("")
    yaml.dump(config, folder / "prometheus.yml")
    alerts = (ROOT / "deploy" / "alerts.yml").read_text()
    assert alerts.count('{action="stop"} > 3600)') == 1
    (folder / "alerts.yml").write_text(alerts.replace('{action="stop"} > 3600)', '{action="stop"} > 0)'))
    with Prometheus(folder, folder / "prometheus.yml") as server:
        wait_until(lambda: set(server.targets().values()) == {"up"}, "all targets to be up", timeout_s=30)
        yield server


def page(daemon):
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.wait_for_port()}/metrics", timeout=5) as reply:
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        return reply.read().decode()


def test_the_alarm_of_a_workload_that_should_be_down_and_of_its_halted_run_fire(stack, prometheus):
    assert stack.cli("stop", "shop", "--yes", "--wait").returncode == 0
    wanted = {"Ec2schedRunHalted", "Ec2schedWorkloadNotDown"}
    wait_until(lambda: wanted <= set(prometheus.firing()), f"{wanted} to fire", timeout_s=TICK_S)
    firing = prometheus.firing()
    assert set(firing) == wanted  # and no other: everything else is well
    down = firing["Ec2schedWorkloadNotDown"]
    assert down["labels"] == {"alertname": "Ec2schedWorkloadNotDown", "severity": "critical", "workload": "night"}
    assert down["annotations"]["summary"] == "Workload night should be down and is not"
    assert "ec2sched runs night" in down["annotations"]["remedy"]
    assert firing["Ec2schedRunHalted"]["labels"]["action"] == "stop"


def test_what_the_stack_did_stands_in_the_series(stack, prometheus):
    def value(expression):
        found = prometheus.query(expression)
        return found[0][1] if found else None

    shop = len(W["shop"].machines)
    # a job more than the shop's: the schedule's stops of the other member of its tier may have ended by now
    wait_until(lambda: (value('sum(ec2sched_producer_members_total{action="stop",outcome="done"})') or 0) >= shop, "the members to be scraped", timeout_s=10)
    assert value('sum(ec2sched_producer_runs_finished_total{action="stop",result="succeeded"})') == 1
    assert value('sum(ec2sched_producer_members_total{cause="stop-protected",outcome="failed"})') >= 1
    assert value('sum(ec2sched_producer_step_duration_seconds_count{action="stop"})') >= 2  # both steps of the shop
    assert value('sum(ec2sched_producer_member_duration_seconds_count{action="stop"})') >= shop
    assert value('sum(ec2sched_aws_requests_total{job="ec2sched-worker",operation="StopInstances",result="ok"})') >= 2
    assert value('sum(ec2sched_aws_requests_total{job="ec2sched-producer",operation="DescribeInstances",result="ok"})') >= 2
    assert value('sum(ec2sched_aws_request_duration_seconds_count{service="ec2"})') > 0
    assert value('sum(ec2sched_producer_partitions{state="lead"})') == 2
    assert value("max(ec2sched_producer_view_age_seconds)") < 5
    assert value("sum(ec2sched_producer_jobs)") is not None
    assert value("max(ec2sched_producer_next_tick_timestamp_seconds) - time()") < 61
    assert value("sum(ec2sched_producer_ready) + sum(ec2sched_worker_ready)") == 3
    assert value('sum(ec2sched_monitor_runs{result="succeeded"})') == 1


def test_promtool_finds_nothing_to_say_about_the_pages_and_no_label_names_an_instance(stack, monitor, prometheus):
    for daemon in [*stack.producers, *stack.workers, monitor]:
        text = page(daemon)
        assert promtool("check", "metrics", stdin=text) == (0, "")
        samples = [line for line in text.splitlines() if not line.startswith("#")]
        assert len(samples) < SERIES_MAX, len(samples)
        assert not re.search(r'="i-[0-9a-f]+|="\d+:\d+:\d+', "\n".join(samples))
    assert promtool("check", "metrics", stdin="# TYPE a_ms counter\na_ms 1\n")[0] != 0  # it would say something


def test_prometheus_knows_each_metric_as_its_page_tells_it(stack, prometheus):
    told = re.findall(r"^\| `(ec2sched_\w+)` \| (\w+) \| [^|]* \| (.*) \|$", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    known = {name: (m[0]["type"], m[0]["help"]) for name, m in prometheus.ask("metadata").items()}
    assert len(told) > 60
    assert {name: known.get(name) for name, _, _ in told} == {name: (kind, words) for name, kind, words in told}
