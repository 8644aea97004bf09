"""The promises of ports/kafka.h (K1 to K5) on real brokers: the component tests, with a real Kafka under them."""

import os
import subprocess

import pytest

from lib.kafka import KafkaServer

TIMEOUT_S = 150
PROMISES = {"component.real.test_kafka_records": ("K1", "K2"), "component.real.test_kafka_groups": ("K3", "K4", "K5")}


@pytest.mark.parametrize("version", ["4.1.0", "3.9.1"])
def test_the_kafka_port_keeps_its_promises_on_a_real_broker(version, bin_dir, tmp_path):
    with KafkaServer(tmp_path, version=version) as server:
        env = {**os.environ, "EC2SCHED_TEST_KAFKA": server.bootstrap}
        for name, promises in PROMISES.items():
            done = subprocess.run(
                [bin_dir.parent / "tests" / name],
                env=env,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            said = done.stdout + done.stderr
            for promise in promises:
                assert f"[       OK ] {promise}" in said, said
                assert f"[  SKIPPED ] {promise}" not in said, said
