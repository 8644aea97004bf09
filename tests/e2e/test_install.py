"""What `cmake --install` puts on a machine: programs, their manual pages, and what makes a shell complete the command."""

import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def installed(bin_dir, tmp_path_factory):
    prefix = tmp_path_factory.mktemp("install")
    done = subprocess.run(["cmake", "--install", bin_dir.parent, "--prefix", prefix], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return prefix


def test_programs_pages_and_completions_are_there(installed):
    there = {str(p.relative_to(installed)) for p in installed.rglob("*") if p.is_file()}
    for name in ("ec2sched", "ec2sched-producer", "ec2sched-worker", "ec2sched-monitor"):
        assert f"bin/{name}" in there
    assert {"share/man/man1/ec2sched.1", "share/man/man8/ec2sched-producer.8", "share/man/man8/ec2sched-worker.8", "share/man/man8/ec2sched-monitor.8"} <= there
    assert "share/bash-completion/completions/ec2sched" in there
    assert {"share/zsh/site-functions/_ec2sched", "share/fish/vendor_completions.d/ec2sched.fish"} <= there


def test_the_pages_hold_each_command_each_flag_and_each_option(installed, bin_dir):
    page = (installed / "share/man/man1/ec2sched.1").read_text().replace("\\-", "-")
    for word in ("plan", "--if-busy", "--on-failure", "--kafka.brokers", "--fence.window", "topics"):
        assert word in page, word
    assert page.startswith(".TH EC2SCHED 1") and "ec2sched - stop and start" in page
    producer = (installed / "share/man/man8/ec2sched-producer.8").read_text().replace("\\-", "-")
    assert "--kafka.brokers" in producer and ".SH SYNOPSIS\n.nf\nec2sched-producer" in producer
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", installed / "share/man/man1/ec2sched.1"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and "ec2sched" in done.stdout and not done.stderr, done.stderr


@pytest.mark.parametrize("line, wanted, unwanted", [
    (["ec2sched", "pl"], {"plan"}, {"stop"}),
    (["ec2sched", "stop", "shop", "--if"], {"--if-busy"}, {"--yes"}),
    (["ec2sched", "list", "--kafka.b"], {"--kafka.brokers"}, {"--redis.url"}),
    (["ec2sched", "list", "--output", ""], {"json", "table"}, {"plan"}),
])  # fmt: skip
def test_bash_completes_commands_flags_and_options(installed, line, wanted, unwanted):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ec2sched; printf "%s\\n" "${COMPREPLY[@]}"'
    env = {**os.environ, "PATH": f"{installed / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script, "bash", installed / "share/bash-completion/completions/ec2sched", *line], env=env, capture_output=True, text=True, timeout=60, check=False)
    found = set(done.stdout.split())
    assert done.returncode == 0 and wanted <= found and not unwanted & found, done.stdout + done.stderr
