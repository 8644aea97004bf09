"""docs/migrating.md: rows of the older tool, as it documented them, and what the page does with them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from stack import KEY, SECRET
from workloads import REGION

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "migrating.md").read_text()
WORKLOAD = {
    "SpecName": "shop", "DisableAllSchedulingActions": "0", "EnvFilterTagName": "Environment", "EnvFilterTagValue": "ENV001", "Region": REGION,
    "SNSTopicName": "SchedulerTesting", "SSMS3BucketName": "myBucketName", "SSMS3KeyPrefixName": "ssmRemoteComandResults", "TierFilterTagName": "Role",
    "VPC_ID": "vpc-11111111", "ScaleInstanceDelay": "15",
}  # fmt: skip
TIERS = [
    {"SpecName": "shop", "TierTagValue": name, "TierStart": {"TierSequence": str(start), "TierSynchronization": "False"},
     "TierStop": {"TierSequence": str(stop), "InterTierOrchestrationDelay": "10", **more}, "TierScaling": {"default": "t2.nano", "profileB": "t2.medium"}}
    for name, start, stop, more in (
        ("Role_Web", 2, 0, {"TierStopOverrideFilename": "/tmp/StopOverride", "TierStopOverrideOperatingSystem": "Linux"}),
        ("Role_App", 1, 1, {}), ("Role_DB", 0, 2, {}),
    )
]  # fmt: skip


def block(language, containing):
    (found,) = [b for b in re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if containing in b]
    return found.replace("us-west-2", REGION)


@pytest.fixture
def shell(start_awssim, bin_dir, tmp_path):
    """Types a text as the page's reader does, with the older tool's tables in the simulator."""
    aws = start_awssim({
        "region": REGION, "account": "123456789012", "credentials": [{"access_key": KEY, "secret_key": SECRET}], "instances": [],
        "tables": [{"name": "WorkloadSpecification", "hash": "SpecName", "rows": [WORKLOAD]},
                   {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue", "rows": TIERS}],
    })  # fmt: skip
    env = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws.url,
           "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), "PATH": f"{bin_dir}:{ROOT / '.cache' / 'venv' / 'bin'}:{os.environ['PATH']}"}  # fmt: skip
    return lambda text: subprocess.run(["bash", "-c", text], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)


def test_lint_names_what_this_version_cannot_do_and_the_page_tells_the_same(shell):
    done = shell("ec2sched lint --output json")
    assert done.returncode == 1, done.stdout + done.stderr
    refused = {f["attribute"].split(".")[0] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}
    assert refused == {"SNSTopicName", "ScaleInstanceDelay", "TierScaling"}
    section = PAGE.split("## Rows that this version refuses")[1].split("\n## ")[0]
    assert all(f"`{name}`" in section for name in refused)


def test_the_copy_that_the_page_makes_of_the_older_rows_is_clean(shell, tmp_path):
    done = shell(block("sh", "dynamodb scan"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "rows" / "tiers.json").stat().st_size > 100
    listed = json.loads(shell("ec2sched lint --specs.source dir:rows --output json").stdout)
    assert listed["workloads"] == 1 and [f for f in listed["findings"] if f["severity"] == "error"] == []


def test_the_rows_that_the_page_makes_of_cron_lines_come_due_when_cron_did(shell, tmp_path):
    assert shell(block("sh", "dynamodb scan")).returncode == 0
    (tmp_path / "rows" / "schedules.json").write_text(block("json", "ScheduleSpecification"))
    done = shell("ec2sched schedule next --days 7 --specs.source dir:rows --output json")
    assert done.returncode == 0, done.stdout + done.stderr
    ticks = json.loads(done.stdout)["ticks"]
    assert len([t for t in ticks if t["action"] == "stop"]) == len([t for t in ticks if t["action"] == "start"]) == 5
    lines = re.findall(r"^(\S+ \S+ \S+ \S+ \S+)  python Orchestrator\.py -w (\S+) .*-a (\S+)$", PAGE, re.MULTILINE)
    rows = json.loads(block("json", "ScheduleSpecification"))["ScheduleSpecification"]
    assert lines and lines == [(r["Cron"], r["SpecName"], r["Action"].capitalize()) for r in rows]


def test_the_page_speaks_of_every_option_and_attribute_of_the_older_tool():
    for word in ("-w", "-r", "-a", "-d", "-p", "-o", "-t", "-l", "--workloadIdentifier", "--dynamoDBRegion", "--action", "--dryrun", "--scalingProfile",
                 "--overrideState", "--testcases", "--loglevel", *WORKLOAD, "WorkloadFilterTagName", "WorkloadFilterTagValue", "WorkloadRegion", "CrossAccountRole",
                 "CrossAccountRoleExternalId", "TierTagValue", "TierStart", "TierStop", "TierSequence", "TierSynchronization", "InterTierOrchestrationDelay",
                 "TierStopOverrideFilename", "TierStopOverrideOperatingSystem", "TierScaling", "FleetSubset", "IgnoreStop", "WorkloadState"):  # fmt: skip
        assert f"`{word}`" in PAGE, word
