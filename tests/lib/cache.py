"""What is downloaded once and kept in .cache/: the virtual environment, Kafka's jars, Prometheus, and a Debian 13 of one's own.

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
ASYNCAPI_PARSER = "3.6.6"
TRIXIE_FORM = "2"  # raised with every change of how it is made
TRIXIE_EXCLUDES = ("doc", "man", "info", "locale", "groff", "lintian", "linda")


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


def asyncapi():
    """The folder whose node_modules hold AsyncAPI's parser; npm is asked for it once. No package's script is run."""
    place = CACHE / f"asyncapi-{ASYNCAPI_PARSER}"
    if place.is_dir():
        return place
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="asyncapi-") as work:
        made = Path(work) / "made"
        made.mkdir()
        argv = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", made]
        _run([*argv, f"@asyncapi/parser@{ASYNCAPI_PARSER}"], cwd=made)
        os.rename(made, place)
    return place


def prometheus():
    """The folder with `prometheus` and `promtool` of Debian's package: unpacked, not installed, for the package brings a service."""
    place = CACHE / "prometheus"
    if place.is_dir():
        return place / "usr" / "bin"
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="prometheus-") as work:
        try:
            _run(["apt-get", "download", "prometheus"], cwd=work)
        except RuntimeError:  # the lists are old, or not there
            _run([*([] if os.geteuid() == 0 else ["sudo"]), "apt-get", "update"])
            _run(["apt-get", "download", "prometheus"], cwd=work)
        (package,) = Path(work).glob("*.deb")
        _run(["dpkg", "--extract", package, Path(work) / "root"])
        try:
            os.rename(Path(work) / "root", place)
        except OSError:
            if not place.is_dir():  # else another run was faster
                raise
    return place / "usr" / "bin"


def _trixie_sources():
    """Lines of sources.list for Debian 13, from the mirrors that this machine's own apt is set up with."""
    names = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    here = names.get("VERSION_CODENAME", "").strip('"')
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN) $(COMPONENT)", "Created-By: Packages"]
    found = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout.split("\n")
    lines = []
    for uri, codename, origin, component in (line.split() for line in found if len(line.split()) == 4):
        if origin == "Debian" and component == "main" and codename in (here, f"{here}-updates", f"{here}-security"):
            lines.append(f"deb {uri} {codename.replace(here, 'trixie', 1)} main")
    lines = sorted(set(lines), key=lambda line: (len(line.split()[2]), line))
    if not lines or not lines[0].endswith(" trixie main"):
        raise RuntimeError("apt's configuration names no Debian mirror")
    return lines


def trixie():
    """A tar of a minimal Debian 13, slim as debian:13-slim is: no documentation, no locales, no lists. Needs root.

    Its sources.list names the mirrors of this machine. Unpack it as root, with --numeric-owner.
    """
    place = CACHE / "trixie" / "base.tar"
    sources = _trixie_sources()
    mark = place.with_suffix(".sha256")
    want = hashlib.sha256("\n".join([TRIXIE_FORM, *sources, *TRIXIE_EXCLUDES]).encode()).hexdigest()
    if place.is_file() and mark.is_file() and mark.read_text() == want:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="base-") as work:
        root = Path(work) / "root"
        _run(["debootstrap", "--variant=minbase", "trixie", root, sources[0].split()[1]])
        (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
        rules = [f"path-exclude /usr/share/{name}/*\n" for name in TRIXIE_EXCLUDES]
        (root / "etc/dpkg/dpkg.cfg.d/slim").write_text("".join(rules) + "path-include /usr/share/doc/*/copyright\n")
        _run(["find", *(root / "usr/share" / name for name in TRIXIE_EXCLUDES if (root / "usr/share" / name).exists()),
              "-mindepth", "1", "!", "-type", "d", "!", "-name", "copyright", "-delete"])  # fmt: skip
        for folder in ("var/lib/apt/lists", "var/cache/apt", "var/cache/debconf", "var/log"):
            _run(["find", root / folder, "-type", "f", "-delete"])
        made = Path(work) / "base.tar"
        _run(["tar", "--create", "--numeric-owner", "--one-file-system", "--directory", root, "--file", made, "."])
        os.rename(made, place)
    mark.write_text(want)
    return place
