"""The servers that other tests stand on: real, alone, and gone afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from lib.kafka import KafkaServer
from lib.process import Process, Timeout, listens, wait_until
from lib.redis_server import RedisServer


def append(bootstrap, topic, value):
    reports = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "message.timeout.ms": 30000})
    producer.produce(topic, value, on_delivery=lambda err, msg: reports.append((err, msg.offset())))
    assert producer.flush(30) == 0
    assert reports[0][0] is None, reports
    return reports[0][1]


def read_one(bootstrap, topic):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        record = wait_until(lambda: consumer.poll(0.2), "one record", 30)
        assert record.error() is None
        return record.value()
    finally:
        consumer.close()


def test_a_kafka_starts_with_10_seconds_of_cpu_and_hands_out_the_record_it_acknowledged(kafka):
    print(f"kafka: ready after {kafka.took_s:.1f} s, {kafka.cpu_s:.1f} s of CPU")
    assert kafka.cpu_s < 10  # CPU, since the time on the wall is the machine's other work, too
    kafka.create_topic("events")
    assert append(kafka.bootstrap, "events", b"one") == 0
    assert read_one(kafka.bootstrap, "events") == b"one"


def test_a_topic_that_nobody_created_is_not_there(kafka):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    asked = admin.list_topics("misspelt", timeout=10).topics["misspelt"]  # asking by name is what would create it
    assert asked.error is not None
    assert "misspelt" not in admin.list_topics(timeout=10).topics


def test_three_brokers_make_a_cluster_that_survives_the_loss_of_one(kafka_cluster):
    kafka_cluster.create_topic("safe")
    kafka_cluster.brokers[2].kill()
    assert append(kafka_cluster.bootstrap, "safe", b"still") == 0
    kafka_cluster.brokers[2].restart()
    assert read_one(kafka_cluster.bootstrap, "safe") == b"still"


def test_the_older_kafka_that_we_support_starts_too(tmp_path):
    with KafkaServer(tmp_path, version="3.9.1") as kafka:
        kafka.create_topic("events")
        append(kafka.bootstrap, "events", b"older")
        assert read_one(kafka.bootstrap, "events") == b"older"


def test_a_killed_broker_comes_back_with_what_it_acknowledged(tmp_path):
    with KafkaServer(tmp_path) as kafka:
        kafka.create_topic("events")
        append(kafka.bootstrap, "events", b"kept")
        kafka.brokers[0].restart()
        assert read_one(kafka.bootstrap, "events") == b"kept"


def test_redis_answers_runs_a_script_and_keeps_what_appendonly_always_wrote(tmp_path):
    with RedisServer(tmp_path, appendonly="always") as server:
        client = server.client()
        assert int(client.info("server")["redis_version"].split(".")[0]) >= 7
        assert client.eval("return redis.call('INCR', KEYS[1])", 1, "n") == 1
        server.restart()
        assert server.client().get("n") == b"1"


def test_redis_listens_on_a_port_when_asked_and_wants_its_password(tmp_path):
    with RedisServer(tmp_path, port=True, password="a-secret") as server:
        assert redis.Redis(port=server.port, password="a-secret").ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)).ping()
        assert "a-secret" not in Path(f"/proc/{server.pid}/cmdline").read_text()


def test_a_stopped_redis_hangs_and_goes_on(redis_server):
    redis_server.stop()
    with pytest.raises(redis.TimeoutError):
        redis_server.client(socket_timeout=0.2).ping()
    redis_server.go_on()
    assert redis_server.client(socket_timeout=5).ping()


def test_a_process_tells_its_port_by_a_line_of_its_log(tmp_path):
    code = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler); " + (
        "print(f'event=admin.listen address=127.0.0.1 port={s.server_port}', flush=True); s.serve_forever()"
    )
    with Process([sys.executable, "-c", code], cwd=tmp_path, name="web") as web:
        port = web.wait_for_port()
        assert b"web.1.log" in web.wait_for_http(f"http://127.0.0.1:{port}/")
        assert web.terminate() == -signal.SIGTERM
    assert not listens(port)


def test_waiting_for_a_line_fails_at_once_when_the_process_has_ended(tmp_path):
    started = time.monotonic()
    with Process([sys.executable, "-c", "print('the end')"], cwd=tmp_path, name="short") as short:
        with pytest.raises(AssertionError, match="the end"):
            short.wait_for_log("never written", timeout_s=60)
    assert time.monotonic() - started < 30


def test_a_process_that_ignores_sigterm_is_killed_and_that_is_a_failure(tmp_path):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with Process([sys.executable, "-c", code], cwd=tmp_path, name="deaf") as deaf:
        deaf.wait_for_log("up")
        with pytest.raises(Timeout):
            deaf.terminate(timeout_s=0.3)
        assert not deaf.is_running()


def test_no_process_survives_a_test_runner_that_was_killed(tmp_path):
    tests = Path(__file__).resolve().parents[1]
    code = f"""
import sys, time
sys.path.insert(0, {str(tests)!r})
from lib.redis_server import RedisServer
server = RedisServer({str(tmp_path)!r}).start()
print("pid", server.pid, flush=True)
time.sleep(60)
"""
    with Process([sys.executable, "-c", code], cwd=tmp_path, name="runner") as runner:
        pid = int(runner.wait_for_log(r"pid (\d+)", 30).group(1))
        os.kill(runner.pid, signal.SIGKILL)  # the runner alone: nobody is there to clean up
        runner.popen.wait()
        wait_until(lambda: not alive(pid), f"the end of {pid}", 10)


def alive(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")
