"""What is downloaded once and kept in .cache/: the virtual environment and Kafka's jars.

Each is made in a folder of its own and put in place whole, so that a run that was cut off leaves nothing half there.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
VENV = CACHE / "venv"
REQUIREMENTS = ROOT / "tests" / "requirements.txt"
KAFKA_POM = ROOT / "tests" / "lib" / "kafka-pom.xml"
KAFKA_VERSIONS = ("4.1.0", "3.9.1")
DOWNLOAD_TIMEOUT_S = 900


def _run(argv, **more):
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False, **more
    )
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")


def venv():
    """The virtual environment of tests/requirements.txt, made anew when that file or the interpreter changes."""
    want = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    mark = VENV / "requirements.sha256"
    if mark.is_file() and mark.read_text() == want:
        return VENV
    shutil.rmtree(VENV, ignore_errors=True)
    CACHE.mkdir(exist_ok=True)
    _run([sys.executable, "-m", "venv", VENV])  # in place: its scripts carry their path
    pip = [VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    _run([*pip, "-r", REQUIREMENTS])
    mark.write_text(want)
    return VENV


def kafka(version="4.1.0"):
    """The folder with the jars of that Kafka."""
    assert version in KAFKA_VERSIONS, version
    place = CACHE / f"kafka-{version}"
    if place.is_dir():
        return place
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="kafka-") as work:
        shutil.copy(KAFKA_POM, Path(work) / "pom.xml")
        _run(
            [
                "mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime",
                f"-Dkafka.version={version}", f"-DoutputDirectory={work}/jars",
            ],
            cwd=work,
        )  # fmt: skip
        try:
            os.rename(Path(work) / "jars", place)
        except OSError:
            if not place.is_dir():  # else another run was faster
                raise
    return place
