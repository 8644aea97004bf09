"""Other readers of the topics: what the pages promise them holds for every record of real runs, and the readers that the pages show work.

One stack makes as many kinds of record as can be had; each test looks at all of them.
"""

import copy
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from crew import Crew
from test_schedules import table
from workloads import ASK, Workload, scenario

from lib.process import wait_until
from lib.redis_server import RedisServer
from lib.schemas import closed, told, validators

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TOPICS = ("events", "progress", "jobs", "snap", "dlq")
# No program writes these yet: the tests append them, as the pages say.
BY_HAND = {"Pause", "Resume", "HoldSet", "HoldCleared"}
JUNK = b"\xff no job"
SLOW = {"start_ms": 40000, "stop_ms": 40000}
DENIED = {"error": {"code": "InvalidParameterValue", "status": 400, "message": "no"}}
KEPT = {"agent": {"os": "Linux", "files": [ASK["TierStopOverrideFilename"]]}}


def workloads():
    shop = Workload("shop", Owner="the shop's people", Description="sells", SSMS3BucketName="answers", SSMS3KeyPrefixName="ssm", VPC_ID=["vpc-11111111"])
    here = {"vpc": "vpc-11111111"}
    shop.tier("web", 3, stop=0, start=2, machine=[{**here, **KEPT}, here, here], stop_row={**ASK, "InterTierOrchestrationDelay": 1})
    shop.tier("app", 2, stop=1, start=1, sync=True, machine=here).tier("db", 1, stop=2, start=0, machine=here, start_row={"ReadyCheck": "status-ok"})
    return [
        shop,
        Workload("café").tier("a", 1, stop=0, start=0),
        Workload("off", DisableAllSchedulingActions="1").tier("a", 1, stop=0),
        Workload("fails", FailurePolicy="continue").tier("a", 2, stop=0, machine=[{"stop_protected": True}, {}]).tier("b", 1, stop=1),
        Workload("slow").tier("a", 1, stop=0, start=0, machine=SLOW).tier("b", 1, stop=1),
        Workload("unplanned", WorkloadRegion="us-west-2").tier("a", 1, stop=0, machine={"region": "us-west-2"}),
        Workload("sched").tier("a", 1, stop=0, start=0),
    ]


def schedule_row():
    """Two ticks, both in the past: one 8, one 4 minutes ago."""
    now = datetime.datetime.now(datetime.UTC)
    minutes = sorted((now - datetime.timedelta(minutes=m)).minute for m in (8, 4))
    return {"SpecName": "sched", "ScheduleName": "evening", "Action": "stop", "TimeZone": "UTC", "Cron": f"{minutes[0]},{minutes[1]} * * * *"}


def nobody_was_there(crew):
    """Schedules as after ten minutes without any producer."""
    marks = f"{{{crew.prefix}:0}}:sk"
    with crew.redis.client(decode_responses=True) as r:
        known = wait_until(lambda: [k for k in r.hkeys(marks) if k.startswith("sched|")], "the schedule to be known", 30)
        for producer in crew.producers:
            producer.kill()
        r.hset(marks, known[0], int((time.time() - 600) * 1000))


def play(crew):
    crew.go("stop", "shop", "down", "--reason", "night")
    crew.go("stop", "fails", "f")
    crew.go("stop", "unplanned", "u")
    crew.go("stop", "slow", "s1")
    crew.go("stop", "café", "c")
    assert crew.cli("stop", "off", "--yes").returncode == 3
    assert crew.cli("stop", "nobody", "--yes").returncode != 0
    crew.until_seen("StopInstances", [crew.w["slow"].machines[0]["id"]])
    crew.go("stop", "slow", "late", "--if-busy", "queue", "--expires", "1s")
    crew.go("start", "slow", "s2", "--if-busy", "supersede")
    crew.ended("slow", "s1", 1)
    crew.append("HoldSet", workload="slow", id="k1", hold="h1", scope={"tier": "b"}, until_ms=int(time.time() * 1000) + 600_000, who="ann@desk", reason="repair")
    crew.append("HoldCleared", workload="slow", id="k2", hold="h1", who="ann@desk")
    crew.ended("slow", "s2")
    crew.go("stop", "slow", "s3")
    crew.until_leased("slow")
    crew.append("Pause", workload="slow", run="s3", id="k3", who="ann@desk", reason="wait")
    crew.append("Resume", workload="slow", run="s3", id="k4", who="ann@desk")
    assert crew.cli("cancel", "slow@s3", "--reason", "not now").returncode == 0
    crew.ended("slow", "s3", 1)
    crew.ended("shop", "down")
    crew.go("start", "shop", "up")
    crew.put("jobs", JUNK)
    crew.ended("shop", "up")
    crew.ended("fails", "f", 1)
    crew.ended("unplanned", "u", 1)
    nobody_was_there(crew)
    crew.hire("producer")
    wait_until(lambda: any(r["type"] == "RunFinished" for r in values(crew, "events", "sched")), "the schedule's run", 40)
    wait_until(lambda: {m.key() for m in messages(crew, "snap")} >= {b"shop", b"sched"}, "snapshots", 30)
    wait_until(lambda: messages(crew, "dlq"), "a dead letter", 20)


def messages(crew, topic):
    """Everything that is in the topic now, each partition in its order."""
    name = f"{crew.prefix}.{topic}.v1"
    reader = Consumer({"bootstrap.servers": crew.kafka.bootstrap, "group.id": "look", "enable.auto.commit": False})
    try:
        ends = {p: reader.get_watermark_offsets(TopicPartition(name, p), timeout=20)[1] for p in reader.list_topics(name, timeout=20).topics[name].partitions}
        reader.assign([TopicPartition(name, p, 0) for p in ends])
        found, waiting = [], {p for p, end in ends.items() if end}
        while waiting:
            m = reader.poll(20)
            assert m is not None and m.error() is None, f"{name}: {m and m.error()}"
            found.append(m)
            if m.offset() + 1 >= ends[m.partition()]:
                waiting.discard(m.partition())
        return found
    finally:
        reader.close()


def values(crew, topic, workload=None):
    read = [json.loads(m.value()) for m in messages(crew, topic)]
    return [r for r in read if workload in (None, r.get("workload"))]


def headers(message):
    """What headers() gives, as a mapping; a name that stands twice is an error."""
    pairs = message.headers() or []
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


@pytest.fixture(scope="module")
def crew(tmp_path_factory, bin_dir, kafka):
    made = workloads()
    fault = {"name": "f", "match": {"operation": "DescribeInstances", "region": "us-west-2", "nth": [2, 3, 4]}, "effect": DENIED}
    aws = scenario(made, faults=[fault])
    aws["tables"].append(table([schedule_row()]))
    folder = tmp_path_factory.mktemp("r")
    with RedisServer(folder, port=True) as redis, Crew(
        folder, bin_dir, kafka, redis, aws, partitions=1, jobs_partitions=1, producers=1, workers=2, time_scale=10, env={"EC2SCHED_SCHEDULE_REFRESH": "2s"}
    ) as c:
        c.w = {w.name: w for w in made}
        play(c)
        c.read_back = {t: [m for m in messages(c, t) if t == "dlq" or m.value() != JUNK] for t in TOPICS}
        yield c


@pytest.fixture(scope="module")
def schemas():
    """name -> validator, every object closed; from docs/schemas.json."""
    return validators(json.loads((DOCS / "schemas.json").read_text()))


@pytest.fixture(scope="module")
def asyncapi():
    return yaml.safe_load((DOCS / "asyncapi.yaml").read_text())


def of_asyncapi(document, channel, kind):
    """(validator of the payload, validator of the headers or None) of a channel's message, following its references."""

    def follow(node):
        while isinstance(node, dict) and "$ref" in node:
            at = document
            for word in node["$ref"].removeprefix("#/").split("/"):
                at = at[word]
            node = at
        return node

    message = follow(document["channels"][channel]["messages"][kind])
    parts = {"components": {"schemas": closed(document["components"]["schemas"])}}
    made = [jsonschema.Draft7Validator({"allOf": [message[k]], **parts}) if k in message else None for k in ("payload", "headers")]
    return made


def kind_of(topic, message):
    return {"jobs": "Job", "snap": "Snapshot", "dlq": "DeadLetter"}.get(topic) or json.loads(message.value())["type"]


def all_records(crew):
    return [(t, kind_of(t, m), m) for t in TOPICS for m in crew.read_back[t]]


def test_the_runs_have_written_every_type_of_record(crew, schemas):
    found = {kind for _, kind, _ in all_records(crew)}
    types = {name for name, v in schemas.items() if "type" in v.schema["$defs"][name].get("properties", {})}
    assert len(types) == 19
    assert found == types | {"Job", "Snapshot", "DeadLetter"}
    results = {json.loads(m.value())["result"] for _, kind, m in all_records(crew) if kind == "RunFinished"}
    assert results >= {"succeeded", "partial", "failed", "cancelled", "superseded"}, results
    assert len(all_records(crew)) > 100


def test_every_record_of_real_runs_is_what_the_schemas_say_and_nothing_more(crew, schemas):
    for topic, kind, message in all_records(crew):
        if topic != "dlq":
            assert told(schemas[kind], json.loads(message.value())) == [], message.value()


def test_every_record_is_what_asyncapi_says_of_its_channel_headers_and_key_too(crew, asyncapi):
    for topic, kind, message in all_records(crew):
        payload, heads = of_asyncapi(asyncapi, topic, kind)
        given = {name: value.decode() for name, value in headers(message).items()}
        assert kind in BY_HAND or (told(heads, given) if heads else given) == ([] if heads else {}), given
        if topic != "dlq":
            assert told(payload, json.loads(message.value())) == [], message.value()


@pytest.mark.parametrize("kind", ["JobTerminal", "RunAccepted", "Job"])
def test_a_record_with_a_wrong_field_is_seen(crew, schemas, kind):
    good = next(json.loads(m.value()) for _, k, m in all_records(crew) if k == kind)
    assert told(schemas[kind], good) == []
    for change in (
        lambda r: r.update(nobody_knows=1),  # a field that no table has
        lambda r: r.update(step="0"),  # another type
        lambda r: r.pop("workload" if kind == "Job" else "type"),
        lambda r: r.update(epoch="7"),
        lambda r: r.update(action="reboot"),
        lambda r: (r.get("options") or r.get("spec") or r["members"][0]).update(extra=True),  # deeper
        lambda r: r.update(v=2),
    ):
        bad = copy.deepcopy(good)
        change(bad)
        if bad != good:
            assert told(schemas[kind], bad), bad


def test_the_topics_are_as_asyncapi_describes_them(asyncapi, crew):
    """What `topics create` makes where nobody says otherwise; three replicas are another machine's business."""
    prefix = crew.prefix + "x"
    env = {"EC2SCHED_KAFKA_PREFIX": prefix, "EC2SCHED_KAFKA_LOG_PARTITIONS": "", "EC2SCHED_KAFKA_JOBS_PARTITIONS": ""}
    assert crew.cli("topics", "create", env=env).returncode == 0
    admin = AdminClient({"bootstrap.servers": crew.kafka.bootstrap})
    there = {name: t for name, t in admin.list_topics(timeout=20).topics.items() if name.startswith(prefix + ".")}
    pages = {c["address"].replace("{prefix}", prefix): c["bindings"]["kafka"] for c in asyncapi["channels"].values()}
    assert {name: len(t.partitions) for name, t in there.items()} == {name: t["partitions"] for name, t in pages.items()}
    resources = {name: ConfigResource(ConfigResource.Type.TOPIC, name) for name in there}
    answers = admin.describe_configs(list(resources.values()))
    for name, resource in resources.items():
        made = {k: v.value for k, v in answers[resource].result().items()}
        for setting, value in pages[name]["topicConfiguration"].items():
            assert made[setting] == (",".join(value) if isinstance(value, list) else str(value)), (name, setting)


def test_the_keys_are_what_asyncapi_says(crew):
    for topic, _, message in all_records(crew):
        value = json.loads(message.value()) if topic != "dlq" else {}
        wanted = {"events": value.get("workload", ""), "progress": value.get("run"), "jobs": value.get("job")}.get(topic)
        if wanted is not None:
            assert (message.key() or b"").decode() == wanted


def test_the_cloudevents_sdk_reads_the_headers_of_each_record(crew):
    ids = set()
    for topic in ("events", "progress"):
        for message in crew.read_back[topic]:
            value = json.loads(message.value())
            if value["type"] in BY_HAND:
                continue
            event = from_binary(KafkaMessage(headers(message), message.key(), message.value()), JSONFormat())
            assert event.get_specversion() == "1.0"
            assert event.get_type() == f"ec2sched.{value['type']}.v1"
            assert re.fullmatch(r"/ec2sched/(producer|worker)/[^/]+|/ec2sched/cli", event.get_source())
            assert event.get_data() == value and event.get_datacontenttype() == "application/json"
            assert event.get_time() == datetime.datetime.fromisoformat(value["ts"])
            assert event.get_subject() == "@".join(value[k] for k in ("workload", "run") if k in value) or not event.get_subject()
            assert (event.get_subject() is None) == ("workload" not in value)
            ids.add((event.get_source(), event.get_id()))
    assert len(ids) == sum(kind not in BY_HAND for t, kind, _ in all_records(crew) if t in ("events", "progress"))


def test_every_record_of_a_run_is_one_trace_by_the_rule_of_w3c(crew):
    traces = {}
    for topic in ("events", "progress"):
        for message in crew.read_back[topic]:
            value, given = json.loads(message.value()), headers(message)
            if value["type"] in BY_HAND:
                continue
            assert ("traceparent" in given) == ("run" in value)
            if "run" not in value:
                continue
            version, trace, span, flags = given["traceparent"].decode().split("-")
            assert (version, flags) == ("00", "01")
            assert re.fullmatch("[0-9a-f]{32}", trace) and re.fullmatch("[0-9a-f]{16}", span) and int(trace, 16) and int(span, 16)
            name = f"{value['workload']}@{value['run']}"
            assert trace == hashlib.sha256(name.encode()).digest()[:16].hex()
            traces.setdefault(trace, set()).add(name)
    assert len(traces) >= 8 and all(len(names) == 1 for names in traces.values())


# ---- the readers of docs/readers.md


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", (DOCS / "readers.md").read_text(), re.MULTILINE | re.DOTALL)[1]


def last_results(crew):
    last = {r["workload"]: r for r in values(crew, "events") if r["type"] == "RunFinished"}
    return [f"{w} {r['run']} {r['result']}" for w, r in sorted(last.items())]


@pytest.mark.parametrize("language, argv", [("python", [sys.executable, "-c"]), ("sh", ["sh", "-c"])])
def test_the_reader_that_the_page_shows_prints_each_workloads_last_result(crew, language, argv):
    text = block(language)
    assert len(text.splitlines()) <= 22
    env = {**os.environ, "BROKERS": crew.kafka.bootstrap, "TOPIC": f"{crew.prefix}.events.v1"}
    done = subprocess.run([*argv, text], env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == last_results(crew)
    assert "shop up succeeded" in done.stdout and "slow s3 cancelled" in done.stdout
