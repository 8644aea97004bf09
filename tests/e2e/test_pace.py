"""More instances than AWS's buckets hold, with AWS's published numbers and the time scaled: nobody fails, and AWS has little to refuse.

At a scale of 20, StartInstances has 5 requests and 1,000 instances at once, and 40 of each a second (2 in life).
"""

import pytest
from order import violations
from stack import Stack
from workloads import Workload, scenario

SCALE, BUCKET, BEYOND = 20, 1000, 600


def throttled(calls, operation):
    return [c for c in calls if c["kind"] == "call" and c["operation"] == operation and c["code"] == "RequestLimitExceeded"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_start_beyond_awss_buckets_is_done_whole_in_order_and_hardly_throttled(tmp_path, bin_dir, kafka, redis_server, workers):
    stopped = {"state": "stopped"}
    huge = Workload("huge").tier("db", BUCKET + BEYOND, start=0, stop=1, machine=stopped)
    huge.tier("web", 20, start=1, stop=0, machine=stopped)
    told = scenario([huge], buckets={"on": True})
    with Stack(tmp_path, bin_dir, kafka, redis_server, told, workers=workers, time_scale=SCALE) as stack:
        run = stack.cli("start", "huge", "--yes", "--run", "r1", "--wait", "--timeout", "90s")
        assert run.returncode == 0, run.stdout + run.stderr
        calls = stack.aws.calls()
        assert set(stack.aws.states().values()) == {"running"}
        members = stack.read("show", "huge@r1")["members"]
        assert {m["outcome"] for m in members} == {"done"} and len(members) == BUCKET + BEYOND + 20
        assert violations(calls, [huge.ids("db"), huge.ids("web")], "running") == []
        logs = "".join(worker.log() for worker in stack.workers)
        assert "event=act.throttled" in logs  # whoever waits for tokens says so
        refused = throttled(calls, "StartInstances")
        if workers == 1:
            # docs/performance.md, M11: at most 0.5 % of the calls, and there are fewer than 200
            assert refused == []
        else:
            # Each has a bucket of its own, and learns. Two at 0.7 x 0.7 of the rate ask for less than AWS gives: each is cut twice,
            # and after it has gained its twentieth a minute (3 s here) again. One cut may come of a whole burst of 5 requests.
            assert len(refused) <= workers * (5 + 1 + 2)
