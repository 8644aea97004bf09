"""The stages of tests/run, in their order. A stage whose folder is not there does not exist.

A stage runs programs with a bound on their time, writes their output to build/test-logs/, and counts checks: a build
and a lint step are one each, test programs tell their own counts. A program that fails shows the end of its output.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib import cache, counts as counting, images as builder

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test-logs"
TAIL_LINES = 60
FUZZ_RUNS = 20000
FUZZ_TARGET_S = 60
NOT_HERE = 77  # exit code of a program that says why it cannot run on this machine
LINT_STEPS = ("format", "includes", "headers", "sizes", "words", "functions", "cppcheck", "tidy", "selftest")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


class Failed(Exception):
    pass


@dataclass
class Stage:
    name: str
    budget_s: int
    run: object
    exists: object = lambda: True
    needed: bool = False  # without it the stages behind it cannot run
    on_request: bool = False  # only when named


def program(name, argv, *, timeout_s, env=None, show=False):
    """Runs it; returns (exit code, output). Its output is in build/test-logs/NAME.log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [str(a) for a in argv], cwd=ROOT, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = f"none within {timeout_s} s"
        except BaseException:  # Ctrl-C ends what it was waiting for, too
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    text = log.read_text(errors="replace")
    if code != 0 or show:
        print("\n".join(text.splitlines()[-TAIL_LINES:]))
    print(f"   {name}: {'ok' if code == 0 else f'exit code {code}'}, {time.monotonic() - started:.1f} s", flush=True)
    return code, text


def built(preset, *targets):
    """Configures and builds; raises Failed."""
    if program(f"configure-{preset}", ["cmake", "--preset", preset], timeout_s=120)[0] != 0:
        raise Failed(f"configure {preset}")
    more = ["--target", *targets] if targets else []
    if program(f"build-{preset}", ["cmake", "--build", "--preset", preset, *more], timeout_s=1200)[0] != 0:
        raise Failed(f"build {preset}")
    return ROOT / "build" / preset


def install(counts):
    done = program("packages", ["deploy/install", "test"], timeout_s=900)
    if not counts.check(done[0] == 0, "deploy/install test"):
        return
    makers = {"venv": cache.venv, "prometheus": cache.prometheus, **{f"kafka-{v}": partial(cache.kafka, v) for v in cache.KAFKA_VERSIONS}}
    if shutil.which("npm"):  # without it the docs stage says what it leaves out
        makers["asyncapi"] = cache.asyncapi
    for what, make in makers.items():
        started = time.monotonic()
        try:
            make()
        except (RuntimeError, OSError, subprocess.SubprocessError) as e:
            counts.check(False, f"{what}: {e}")
            continue
        counts.check(True)
        print(f"   {what}: ok, {time.monotonic() - started:.1f} s", flush=True)


def lint(counts):
    for step in LINT_STEPS:
        code, _ = program(f"lint-{step}", [f"tests/lint/{step}"], timeout_s=900)
        counts.check(code == 0, f"lint {step}")


def build(counts):
    for preset in ("dev", "clang", "asan", "release"):
        try:
            built(preset)
            counts.check(True)
        except Failed as e:
            counts.check(False, str(e))
    code, _ = program("lint-symbols", ["tests/lint/symbols"], timeout_s=60)
    counts.check(code == 0, "lint symbols")


def ctest(counts, preset, layer):
    where = built(preset)
    junit = LOGS / f"{layer}-{preset}.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    argv = ["ctest", "--test-dir", where, "--label-regex", f"^{layer}$", "--parallel", "2", "--output-on-failure"]
    argv += ["--output-junit", junit, "--test-output-size-passed", "1000000", "--test-output-size-failed", "1000000"]
    program(f"{layer}-{preset}", argv, timeout_s=600, env=SANITIZERS if preset == "asan" else None)
    if not junit.is_file():
        raise Failed(f"{layer} {preset}: ctest left no result")
    counts.add(counting.of_ctest(junit))


# Files that run side by side, each as a whole: most of a test is waiting for somebody else. The rest is short, or alone.
SIDE_BY_SIDE = {"e2e": 2}


def pytest(counts, layer, timeout_s):
    junit = LOGS / f"{layer}-pytest.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    argv = [cache.venv() / "bin" / "python", "-B", "-m", "pytest", f"tests/{layer}", f"--junit-xml={junit}"]
    if layer in SIDE_BY_SIDE:
        argv += ["--numprocesses", str(SIDE_BY_SIDE[layer]), "--dist", "loadfile"]
    code, _ = program(f"{layer}-pytest", argv, timeout_s=timeout_s)
    if not junit.is_file():
        raise Failed(f"{layer}: pytest left no result (exit code {code})")
    found = counting.of_junit(junit)
    if code != 0 and not found.failed:
        found.check(False, f"{layer}: pytest ended with {code}")
    counts.add(found)


def own(counts, layer, timeout_s):
    """tests/LAYER/run, a program that counts for itself; python3 is the virtual environment's."""
    env = {**SANITIZERS, "PATH": f"{cache.venv()}/bin:{os.environ['PATH']}"}
    code, out = program(layer, [f"tests/{layer}/run"], timeout_s=timeout_s, env=env, show=True)
    counts.add(counting.of_program(layer, code, out))


def unit(counts):
    for preset in ("dev", "asan"):
        ctest(counts, preset, "unit")


def layer(name, timeout_s, preset="dev"):
    """A stage made of what its folder holds: test_*.c, a program `run`, test_*.py."""

    def run(counts):
        built(preset)
        if has(f"tests/{name}/**/test_*.c"):
            ctest(counts, "asan", name)
        if has(f"tests/{name}/run"):
            own(counts, name, timeout_s)
        if has(f"tests/{name}/**/test_*.py"):
            pytest(counts, name, timeout_s)

    return run


def fuzz(counts):
    where = built("fuzz") / "fuzz"
    for source in sorted((ROOT / "tests" / "fuzz").glob("fuzz_*.c")):
        name = source.stem
        grown = ROOT / ".cache" / "fuzz" / name
        grown.mkdir(parents=True, exist_ok=True)
        kept = ROOT / "tests" / "fuzz" / "corpus" / name.removeprefix("fuzz_")
        argv = [where / name, f"-runs={FUZZ_RUNS}", f"-max_total_time={FUZZ_TARGET_S}", "-timeout=10"]
        argv += [f"-artifact_prefix={LOGS}/{name}-", "-rss_limit_mb=1024", grown] + ([kept] if kept.is_dir() else [])
        code, out = program(name, argv, timeout_s=2 * FUZZ_TARGET_S, env=SANITIZERS)
        runs = re.search(r"^Done (\d+) runs", out, re.MULTILINE)
        counts.check(code == 0 and runs and int(runs[1]) > 0, f"{name}: exit code {code}, see {LOGS}/{name}.log")


def images_s():
    """The budget: what has changed is compiled anew, the first time on a base that is made for it."""
    return 180 if builder.is_made() else 360


def images(counts):
    """Images are built from the sources alone: no build folder is needed."""
    pytest(counts, "images", 700)


def trixie_s():
    """The budget: making a Debian 13 costs more than using it."""
    return 120 if (cache.CACHE / "trixie" / "root").is_dir() else 360


def trixie(counts):
    """Debian 13's compiler and libraries; tests/trixie/run ends with NOT_HERE where that cannot be had."""
    junit = ROOT / "build" / "trixie" / "unit.xml"
    code, out = program("trixie", ["tests/trixie/run"], timeout_s=900)
    if code == NOT_HERE:
        counts.skipped += 1
        return
    named = re.search(r"^trixie: Debian .*$", out, re.MULTILINE)
    print(f"   {named[0] if named else 'trixie: no Debian 13 came up'}")
    if counts.check(junit.is_file(), f"trixie: exit code {code} and no test ran, see {LOGS}/trixie.log"):
        found = counting.of_ctest(junit)
        if code != 0 and not found.failed:
            found.check(False, f"trixie: exit code {code}, see {LOGS}/trixie.log")
        counts.add(found)


def docs(counts):
    built("dev")
    own(counts, "docs", 300)


def demo(counts):
    code, _ = program("demo", ["deploy/demo"], timeout_s=400)
    counts.check(code == 0, f"deploy/demo: exit code {code}")
    kept_demo(counts, signal.SIGTERM)  # Ctrl-C takes the same way


def kept_demo(counts, how):
    """`--keep` ends as it says that it does: clean, and nothing stays behind."""
    with tempfile.TemporaryDirectory(prefix="e2s-demo-") as folder:
        log = Path(folder) / "log"
        own_tmp = Path(folder) / "tmp"
        own_tmp.mkdir()
        with log.open("w") as out:
            demo = subprocess.Popen([ROOT / "deploy" / "demo", "--keep"], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                    env={**os.environ, "TMPDIR": str(own_tmp)}, start_new_session=True)  # fmt: skip
        deadline = time.monotonic() + 170
        while demo.poll() is None and "Ctrl-C here ends it" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        demo.send_signal(how)
        try:
            code = demo.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(demo.pid, signal.SIGKILL)
            code = demo.wait()
        text, left = log.read_text(), list(own_tmp.iterdir())
        clean = code in (0, 130) and not left and "it failed" not in text
        counts.check(clean, f"deploy/demo --keep, {how.name}: exit code {code}, left {left}: {text[-500:]}")


def has(pattern):
    return any(True for _ in ROOT.glob(pattern))


def there(name):
    return lambda: has(f"tests/{name}/**/test_*.[cp]*") or has(f"tests/{name}/run")


ALL = (
    Stage("install", 300, install, needed=True),
    Stage("lint", 480, lint),
    Stage("build", 360, build, needed=True),
    Stage("trixie", trixie_s(), trixie, lambda: has("tests/trixie/run")),
    Stage("unit", 60, unit, there("unit")),
    Stage("component", 60, layer("component", 300), there("component")),
    Stage("protocol", 180, layer("protocol", 1800), there("protocol")),
    Stage("model", 120, layer("model", 1800), there("model")),
    Stage("fuzz", 180, fuzz, lambda: has("tests/fuzz/fuzz_*.c")),
    Stage("sim", 240, layer("sim", 600, "release"), there("sim")),
    Stage("e2e", 720, layer("e2e", 1500), there("e2e")),
    Stage("chaos", 400, layer("chaos", 900), there("chaos")),
    Stage("deploy", 30, layer("deploy", 120), there("deploy")),
    Stage("images", images_s(), images, there("images")),
    Stage("docs", 30, docs, lambda: has("tests/docs/run")),
    Stage("demo", 180, demo, lambda: has("deploy/demo")),
)
