"""A stack whose members die: who holds a job, who leads, what the simulator has seen, and a run that somebody waits for."""

import datetime
import json

from confluent_kafka import Producer
from stack import Stack

from lib.process import Process, wait_until

TTL_S, FENCE_S = 2, 3
TIMES = {"EC2SCHED_LEASE_TTL": f"{TTL_S}s", "EC2SCHED_FENCE_WINDOW": f"{FENCE_S}s"}


class Crew(Stack):
    """Short leases; as many workers and producers as a test asks for, more on demand."""

    def __init__(self, folder, bin_dir, kafka, redis, scenario, env=None, **more):
        super().__init__(folder, bin_dir, kafka, redis, scenario, env={**TIMES, **(env or {})}, **more)
        self.kafka, self.redis = kafka, redis
        self.watches = {}

    def hire(self, kind="worker"):
        """One more of them; returns at once, it is not waited for."""
        team = {"worker": self.workers, "producer": self.producers}[kind]
        one = self._daemon(kind, len(team))
        one.env.update({k: str(v) for k, v in self.env.items()})
        team.append(one.start())
        return one

    def put(self, topic, value, key=None):
        """A record as any client would write it, into the topic's only partition."""
        errors = []
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap})
        producer.produce(f"{self.prefix}.{topic}.v1", value=value, key=key, partition=0, on_delivery=lambda e, _: errors.append(e))
        assert producer.flush(20) == 0
        assert errors == [None]

    def append(self, kind, **fields):
        """A record that people's programs write, to the log."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.put("events", json.dumps({"v": 1, "type": kind, "ts": now, **fields}), fields["workload"])

    def go(self, action, workload, run, *more):
        """Asks for a run and waits for its end in the background."""
        words = [self.bin / "ec2sched", action, workload, "--yes", "--run", run, "--wait", "--timeout", "100s", *more]
        watch = Process(words, cwd=self.folder, name=f"{workload}-{run}", env=self.env).start()
        self.watches[workload, run] = watch
        return watch

    def ended(self, workload, run, expect=0, timeout_s=60):
        watch = self.watches[workload, run]
        code = watch.wait(timeout_s)
        assert code == expect, f"{workload}@{run}: {code}\n{watch.log()}"

    def outcomes(self, workload, run):
        shown = self.read("show", f"{workload}@{run}")
        return shown["result"], {m["id"]: (m["outcome"], m["cause"]) for m in shown["members"]}

    def seen(self, operation, ids, status=200, attempt=None):
        """Has a call of this operation that names them all been answered?"""
        named = set()
        for c in self.aws.calls():
            if c["kind"] == "call" and c["operation"] == operation and c["status"] == status and attempt in (None, int(c["attempt"] or 0)):
                named |= set(c["ids"])
        return named >= set(ids)

    def until_seen(self, operation, ids, timeout_s=30, **more):
        wait_until(lambda: self.seen(operation, ids, **more), f"{operation} of {ids}", timeout_s)

    def last_seq(self):
        calls = self.aws.calls()
        return calls[-1]["seq"] if calls else 0

    # --- what the view says

    def leases(self, workload):
        """{job: {att, worker, token, epoch, step}} of the workload's current run."""
        found = {}
        with self.redis.client(decode_responses=True) as r:
            for partition in range(int(self.env["EC2SCHED_KAFKA_LOG_PARTITIONS"])):
                p = f"{{{self.prefix}:{partition}}}"
                ep = r.hget(f"{p}:w:{workload}", "ep")
                if not ep:
                    continue
                for key in r.keys(f"{p.replace('[', '?')}:l:{ep}:*"):
                    for job, text in r.hgetall(key).items():
                        att, _, worker, token = text.split("|")
                        g, offset = ep.split(":")
                        found[job] = {"att": int(att), "worker": worker, "token": token, "epoch": f"{g}:{partition}:{offset}",
                                      "step": int(key.rsplit(":", 1)[1]), "job": job, "workload": workload}  # fmt: skip
        return found

    def until_leased(self, *workloads, timeout_s=30):
        for w in workloads:
            wait_until(lambda w=w: self.leases(w), f"a lease of {w}", timeout_s)

    def leader(self, workload):
        """The producer that leads the workload's partition."""
        with self.redis.client(decode_responses=True) as r:
            for partition in range(int(self.env["EC2SCHED_KAFKA_LOG_PARTITIONS"])):
                p = f"{{{self.prefix}:{partition}}}"
                if r.exists(f"{p}:w:{workload}"):
                    word = r.get(f"{p}:lead")
                    leads = [d for d in self.producers if d.is_running() and f"partition={partition} from=replay to=lead" in d.log()]
                    if word and leads:
                        return leads[-1]
        return None

    def why_not_drained(self, workload):
        """What drained? says of a run that waits: (why, until in ms), None when none waits or nothing hinders it."""
        script = (self.bin.parents[2] / "common/view/scripts/drained.lua").read_text()
        with self.redis.client(decode_responses=True) as r:
            for partition in range(int(self.env["EC2SCHED_KAFKA_LOG_PARTITIONS"])):
                p = f"{{{self.prefix}:{partition}}}"
                if r.exists(f"{p}:w:{workload}"):
                    said = r.eval(script, 1, p, "", r.hget(f"{p}:v", "inc"), workload, "1")
                    return None if said[0] == 1 or said[1] == "not draining" else (said[1], int(said[2]))
        return None

    # --- notes

    def leave_note(self, number, text):
        """As a worker leaves it that dies with this in hand: the in-hand note number `number`."""
        value = json.dumps(text).encode()
        (self.folder / "state" / f"in-hand.{number}").write_bytes(b"%04d\n" % len(value) + value)

    def __exit__(self, *a):
        for watch in self.watches.values():
            watch.kill()
        super().__exit__(*a)
