"""A folder of rows: what is wrong in one file is told with the file's name, once, and keeps nobody else from going on."""

import json
import subprocess

import pytest
from test_cli_rows import DB, WEB, WORKLOAD, many, web, workload

from lib.process import free_port


@pytest.fixture
def cli(bin_dir, tmp_path):
    """Runs the command line over these files: (exit code, document)."""

    def run(files, *words):
        rows = tmp_path / "rows"
        rows.mkdir()
        for name, content in files.items():
            (rows / name).write_text(content if isinstance(content, str) else json.dumps(content))
        env = {
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
            "EC2SCHED_SPECS_SOURCE": f"dir:{rows}", "EC2SCHED_KAFKA_BROKERS": f"127.0.0.1:{free_port()}",
            "EC2SCHED_REDIS_URL": "redis://127.0.0.1:1/0",
        }  # fmt: skip
        done = subprocess.run([bin_dir / "ec2sched", *words, "--output", "json"], env=env, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout)

    return run


def other(name, value=None):
    return workload(SpecName=name, WorkloadFilterTagValue=value or name.upper())


def errors(document, severity="error"):
    return [(f["row"], f.get("attribute", ""), f["message"]) for f in document["findings"] if f["severity"] == severity]


def test_a_doubled_row_names_both_files_once_and_the_others_are_looked_at(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB], "b.json": [WORKLOAD, other("bank"), {**WEB, "SpecName": "bank"}]}, "lint")
    assert code == 1 and found["workloads"] == 2
    assert errors(found) == [("WorkloadSpecification shop", "SpecName", "stands twice, in a.json and in b.json: keep one row")]


def test_a_doubled_tier_row_is_told_once_however_often_it_stands(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB, DB], "b.json": [WEB, WEB]}, "lint", "shop")
    assert code == 1
    assert errors(found) == [("TierSpecification shop/Role_Web", "TierTagValue", "stands twice, in a.json and in b.json: keep one row")]


def test_a_file_that_is_no_json_is_named_and_the_others_are_listed(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB], "broken.json": "{"}, "lint")
    assert code == 1 and [row for row, _, _ in errors(found)] == ["broken.json"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_tier_row_without_its_name_is_not_taken_for_a_workloads(cli, inside):
    nameless = {k: v for k, v in DB.items() if k != "TierTagValue"}
    rows = {"WorkloadSpecification": [WORKLOAD], "TierSpecification": [WEB, nameless]} if inside else [WORKLOAD, WEB, nameless]
    code, found = cli({"a.json": rows}, "lint")
    assert code == 1 and found["workloads"] == 1
    assert errors(found) == [("a.json", "TierTagValue", "a row of TierSpecification lacks it: the tier's name")]


def test_tier_rows_of_no_workload_are_told_with_the_name_that_was_meant(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB, {**DB, "SpecName": "shpo"}]}, "lint")
    (error,) = errors(found)
    assert code == 1 and error[:2] == ("TierSpecification shpo", "SpecName") and "did you mean 'shop'?" in error[2]


def test_a_list_goes_on_and_shows_which_is_not_valid(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB, WORKLOAD], "b.json": [other("bank"), {**WEB, "SpecName": "bank"}]}, "list")
    assert code == 0 and {w["workload"]: w["valid"] for w in found["workloads"]} == {"shop": False, "bank": True}


def test_a_run_of_the_faulty_workload_is_refused_with_the_file(cli):
    code, found = cli({"a.json": [WORKLOAD, WEB], "b.json": [WEB]}, "start", "shop")
    assert code == 3 and "a.json and in b.json" in json.dumps(found)


@pytest.mark.parametrize("only", [[], ["bank"]])
def test_workloads_that_select_the_same_instances_are_told(cli, only):
    rows = [WORKLOAD, WEB, DB, other("bank", "SHOP"), {**WEB, "SpecName": "bank"}, other("far", "FAR"), {**WEB, "SpecName": "far"}]
    code, found = cli({"a.json": rows}, "lint", *only)
    ((row, attribute, message),) = errors(found, "warning")
    assert code == 0 and (row, attribute) == ("TierSpecification bank/Role_Web", "TierTagValue") and "'shop'" in message


@pytest.mark.parametrize("rows, row, attribute", [
    ([WORKLOAD, *many(201)], "TierSpecification shop", "TierStart.TierSequence"),
    ([WORKLOAD, *many(501)], "TierSpecification shop", "TierTagValue"),
    ([WORKLOAD], "TierSpecification shop", "SpecName"),
])  # fmt: skip
def test_what_is_about_all_tiers_names_the_workload(cli, rows, row, attribute):
    _, found = cli({"a.json": rows}, "lint")
    assert errors(found)[0][:2] == (row, attribute)


@pytest.mark.parametrize("tier, words", [
    (web(TierKind="asg"), ["'asg' is reserved"]),
    ({**WEB, "TierStart": {"TierSequence": 1, "ReadyCheck": {"Tcp": {"Port": 1}}}}, ["probes are not supported"]),
    ({**WEB, "TierStop": "yes"}, ["'yes' must be a map"]),
    (web({"TierSequence": [7]}), ["'[7]' is of the wrong type"]),
    (web({"TierStopOverrideFilename": ["x"], "TierStopOverrideOperatingSystem": "Linux"}), ["'[\"x\"]' is of the wrong type"]),
    (web({"TierStopOverrideFilename": "/x", "TierStopOverrideOperatingSystem": "Plan9"}), ["'Plan9' is not one of"]),
], ids=str)  # fmt: skip
def test_one_fault_is_one_finding(cli, tier, words):
    _, found = cli({"a.json": [WORKLOAD, tier]}, "lint")
    (finding,) = found["findings"]
    assert finding["severity"] == "error" and all(w in finding["message"] for w in words), finding
