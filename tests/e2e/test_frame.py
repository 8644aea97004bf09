"""The frame that counts: what is broken must be counted as failed, whatever way it broke."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from lib import counts, leftovers
from lib.process import wait_until

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(t C)
enable_testing()
foreach(t good bad crash leak empty slow)
    add_executable(${t} ${t}.c)
    target_compile_options(${t} PRIVATE -fsanitize=address)
    target_link_options(${t} PRIVATE -fsanitize=address)
    target_link_libraries(${t} cmocka)
    add_test(NAME ${t} COMMAND ${t})
endforeach()
set_tests_properties(slow PROPERTIES TIMEOUT 1)
"""
C = """#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
static void *volatile kept;
static void one(void **state) {{ (void)state; {body} }}
static void two(void **state) {{ (void)state; }}
int main(void)
{{
    const struct CMUnitTest tests[] = {{cmocka_unit_test(one), cmocka_unit_test(two)}};
    return {main};
}}
"""
GROUP = "cmocka_run_group_tests(tests, 0, 0)"


@pytest.fixture(scope="module")
def junit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ctest")
    (folder / "CMakeLists.txt").write_text(CMAKE)
    bodies = {
        "good": ("", GROUP),
        "bad": ("assert_true(0);", GROUP),
        "crash": ("", GROUP + " ? 1 : *(volatile int *)8"),
        "leak": ("kept = malloc(99); kept = 0;", GROUP),
        "empty": ("", "(int)(sizeof tests & 0)"),
        "slow": ("pause();", GROUP),
    }
    for name, (body, main) in bodies.items():
        (folder / f"{name}.c").write_text(C.format(body=body, main=main))
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["cmake", "-G", "Ninja", "-B", folder / "b", "-S", folder], **quiet)
    subprocess.run(["ninja", "-j2", "-C", folder / "b"], **quiet)
    subprocess.run(
        ["ctest", "--test-dir", folder / "b", "--output-junit", folder / "junit.xml"],
        check=False,
        capture_output=True,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"},
    )
    return counts.of_ctest(folder / "junit.xml")


@pytest.mark.parametrize("how", ["bad", "crash", "leak", "empty", "slow"])
def test_a_test_program_that_breaks_in_any_way_is_counted_as_failed(junit, how):
    assert [why for why in junit.why if why.startswith(how + ":")], junit.why


def test_each_test_of_a_program_is_counted_and_no_failure_is_invented(junit):
    assert not [why for why in junit.why if why.startswith("good:")], junit.why
    assert junit.failed == 5
    assert junit.passed == 2 + 1 + 2 + 2  # good, the other one of bad, and what crash and leak passed before they broke


def test_a_program_counts_by_its_closing_line_or_else_by_its_exit_code():
    def tally(code, out):
        c = counts.of_program("x", code, out)
        return c.passed, c.failed, c.skipped

    assert tally(0, "a\n7 passed, 0 failed, 1 skipped\n") == (7, 0, 1)
    assert tally(1, "a\n7 passed, 2 failed\n") == (7, 2, 0)
    assert tally(1, "7 passed, 0 failed, 0 skipped\n") == (7, 1, 0)
    assert tally(0, "no line") == (1, 0, 0)
    assert tally(-11, "") == (0, 1, 0)


def test_pytest_errors_and_failures_are_failures(tmp_path):
    (tmp_path / "test_x.py").write_text(
        "import pytest\n@pytest.fixture\ndef broken():\n    raise RuntimeError('b')\n"
        "def test_ok(): pass\ndef test_bad(): assert 0\ndef test_error(broken): pass\n"
        "@pytest.mark.skip\ndef test_skip(): pass\n"
    )
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={tmp_path}/j.xml", tmp_path]
    subprocess.run(argv, cwd=tmp_path, check=False, capture_output=True)
    found = counts.of_junit(tmp_path / "j.xml")
    assert (found.passed, found.failed, found.skipped) == (1, 2, 1)


def test_a_process_left_behind_is_found_and_killed():
    mark = uuid.uuid4().hex
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, "TESTS_OF_RUN": mark}, start_new_session=True)
    wait_until(lambda: Path(f"/proc/{child.pid}/cmdline").read_bytes().startswith(b"sleep"), "its start", 5)
    assert leftovers.kill(mark) == [f"sleep 60 ({child.pid})"]
    assert child.wait(5) == -9
    assert leftovers.kill(mark) == []
