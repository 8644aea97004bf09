"""Records and topics that are not what they should be: each is told, none stops the rest."""

import hashlib
import json
import re
import urllib.request

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from stack import Stack
from test_order import WEB, scenario

from lib.process import Process, wait_until


@pytest.fixture
def stack(tmp_path, bin_dir, kafka, redis_server):
    with Stack(tmp_path, bin_dir, kafka, redis_server, scenario(), partitions=1, jobs_partitions=1) as s:
        yield s


def put(kafka, topic, value, key=None):
    errors = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 4_000_000})
    producer.produce(topic, value=value, key=key, partition=0, on_delivery=lambda e, _: errors.append(e))
    assert producer.flush(20) == 0
    assert errors == [None]


def widen(kafka, topic):
    """Lets the topic take records of 4 MB, as somebody else's settings may."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"max.message.bytes": "4000000"})
    for done in admin.alter_configs([resource]).values():
        done.result()


def read_all(kafka, topic, partitions, n, timeout_s=20):
    """The first n values of a topic, whatever their partition."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "look", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    values = []

    def more():
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            values.append(message)
        return len(values) >= n

    try:
        wait_until(more, f"{n} records of {topic}", timeout_s)
    finally:
        consumer.close()
    return values


JUNK = [
    b"", b"no JSON", b"{", b"[]", b"{}", b"\xff\xfe", b'{"v":1}', b'{"v":1,"type":"JobTerminal"}',
    json.dumps({"v": 1, "type": "RunRequested", "workload": "somebody|else", "run": "r"}).encode(),
    json.dumps({"v": 1, "type": "TierPlanned", "workload": "shop", "epoch": "0:0:0", "step": 10**9}).encode(),
]  # fmt: skip


def test_junk_on_the_log_is_passed_over_and_the_next_run_works(stack, kafka):
    for value in JUNK:
        put(kafka, f"{stack.prefix}.events.v1", value)
        put(kafka, f"{stack.prefix}.events.v1", value, key=b"shop")
    widen(kafka, f"{stack.prefix}.events.v1")
    put(kafka, f"{stack.prefix}.events.v1", b'{"v":1,"type":"' + b"x" * 2_000_000 + b'"}', key=b"shop")
    done = stack.cli("stop", "shop", "--yes", "--tier", "Role_Web", "--run", "after", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(stack.aws.states()[i] == "stopped" for i in WEB)


def test_junk_on_the_jobs_topic_goes_to_the_dead_letters_and_its_partition_moves_on(stack, kafka):
    for value in JUNK:
        put(kafka, f"{stack.prefix}.jobs.v1", value)
    done = stack.cli("stop", "shop", "--yes", "--tier", "Role_Web", "--run", "after", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    letters = read_all(kafka, f"{stack.prefix}.dlq.v1", 3, len(JUNK))
    assert sorted(m.value() or b"" for m in letters) == sorted(JUNK)
    headers = dict(letters[0].headers())
    assert headers["x-topic"] == f"{stack.prefix}.jobs.v1".encode() and headers["x-err"]


@pytest.mark.parametrize("size, wide", [(900_008, False), (2_000_000, True)])
def test_a_dead_letter_that_its_topic_does_not_take_is_cut_and_says_where_the_whole_is(stack, kafka, size, wide):
    jobs, dlq = f"{stack.prefix}.jobs.v1", f"{stack.prefix}.dlq.v1"
    if wide:
        widen(kafka, jobs)
    big = b'{"v":1,"type":"' + b"x" * (size - 17) + b'"}'
    put(kafka, jobs, big)
    done = stack.cli("stop", "shop", "--yes", "--tier", "Role_Web", "--run", "after", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    (letter,) = read_all(kafka, dlq, 3, 1)
    headers = dict(letter.headers())
    assert headers["x-topic"] == jobs.encode() and headers["x-off"] == b"0" and headers["x-err"]
    if not wide:
        assert letter.value() == big and "x-cut" not in headers  # it fits, whole
        return
    assert letter.value() == big[: int(headers["x-cut"])] and letter.value()
    assert headers["x-size"] == str(size).encode()
    assert headers["x-sha256"] == hashlib.sha256(big).hexdigest().encode()


def test_a_large_dead_letter_is_whole_where_its_topic_takes_it(stack, kafka):
    for topic in ("jobs", "dlq"):
        widen(kafka, f"{stack.prefix}.{topic}.v1")
    big = b"x" * 2_000_000
    put(kafka, f"{stack.prefix}.jobs.v1", big)
    (letter,) = read_all(kafka, f"{stack.prefix}.dlq.v1", 3, 1)
    assert letter.value() == big and "x-cut" not in dict(letter.headers())


@pytest.mark.parametrize("kind", ["producer", "worker"])
def test_a_log_with_another_number_of_partitions_is_refused_with_the_remedy(kind, tmp_path, bin_dir, kafka, redis_server):
    stack = Stack(tmp_path, bin_dir, kafka, redis_server, scenario(), partitions=2, jobs_partitions=4)
    made = stack.cli("topics", "create", env={"EC2SCHED_KAFKA_LOG_PARTITIONS": "6"})
    assert made.returncode == 0, made.stdout + made.stderr
    with Process([bin_dir / f"ec2sched-{kind}"], cwd=tmp_path, env=stack.env) as daemon:
        daemon.wait_for_log(f"{stack.prefix}.events.v1.*6 partitions.*topics create", timeout_s=20)
        wait_until(lambda: not daemon.is_running() or not ready(daemon), "it not to be ready")


def ready(daemon):
    """Does its admin address say that it is?"""
    port = re.search(r"event=admin\.listen .*port=(\d+)", daemon.log()).group(1)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False
