"""The judge sees each thing that must not happen: histories made by hand, one wrong each, and a right one."""

import pytest
from judge import wrongs
from workloads import ASK, Workload

W = Workload("judged").tier("a", 1, stop=0, stop_row=ASK).tier("b", 1, stop=1, start=0)
A, B = W.ids("a")[0], W.ids("b")[0]


def call(operation, instance, run="r1", attempt=1, status=200, job="j"):
    return {"kind": "call", "operation": operation, "ids": [instance], "run": run, "job": job, "attempt": attempt, "status": status, "fault": ""}


def state(instance, to):
    return {"kind": "state", "id": instance, "to": to}


def guest(found):
    return {"kind": "guest", "id": A, "found": found}


ASKED, ABSENT, STOP_A, STOPPED_A = call("SendCommand", A), guest("ABSENT"), call("StopInstances", A), state(A, "stopped")
STOP_B, STOPPED_B = call("StopInstances", B, job="k"), state(B, "stopped")
RIGHT = [ASKED, ABSENT, STOP_A, STOPPED_A, STOP_B, STOPPED_B]


def record(type_, run="r1", **more):
    return {"type": type_, "workload": "judged", "run": run, **more}


def plan(step, job):
    return record("TierPlanned", step=step, part=0, offset=0, tiers=[{"jobs": [{"job": job}]}])


ACCEPTED = [record("RunAccepted", action="stop"), record("RunAccepted", "r2", action="start")]
LOG = [*ACCEPTED, plan(0, "j"), record("JobTerminal", job="j"), plan(1, "k"), record("JobTerminal", job="k"), record("RunFinished", result="succeeded")]


def judge(calls, records):
    return wrongs([{**c, "seq": n} for n, c in enumerate(calls, 1)], records, W)


def test_what_is_right_is_not_blamed():
    assert judge(RIGHT, LOG) == []
    assert judge([*RIGHT, call("StartInstances", B, "r2"), state(B, "running")], LOG) == []


@pytest.mark.parametrize(
    "calls,words",
    [
        ([ASKED, ABSENT, STOP_A, STOP_B, STOPPED_A], "before"),
        ([ASKED, ABSENT, STOP_A, STOPPED_A, call("StartInstances", B, "r2"), STOP_B], "had begun"),
        ([STOP_A, STOPPED_A], "its guest had said []"),
        ([ASKED, guest("PRESENT"), STOP_A, STOPPED_A], "PRESENT"),
        ([ASKED, ABSENT, call("StopInstances", A, attempt=2), STOPPED_A], "to this attempt"),
        ([ASKED, ABSENT, STOP_A, STOP_A, STOPPED_A], "2 accepted calls"),
    ],
    ids=["too early", "overlap", "unasked", "present", "asked by another attempt", "called twice"],
)
def test_a_wrong_call_is_seen(calls, words):
    found = judge(calls, ACCEPTED)
    assert len(found) == 1 and words in found[0], found


@pytest.mark.parametrize(
    "records,words",
    [
        ([*ACCEPTED, plan(0, "j"), plan(1, "k")], "had no terminal"),
        ([*LOG, record("RunFinished", result="failed")], "several results"),
    ],
    ids=["planned too early", "two results"],
)
def test_a_wrong_record_is_seen(records, words):
    found = judge([], records)
    assert len(found) == 1 and words in found[0], found
