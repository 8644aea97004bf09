"""Rows that are wrong: each is one clear error that names the row, the attribute and the remedy, and nothing is begun.

The rows are files, so nothing but the program runs: whatever it would begin has nowhere to go, and its exit would be another."""

import copy
import json
import subprocess

import pytest

from lib.process import Process, free_port

REFUSED, FAILED = 3, 1
WORKLOAD = {
    "SpecName": "shop", "WorkloadRegion": "eu-west-1", "WorkloadFilterTagName": "Environment", "WorkloadFilterTagValue": "SHOP",
    "TierFilterTagName": "Role",
}  # fmt: skip
WEB = {"SpecName": "shop", "TierTagValue": "Role_Web", "TierStart": {"TierSequence": 1}, "TierStop": {"TierSequence": 0}}
DB = {"SpecName": "shop", "TierTagValue": "Role_DB", "TierStart": {"TierSequence": 0}, "TierStop": {"TierSequence": 1}}


def workload(**more):
    return {k: v for k, v in {**WORKLOAD, **more}.items() if v is not None}


def web(stop=None, **more):
    tier = {**copy.deepcopy(WEB), **more}
    tier["TierStop"].update(stop or {})
    return {k: v for k, v in tier.items() if v is not None}


def file_named(path, os="Linux"):
    return web({"TierStopOverrideFilename": path, "TierStopOverrideOperatingSystem": os})


def many(n):
    return [
        {"SpecName": "shop", "TierTagValue": f"T{k}", "TierStart": {"TierSequence": k}, "TierStop": {"TierSequence": k}} for k in range(n)
    ]  # fmt: skip


BAD = {
    "no row": ([], [WEB], ["shop"]),
    "a row without its region": ([workload(WorkloadRegion=None)], [WEB], ["WorkloadSpecification shop", "WorkloadRegion"]),
    "a row without its tag": ([workload(WorkloadFilterTagName=None)], [WEB], ["WorkloadSpecification shop", "WorkloadFilterTagName"]),
    "no tier": ([WORKLOAD], [], ["shop", "tier"]),
    "a tier twice": ([WORKLOAD], [WEB, web()], ["TierSpecification", "Role_Web", "stands twice"]),
    "the row twice": ([WORKLOAD, workload(WorkloadRegion="us-east-1")], [WEB], ["WorkloadSpecification", "shop", "stands twice"]),
    "both names of one attribute, and they differ": ([workload(Region="us-east-1")], [WEB], ["WorkloadSpecification shop", "Region"]),
    "a flag that is a list": ([workload(DisableAllSchedulingActions=["1"])], [WEB], ["DisableAllSchedulingActions"]),
    "a word that is no flag": ([workload(DisableAllSchedulingActions="maybe")], [WEB], ["DisableAllSchedulingActions", "maybe"]),
    "a sequence that is a word": ([WORKLOAD], [web({"TierSequence": "first"})], ["Role_Web", "TierStop.TierSequence"]),
    "a sequence below 0": ([WORKLOAD], [web({"TierSequence": -1})], ["Role_Web", "TierStop.TierSequence"]),
    "a section without a sequence": ([WORKLOAD], [web(TierStop={})], ["Role_Web", "TierStop.TierSequence"]),
    "a section that is a text": ([WORKLOAD], [{**WEB, "TierStop": "yes"}], ["Role_Web", "TierStop"]),
    "an unknown word for synchronization": ([WORKLOAD], [web({"TierSynchronization": "often"})], ["Role_Web", "TierSynchronization"]),
    "an override path that SSM would fill in": ([WORKLOAD], [file_named("/tmp/{{ssm:x}}")], ["Role_Web", "TierStopOverrideFilename"]),
    "an override path that is not absolute": ([WORKLOAD], [file_named("tmp/x")], ["Role_Web", "TierStopOverrideFilename"]),
    "an override path with a newline": ([WORKLOAD], [file_named("/tmp/x\nrm")], ["Role_Web", "TierStopOverrideFilename"]),
    "an override file without its system": ([WORKLOAD], [file_named("/tmp/x", None)], ["Role_Web", "TierStopOverrideOperatingSystem"]),
    "an unknown system": ([WORKLOAD], [file_named("/tmp/x", "BeOS")], ["Role_Web", "TierStopOverrideOperatingSystem"]),
    "a failure policy that is none": ([workload(FailurePolicy="hope")], [WEB], ["FailurePolicy"]),
    "a bound that is no number": ([workload(MaxInstances="few")], [WEB], ["MaxInstances"]),
    "an attribute that this build cannot do": ([WORKLOAD], [web(TierScaling={"big": "m5.large"})], ["Role_Web", "TierScaling"]),
    "more steps than there may be": ([WORKLOAD], many(201), ["shop", "200"]),
    "more tiers than there may be": ([WORKLOAD], many(501), ["shop", "500"]),
}  # fmt: skip


@pytest.fixture
def cli(bin_dir, tmp_path):
    """cli(workload rows, tier rows, words…) -> the completed process."""

    def run(workloads, tiers, *words):
        (tmp_path / "rows").mkdir(exist_ok=True)
        (tmp_path / "rows" / "all.json").write_text(json.dumps({"WorkloadSpecification": workloads, "TierSpecification": tiers}))
        env = Process(["ec2sched"], cwd=tmp_path, env={
            "EC2SCHED_SPECS_SOURCE": f"dir:{tmp_path / 'rows'}", "EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_REGION": "eu-west-1",
        }).env  # fmt: skip
        return subprocess.run([bin_dir / "ec2sched", *words], env=env, cwd=tmp_path, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)  # fmt: skip

    return run


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_row_is_one_error_with_row_attribute_and_remedy(cli, what):
    workloads, tiers, names = BAD[what]
    done = cli(workloads, tiers, "stop", "shop", "--yes")
    assert (done.returncode, done.stdout) == (REFUSED, ""), (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("ec2sched: ") and "nothing was started" in lines[0], done.stderr
    for name in names:
        assert name in lines[0], lines[0]
    error = json.loads(cli(workloads, tiers, "stop", "shop", "--yes", "--output", "json").stdout)["error"]
    assert error["kind"] == "refused" and error["message"].replace("\n", "?") in lines[0] and error["remedy"] in lines[0]
    assert cli(workloads, tiers, "plan", "shop", "stop").returncode == REFUSED


@pytest.mark.parametrize("what", [w for w in BAD if w not in ("no row",)])
def test_lint_finds_it_too(cli, what):
    workloads, tiers, names = BAD[what]
    done = cli(workloads, tiers, "lint", "shop", "--output", "json")
    assert done.returncode == FAILED, (done.stdout, done.stderr)
    errors = [f for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]
    assert errors and all(f["row"] and f["message"] for f in errors)


@pytest.mark.parametrize("path", ["/tmp/it's", '/tmp/"quoted"', "/tmp/$(rm -rf x)`y`", "/tmp/a b;c&d|e>f"])
def test_a_path_with_quotes_is_a_path(cli, path):
    done = cli([WORKLOAD], [file_named(path)], "lint", "shop", "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unknown_workload_names_the_nearest_way_to_find_it(cli):
    done = cli([WORKLOAD], [WEB, DB], "stop", "shpo", "--yes")
    assert done.returncode == REFUSED and "shpo" in done.stderr and "ec2sched list" in done.stderr
