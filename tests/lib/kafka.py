"""A real Kafka (KRaft) for tests: one broker, or several as a cluster, on free ports of 127.0.0.1.

    with KafkaServer(tmp_path) as kafka:
        producer = Producer({"bootstrap.servers": kafka.bootstrap})

Topics are never created by accident, internal topics have one replica a broker, a group's first rebalance does not
wait. A broker can be stopped (SIGSTOP), killed and started again on its data.
"""

import base64
import os
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from lib import cache
from lib.process import Process, free_ports, listens, wait_until

START_TIMEOUT_S = 60
JAVA = ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
JAVA += ["-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


def _cluster_id():
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


class Broker(Process):
    """One node, broker and controller in one. Made by KafkaServer."""

    def __init__(self, folder, node, ports, voters, replicas, version, settings):
        self.node, (self.port, self.controller_port) = node, ports
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.jars = cache.kafka(version)
        options = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "delete.topic.enable": "true",
            "group.initial.rebalance.delay.ms": 0,
            "default.replication.factor": replicas,
            "min.insync.replicas": max(1, replicas - 1),
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": 1,
            "broker.session.timeout.ms": 3000,  # how long a killed broker's place stays taken
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.dedupe.buffer.size": 4 << 20,
            **settings,
        }
        self.config = self.folder / "server.properties"
        self.config.write_text("".join(f"{k}={v}\n" for k, v in options.items()))
        super().__init__(JAVA + ["-cp", f"{self.jars}/*", "kafka.Kafka", str(self.config)], cwd=self.folder, name=f"kafka-{node}")

    def format(self, cluster_id):
        tool = Process(
            JAVA
            + ["-cp", f"{self.jars}/*", "kafka.tools.StorageTool"]
            + ["format", f"--cluster-id={cluster_id}", "--config", str(self.config)],
            cwd=self.folder,
            name="format",
        )
        with tool:
            code = tool.wait(START_TIMEOUT_S)
        assert code == 0, tool.log()

    def wait_ready(self, brokers=1):
        """Until it names this many brokers when asked, itself among them."""
        wait_until(lambda: self._listens(), f"port {self.port} of {self.name}", START_TIMEOUT_S)
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.port}", "log_level": 0})
        wait_until(lambda: self._names(admin, brokers), f"{brokers} brokers, asked of {self.name}", START_TIMEOUT_S)

    def _listens(self):
        assert self.is_running(), f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}"
        return listens(self.port)

    def _names(self, admin, brokers):
        assert self.is_running(), f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}"
        try:
            known = admin.list_topics(timeout=2).brokers
        except KafkaException:
            return False
        return self.node in known and len(known) >= brokers

    def restart(self):
        """On its data; returns when it answers."""
        self.kill()
        self.start()
        self.wait_ready()


class KafkaServer:
    def __init__(self, folder, *, brokers=1, version="4.1.0", settings=None):
        assert brokers in (1, 3)
        ports = free_ports(2 * brokers)
        pairs = [(ports[2 * n], ports[2 * n + 1]) for n in range(brokers)]
        voters = ",".join(f"{n}@127.0.0.1:{pair[1]}" for n, pair in enumerate(pairs, 1))
        self.brokers = [
            Broker(Path(folder) / f"kafka-{n}", n, pair, voters, brokers, version, settings or {})
            for n, pair in enumerate(pairs, 1)
        ]
        self.bootstrap = ",".join(f"127.0.0.1:{pair[0]}" for pair in pairs)
        self.version = version
        self.formatted = False

    def start(self):
        if not self.formatted:
            cluster_id = _cluster_id()
            for broker in self.brokers:
                broker.format(cluster_id)
            self.formatted = True
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            broker.wait_ready(len(self.brokers))
        return self

    def create_topic(self, name, partitions=1, config=None):
        """A topic with a replica on each broker; returns when the controller has it."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topic = NewTopic(name, partitions, len(self.brokers), config=config or {})
        for done in admin.create_topics([topic], operation_timeout=30).values():
            done.result(30)

    def stop(self):
        """All brokers are killed: their folder is thrown away, a clean shutdown would only cost time."""
        for broker in self.brokers:
            broker.kill()

    def log(self):
        return "\n".join(broker.log() for broker in self.brokers)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def run_tool(server, main_class, *args, timeout_s=60):
    """One of Kafka's own command-line tools, by its class; returns its output."""
    broker = server.brokers[0]
    argv = JAVA + ["-cp", f"{broker.jars}/*", main_class, *args]
    tool = Process(argv, cwd=broker.folder, name="tool-" + os.urandom(4).hex())
    with tool:
        code = tool.wait(timeout_s)
    assert code == 0, tool.log()
    return tool.log()
