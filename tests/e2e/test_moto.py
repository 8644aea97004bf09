"""The same run against moto: an AWS that nobody here wrote. Workloads without override files: moto has no ListCommandInvocations."""

import sys

import boto3
import pytest
from stack import KEY, SECRET, Stack

from lib.process import Process, free_port, wait_until

REGION = "eu-west-1"


class Moto(Process):
    def __init__(self, folder):
        self.port = free_port()
        super().__init__([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port], cwd=folder, name="moto")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        self.wait_for_http(self.url + "/moto-api/", timeout_s=60)
        return self

    def client(self, service):
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET)


def launch(ec2, role, n):
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags = [{"Key": "Environment", "Value": "SHOP"}, {"Key": "Role", "Value": role}]
    made = ec2.run_instances(ImageId=image, MinCount=n, MaxCount=n, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    return sorted(i["InstanceId"] for i in made["Instances"])


def put_rows(dynamodb):
    dynamodb.put_item(TableName="WorkloadSpecification", Item={
        "SpecName": {"S": "shop"}, "WorkloadRegion": {"S": REGION}, "WorkloadFilterTagName": {"S": "Environment"},
        "WorkloadFilterTagValue": {"S": "SHOP"}, "TierFilterTagName": {"S": "Role"},
    })  # fmt: skip
    for role, start, stop in (("Role_Web", 2, 0), ("Role_App", 1, 1), ("Role_DB", 0, 2)):
        dynamodb.put_item(TableName="TierSpecification", Item={
            "SpecName": {"S": "shop"}, "TierTagValue": {"S": role},
            "TierStart": {"M": {"TierSequence": {"N": str(start)}}}, "TierStop": {"M": {"TierSequence": {"N": str(stop)}}},
        })  # fmt: skip


def states(ec2):
    found = ec2.describe_instances(Filters=[{"Name": "tag:Environment", "Values": ["SHOP"]}])["Reservations"]
    return {i["InstanceId"]: i["State"]["Name"] for r in found for i in r["Instances"]}


@pytest.fixture
def stack(tmp_path, bin_dir, kafka, redis_server):
    with Moto(tmp_path) as moto, Stack(tmp_path, bin_dir, kafka, redis_server, None, producers=2, workers=3, aws=moto) as s:
        yield s


def test_a_workload_in_motos_tables_stops_and_starts(stack):
    ec2, dynamodb = stack.aws.client("ec2"), stack.aws.client("dynamodb")
    made = stack.cli("tables", "create")
    assert made.returncode == 0, made.stdout + made.stderr
    put_rows(dynamodb)
    roles = {role: launch(ec2, role, n) for role, n in (("Role_Web", 3), ("Role_App", 2), ("Role_DB", 2))}
    everyone = sorted(i for ids in roles.values() for i in ids)
    wait_until(lambda: set(states(ec2).values()) == {"running"}, "moto's instances to run")

    done = stack.cli("stop", "shop", "--yes", "--run", "s1", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(ec2) == {i: "stopped" for i in everyone}
    shown = {m["id"]: (m["step"], m["outcome"]) for m in stack.read("show", "shop@s1")["members"]}
    assert shown == {i: (n, "done") for n, role in enumerate(("Role_Web", "Role_App", "Role_DB")) for i in roles[role]}

    done = stack.cli("start", "shop", "--run", "s2", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(ec2) == {i: "running" for i in everyone}
