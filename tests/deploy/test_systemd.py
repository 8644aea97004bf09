"""deploy/systemd: what systemd says of the units, and what our programs need of them."""

import subprocess
from pathlib import Path

import pytest

from lib.process import Process

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
DRAIN_S, MARGIN_S = 25, 2


def verify(folder, bin_dir, unit, change=lambda text: text):
    """systemd-analyze of a copy whose program is where it was built: an instance of it where it is a template."""
    text = unit.read_text()
    assert "ExecStart=/usr/bin/ec2sched-" in text
    (folder / unit.name).write_text(change(text.replace("=/usr/bin/", f"={bin_dir}/")))
    instance = folder / unit.name.replace("@.", "@1.")
    argv = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", instance]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**Process([""], cwd=folder).env, "SYSTEMD_UNIT_PATH": f"{folder}:"}, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_systemd_takes_the_unit(unit, bin_dir, tmp_path):
    assert verify(tmp_path, bin_dir, unit) == (0, "")


def test_a_word_that_systemd_does_not_know_is_found(bin_dir, tmp_path):
    code, said = verify(tmp_path, bin_dir, UNITS[0], lambda text: text.replace("Restart=always", "Restrat=always"))
    assert "Restrat" in said and (code, said) != (0, "")


def settings(unit):
    pairs = [line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return {k: v for k, v in pairs}, [v for k, v in pairs if k == "Environment"]


def test_daemons_drain_before_they_are_killed_and_come_back():
    assert [u.name for u in UNITS] == ["ec2sched-monitor.service", "ec2sched-producer.service", "ec2sched-worker@.service"]
    for unit in UNITS:
        found, variables = settings(unit)
        assert f"EC2SCHED_DRAIN_TIMEOUT={DRAIN_S}s" in variables
        assert int(found["TimeoutStopSec"]) >= DRAIN_S + MARGIN_S
        assert found["Restart"] == "always" and found["DynamicUser"] == "yes"


def test_all_workers_of_a_host_share_the_folder_of_their_notes():
    for unit in UNITS:
        found, _ = settings(unit)
        assert (found["User"], found["StateDirectory"]) == ("ec2sched", "ec2sched")
