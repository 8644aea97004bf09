"""The judge of a workload's whole history, however many runs, deaths and losses: by the simulator's call log and the log of events.

Nothing of ours is asked: calls say which run, job and attempt made them, states say when instances moved, guests what they found.
`wrongs` gives a sentence for each broken rule; a test wants it empty.
"""

import json

from confluent_kafka import Consumer, TopicPartition
from order import TOUCHING, touched, violations

TARGET = {"stop": "stopped", "start": "running"}


def events(stack, kafka, topic="events"):
    """Every record of the topic as {offset, partition, ts, **value}, each partition in its order."""
    name = f"{stack.prefix}.{topic}.v1"
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "judge", "enable.auto.commit": False})
    try:
        at = consumer.list_topics(name, timeout=20).topics[name].partitions
        ends = {p: consumer.get_watermark_offsets(TopicPartition(name, p), timeout=20)[1] for p in at}
        consumer.assign([TopicPartition(name, p, 0) for p in at])
        found, left = [], {p for p, end in ends.items() if end > 0}
        while left:
            message = consumer.poll(20)
            assert message is not None and message.error() is None, f"{name}: {message and message.error()}"
            found.append({"offset": message.offset(), "partition": message.partition(), "kafka_ms": message.timestamp()[1],
                          **json.loads(message.value())})  # fmt: skip
            if message.offset() + 1 >= ends[message.partition()]:
                left.discard(message.partition())
        return found
    finally:
        consumer.close()


def of(records, kind, workload=None, run=None):
    return [r for r in records if r["type"] == kind and (workload is None or r.get("workload") == workload) and (run is None or r.get("run") == run)]


def steps_of(workload, action):
    """Lists of ids in the order in which the row's numbers put them."""
    section = {"stop": "TierStop", "start": "TierStart"}[action]
    numbers = {}
    for tier in workload.tiers:
        if section in tier:
            numbers.setdefault(int(tier[section]["TierSequence"]), []).extend(workload.ids(tier["TierTagValue"]))
    return [numbers[n] for n in sorted(numbers)]


def asked_tiers(workload):
    return {i for t in workload.tiers if "TierStopOverrideFilename" in t.get("TierStop", {}) for i in workload.ids(t["TierTagValue"])}


def mine(calls, workload):
    ids = {m["id"] for m in workload.machines}
    return [c for c in calls if c.get("id") in ids or (c["kind"] == "call" and ids & set(c["ids"]))]


def wrongs(calls, records, workload, aside=()):
    """`aside`: ids that the scenario, or a failure that the test expects, keeps from their state."""
    calls = mine(calls, workload)
    return [
        *overlaps(calls),
        *too_early(calls, records, workload, aside),
        *unproven(calls, workload),
        *too_many_calls(calls),
        *out_of_order(records, workload),
    ]


def changing(calls):
    return [c for c in calls if c["kind"] == "call" and c["operation"] in TOUCHING]


def overlaps(calls):
    """P5: once a later run has touched the workload, the earlier one never does again."""
    order = []
    for c in changing(calls):
        if c["run"] in order[:-1]:
            yield f"seq {c['seq']}: {c['operation']} of run {c['run']} after run {order[-1]} had begun"
        elif c["run"] not in order:
            order.append(c["run"])


def too_early(calls, records, workload, aside):
    """P1, S1b: no member is touched before every member of the earlier steps was seen to reach its state."""
    runs = list(dict.fromkeys(c["run"] for c in changing(calls)))
    for run in runs:
        action = of(records, "RunAccepted", workload.name, run)[0]["action"]
        state = TARGET[action]
        first = next(c["seq"] for c in changing(calls) if c["run"] == run)
        now = {m["id"]: m.get("state", "running") for m in workload.machines}
        now |= {c["id"]: c["to"] for c in calls if c["kind"] == "state" and c["seq"] < first}
        lines = [c for c in calls if c["kind"] == "state" or (c["kind"] == "call" and c["run"] == run)]
        lines = [c for c in lines if c["seq"] >= first]
        yield from violations(lines, steps_of(workload, action), state, aside, {i for i, s in now.items() if s == state})


def unproven(calls, workload):
    """No member of a tier that asks is stopped without an ABSENT that its guest gave to this very attempt."""
    asks = asked_tiers(workload)
    who = [(c["run"], c["job"], c["attempt"]) if c["kind"] == "call" else None for c in calls]
    for n, c in enumerate(calls):
        if c["kind"] != "call" or c["operation"] != "StopInstances":
            continue
        for i in asks & set(c["ids"]):
            sent = [k for k in range(n) if who[k] == who[n] and calls[k]["operation"] == "SendCommand" and i in calls[k]["ids"]]
            found = [x["found"] for x in calls[sent[0] if sent else n : n] if x["kind"] == "guest" and x["id"] == i]
            if not found or found[-1] != "ABSENT":
                yield f"seq {c['seq']}: {i} was stopped, but its guest had said {found} to this attempt"


def too_many_calls(calls):
    """An attempt's accepted calls name a member once: nobody calls again what EC2 has accepted."""
    count = {}
    for c in changing(calls):
        if c["operation"] == "SendCommand" or c["status"] != 200 or c["fault"]:
            continue
        for i in c["ids"]:
            key = (c["run"], c["job"], c["attempt"], c["operation"], i)
            count[key] = count.get(key, 0) + 1
    return [f"{n} accepted calls: {key}" for key, n in count.items() if n > 1]


def out_of_order(records, workload):
    """In the log: one result a run; a step is planned only when every job of the one before has its terminal."""
    for accepted in of(records, "RunAccepted", workload.name):
        run = accepted["run"]
        results = {(r["result"], r.get("cause", "")) for r in of(records, "RunFinished", workload.name, run)}
        if len(results) > 1:
            yield f"{run}: several results: {results}"
        done, planned = set(), {}
        for r in records:
            if r.get("workload") != workload.name or r.get("run") != run:
                continue
            if r["type"] == "JobTerminal":
                done.add(r["job"])
            elif r["type"] == "TierPlanned":
                missing = [j for step, jobs in planned.items() if step < r["step"] for j in jobs if j not in done]
                if missing:
                    yield f"{run}: step {r['step']} was planned at {r['offset']} while {missing} had no terminal"
                jobs = [j["job"] for t in r["tiers"] for j in t.get("jobs", [])]
                planned[r["step"]] = (planned.get(r["step"], []) if r["part"] else []) + jobs


def explained(calls, workload):
    """(run, job) -> the attempts that made a changing call: a test says how many it can explain."""
    found = {}
    for c in changing(mine(calls, workload)):
        found.setdefault((c["run"], c["job"]), set()).add(int(c["attempt"]))
    return found


def calls_of(calls, workload, operation):
    return [i for _, o, i in touched(mine(calls, workload)) if o == operation]
