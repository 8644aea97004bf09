"""ec2sched-monitor on a real log: the same answers as the command line's, events as they come, and nothing lost when it dies."""

import http.client
import json
import signal
import threading
import urllib.error
import urllib.request

import pytest
from stack import Stack
from workloads import Workload, scenario

from lib.kafka import KafkaServer
from lib.process import Process, wait_until

CLIENTS_MAX = 32  # STREAMS_MAX


class Monitor(Process):
    def __init__(self, stack, name, *options):
        env = {k: str(v) for k, v in stack.env.items() if not k.startswith("AWS_")}
        env["EC2SCHED_REDIS_URL"] = "redis://127.0.0.1:1/0"  # nobody's: it asks neither Redis nor AWS
        super().__init__([stack.bin / "ec2sched-monitor", *options], cwd=stack.folder, name=name, env=env)

    def up(self):
        self.start()
        self.url = f"http://127.0.0.1:{self.wait_for_port()}"
        self.wait_for_http(f"{self.url}/readyz", timeout_s=30)
        return self

    def get(self, path, status=200):
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as reply:
                code, kind, text = reply.status, reply.headers["Content-Type"], reply.read()
        except urllib.error.HTTPError as e:
            code, kind, text = e.code, e.headers["Content-Type"], e.read()
        assert code == status, (code, text)
        assert kind == "application/json", kind
        return json.loads(text)

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("ec2sched_monitor_" + name)}

    def run(self, name):
        """What it tells of a run; None: nothing."""
        try:
            return self.get(f"/v1/runs/{name}")
        except AssertionError:
            return None

    def until_ended(self, name):
        return wait_until(lambda: (found := self.run(name)) and found["result"] and found, f"{name} to end", 60)


class Events:
    """A client of /v1/events: what it was told, each event a dictionary of its lines."""

    def __init__(self, monitor, path="/v1/events", last=None):
        self.heard, self.over = [], False
        host, port = monitor.url.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)
        self.connection.request("GET", path, headers={"Last-Event-ID": last} if last else {})
        self.reply = self.connection.getresponse()
        assert (self.reply.status, self.reply.headers["Content-Type"]) == (200, "text/event-stream")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        one = {}
        try:
            for line in self.reply:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    one[name] = value
                elif one:
                    self.heard.append(one)
                    one = {}
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.over = True

    def records(self):
        return [(e["id"], json.loads(e["data"])) for e in self.heard if "id" in e]

    def places(self):
        return [i.rpartition(":")[0] for i, _ in self.records()]

    def until(self, condition, what):
        return wait_until(condition, f"{what} among {len(self.heard)} events", 30)

    def until_finished(self, run):
        self.until(lambda: any(r["type"] == "RunFinished" and r.get("run") == run for _, r in self.records()), f"the end of {run}")


def without_as_of(document):
    assert document.pop("as_of").endswith("Z")
    return document


SHOP = [Workload("shop").tier("web", 2, stop=0, start=1).tier("db", 1, stop=1, start=0), Workload("other").tier("one", 1, stop=0, start=0)]


@pytest.fixture(scope="module")
def stack(bin_dir, kafka, tmp_path_factory, redis_of_module):
    with Stack(tmp_path_factory.mktemp("m"), bin_dir, kafka, redis_of_module, scenario(SHOP)) as stack:
        yield stack


@pytest.fixture(scope="module")
def redis_of_module(tmp_path_factory):
    import tempfile

    from lib.redis_server import RedisServer

    with tempfile.TemporaryDirectory(prefix="e2s-") as folder, RedisServer(folder) as server:
        yield server


def do(stack, action, workload, run):
    done = stack.cli(action, workload, "--yes", "--wait", "--run", run, "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_tells_what_the_command_line_tells_and_the_same_again_after_a_kill_and_beside_another(stack):
    with Monitor(stack, "first").up() as first:
        live = Events(first)
        do(stack, "stop", "shop", "s1")
        do(stack, "stop", "other", "o1")
        first.until_ended("shop@s1")
        first.until_ended("other@o1")
        told = without_as_of(first.get("/v1/runs"))
        assert told == stack.read("runs")
        assert {r["run"] for r in told["runs"]} == {"s1", "o1"}
        shown = without_as_of(first.get("/v1/runs/shop@s1"))
        assert shown == stack.read("show", "shop@s1")
        assert {m["outcome"] for m in shown["members"]} == {"done"} and shown["partial"] is False
        assert without_as_of(first.get("/v1/runs?workload=other&limit=5")) == stack.read("runs", "other")
        live.until_finished("s1")
        live.until_finished("o1")
        types = [r["type"] for _, r in live.records() if r.get("workload") == "shop"]
        assert types[:2] == ["RunRequested", "RunAccepted"] and types[-1] == "RunFinished" and "JobTerminal" in types
        assert any(e.get("event") == "progress" for e in live.heard)
        with Monitor(stack, "second").up() as second:
            for path in ("/v1/runs", "/v1/runs/shop@s1", "/v1/workloads"):
                assert without_as_of(second.get(path)) == without_as_of(first.get(path)), path
        first.kill()
        first.up()
        assert without_as_of(first.get("/v1/runs")) == told
        assert without_as_of(first.get("/v1/runs/shop@s1")) == shown


def test_a_client_goes_on_behind_its_last_event_exactly_and_is_told_of_a_gap_where_that_cannot_be(stack):
    with Monitor(stack, "monitor").up() as monitor:
        whole = Events(monitor)
        do(stack, "start", "shop", "s2")
        whole.until_finished("s2")
        records = whole.records()
        cut = records[len(records) // 2][0]
        again = Events(monitor, last=cut)
        again.until_finished("s2")
        assert [i for i, _ in again.records()] == [i for i, _ in records][len(records) // 2 + 1 :]
        assert not [e for e in again.heard if e.get("event") == "gap"]
        monitor.kill()
        monitor.up()
        mine = Events(monitor, "/v1/events?workload=shop", last=cut)  # one workload has one order everywhere
        mine.until_finished("s2")
        assert mine.places() == [i.rpartition(":")[0] for i, _ in records][len(records) // 2 + 1 :]
        assert not [e for e in mine.heard if e.get("event") == "gap"]
        all_ = Events(monitor, last=cut)
        all_.until_finished("s2")
        assert [e.get("event") for e in all_.heard[:2]] == [None, "gap"] and "retry" in all_.heard[0]
        assert set(mine.places()) <= set(all_.places())
        assert cut.rpartition(":")[0] not in all_.places()


def test_clients_are_bounded_and_let_go_at_the_end(stack):
    with Monitor(stack, "monitor").up() as monitor:
        clients = [Events(monitor) for _ in range(CLIENTS_MAX)]
        refused = monitor.get("/v1/events", status=503)
        assert refused["error"]["kind"] == "unavailable" and "32 clients" in refused["error"]["message"]
        monitor.wait_for_http(f"{monitor.url}/readyz")  # probes have their own room
        assert monitor.metric("event_clients")["ec2sched_monitor_event_clients"] == CLIENTS_MAX
        clients[0].connection.sock.shutdown(2)
        wait_until(lambda: monitor.metric("event_clients ")["ec2sched_monitor_event_clients"] == CLIENTS_MAX - 1, "one to be gone", 30)
        assert monitor.terminate() == 0
        wait_until(lambda: all(c.over for c in clients), "all to be let go", 10)
        assert "event=monitor.end" in monitor.log()


def test_what_cannot_be_is_said_in_json_with_a_remedy(stack):
    with Monitor(stack, "monitor").up() as monitor:
        for path, status, kind in (
            ("/v1/runs/shop@none", 404, "not-found"), ("/v1/runs/shop", 400, "usage"), ("/v1/runs?limit=0", 400, "usage"),
            ("/v1/runs?limit=1&limit=2", 400, "usage"), ("/v1/runs?workloads=shop", 400, "usage"), ("/v1/nothing", 404, "not-found"),
            ("/v1/events?since=1", 400, "usage"),
        ):  # fmt: skip
            document = monitor.get(path, status)
            assert document["v"] == 1 and document["error"]["kind"] == kind and document["error"]["remedy"], path
        health = Process([stack.bin / "ec2sched-monitor", "--health", "--admin.listen", monitor.url.removeprefix("http://")], cwd=stack.folder)
        assert health.start().wait() == 0, health.log()


def test_it_joins_no_group_and_writes_no_record(stack, kafka):
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import AdminClient

    topics = [f"{stack.prefix}.{t}.v1" for t in ("events", "jobs", "snap", "progress", "dlq")]

    def ends():
        reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "nobody", "enable.auto.commit": False})
        try:
            found = reader.list_topics(timeout=10).topics
            return {(t, p): reader.get_watermark_offsets(TopicPartition(t, p), timeout=10)[1] for t in topics for p in found[t].partitions}
        finally:
            reader.close()

    def groups():
        return {g.group_id for g in AdminClient({"bootstrap.servers": kafka.bootstrap}).list_consumer_groups().result(timeout=10).valid}

    before, known = ends(), groups()
    with Monitor(stack, "monitor").up() as monitor:
        assert monitor.get("/v1/runs")["v"] == 1
        assert groups() <= known | {"nobody"}
        assert monitor.terminate() == 0
    assert ends() == before


def test_it_survives_a_restart_of_the_broker_and_says_meanwhile_that_it_is_stale(bin_dir, redis_server, tmp_path):
    (tmp_path / "k").mkdir()
    with KafkaServer(tmp_path / "k") as own, Stack(tmp_path, bin_dir, own, redis_server, scenario(SHOP)) as stack:
        with Monitor(stack, "monitor").up() as monitor:
            do(stack, "stop", "shop", "before")
            monitor.until_ended("shop@before")
            client = Events(monitor, "/v1/events?workload=shop")
            own.brokers[0].kill()
            monitor.wait_for_http(f"{monitor.url}/readyz", status=503, timeout_s=45)
            assert monitor.get("/v1/runs")["known"] == 1  # what it knows it tells, with the moment of it
            own.brokers[0].restart()
            monitor.wait_for_http(f"{monitor.url}/readyz", timeout_s=60)
            wait_until(lambda: stack.cli("start", "shop", "--yes", "--wait", "--run", "after", "--timeout", "60s").returncode == 0,
                       "a run after the restart", 100)  # fmt: skip
            assert monitor.until_ended("shop@after")["result"] == "succeeded"
            client.until_finished("after")
            monitor.signal(signal.SIGTERM)
            assert monitor.wait() == 0
