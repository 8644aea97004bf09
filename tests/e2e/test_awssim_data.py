"""The simulated DynamoDB, STS, SNS and metadata endpoints, asked by botocore."""

import os
import urllib.error

import boto3
import pytest

from lib.awssim import ACCOUNT, REGION, DB, LONE, WEB, WINDOWS, fails, scenario, states



def rows_of(name="Tiers", **more):
    rows = [{"SpecName": s, "TierTagValue": t, "N": 1, "On": True} for s in ("A", "B") for t in ("app", "db", "web")]
    return {"tables": [{"name": name, "hash": "SpecName", "range": "TierTagValue", "rows": rows, **more}]}


@pytest.mark.parametrize("options", [{}, {"page_items": 1}, {"page_items": 2}])
@pytest.mark.parametrize("empty", [False, True])
def test_query_and_scan_page_without_loss(start_awssim, options, empty):
    dynamodb = start_awssim({**rows_of(**options), "empty_pages": empty}).client("dynamodb")
    pages = list(
        dynamodb.get_paginator("query").paginate(
            TableName="Tiers",
            ConsistentRead=True,
            KeyConditionExpression="#n = :n",
            ExpressionAttributeNames={"#n": "SpecName"},
            ExpressionAttributeValues={":n": {"S": "A"}},
        )
    )
    items = [i for p in pages for i in p["Items"]]
    assert [i["TierTagValue"]["S"] for i in items] == ["app", "db", "web"]
    assert (items[0]["N"], items[0]["On"]) == ({"N": "1"}, {"BOOL": True})
    assert not empty or (pages[0]["Items"] == [] and pages[0]["LastEvaluatedKey"])
    scanned = [i for p in dynamodb.get_paginator("scan").paginate(TableName="Tiers") for i in p["Items"]]
    assert len({(i["SpecName"]["S"], i["TierTagValue"]["S"]) for i in scanned}) == len(scanned) == 6


def test_items_are_written_under_conditions_and_in_transactions(start_awssim):
    dynamodb = start_awssim(rows_of()).client("dynamodb")
    key = {"SpecName": {"S": "A"}, "TierTagValue": {"S": "web"}}
    assert dynamodb.get_item(TableName="Tiers", Key=key)["Item"]["N"] == {"N": "1"}
    dynamodb.update_item(
        TableName="Tiers",
        Key=key,
        UpdateExpression="SET #a = :t, Extra = :x REMOVE N",
        ExpressionAttributeNames={"#a": "LastActionTime"},
        ExpressionAttributeValues={":t": {"S": "now"}, ":x": {"N": "2"}},
    )
    item = dynamodb.get_item(TableName="Tiers", Key=key)["Item"]
    assert (item["LastActionTime"], item["Extra"], "N" in item) == ({"S": "now"}, {"N": "2"}, False)
    fails(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        TableName="Tiers",
        Item=key,
        ConditionExpression="attribute_not_exists(SpecName)",
    )
    new = {"SpecName": {"S": "C"}, "TierTagValue": {"S": "web"}}
    acts = [
        {"Put": {"TableName": "Tiers", "Item": new}},
        {"Delete": {"TableName": "Tiers", "Key": key, "ConditionExpression": "Extra = :x", "ExpressionAttributeValues": {":x": {"N": "9"}}}},
    ]  # fmt: skip
    fails(dynamodb.transact_write_items, "TransactionCanceledException", TransactItems=acts)
    assert "Item" not in dynamodb.get_item(TableName="Tiers", Key=new)
    acts[1]["Delete"]["ExpressionAttributeValues"] = {":x": {"N": "2"}}
    dynamodb.transact_write_items(TransactItems=acts)
    assert "Item" in dynamodb.get_item(TableName="Tiers", Key=new)
    assert "Item" not in dynamodb.get_item(TableName="Tiers", Key=key)
    fails(dynamodb.get_item, "ResourceNotFoundException", TableName="Nope", Key=key)
    fails(dynamodb.get_item, "ValidationException", TableName="Tiers", Key={"SpecName": {"S": "A"}})
    dynamodb.create_table(
        TableName="WorkloadState",
        KeySchema=[{"AttributeName": "Workload", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Workload", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="WorkloadState", WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    assert dynamodb.describe_table(TableName="WorkloadState")["Table"]["TableStatus"] == "ACTIVE"
    assert dynamodb.list_tables()["TableNames"] == ["Tiers", "WorkloadState"]


ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
FAR = "arn:aws:iam::999999999999:role/Far"


def test_roles_are_assumed_with_their_external_id_and_see_their_account(start_awssim):
    roles = [{"arn": FAR, "external_id": "secret-word", "deny": ["ec2:StopInstances"]}]
    here = scenario()["instances"]
    aws = start_awssim(scenario(roles=roles, instances=[*here, {"id": "i-0000000a", "account": "999999999999"}]))
    sts = aws.client("sts")
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    fails(sts.assume_role, "AccessDenied", RoleArn=FAR, RoleSessionName="worker")
    fails(sts.assume_role, "AccessDenied", RoleArn=FAR, RoleSessionName="worker", ExternalId="wrong")
    got = sts.assume_role(RoleArn=FAR, RoleSessionName="worker", ExternalId="secret-word")["Credentials"]
    session = {
        "aws_access_key_id": got["AccessKeyId"],
        "aws_secret_access_key": got["SecretAccessKey"],
        "aws_session_token": got["SessionToken"],
    }
    far = aws.client("ec2", **session)
    assert aws.client("sts", **session).get_caller_identity()["Arn"].endswith(":assumed-role/Far/worker")
    assert list(states(far)) == ["i-0000000a"]
    fails(far.stop_instances, "UnauthorizedOperation", InstanceIds=["i-0000000a"])
    fails(aws.client("ec2", **{**session, "aws_session_token": "x"}).describe_instances, "AuthFailure")
    assert set(states(aws.client("ec2"))) == {WEB, DB, WINDOWS, LONE}


def test_web_identity_needs_no_signature(start_awssim):
    aws = start_awssim({"roles": [{"arn": ROLE, "web_identity_token": "a.b.c-token"}]})
    sts = aws.client("sts")
    got = sts.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken="a.b.c-token")
    assert got["Credentials"]["AccessKeyId"].startswith("ASIA")
    fails(
        sts.assume_role_with_web_identity,
        "InvalidIdentityToken",
        RoleArn=ROLE,
        RoleSessionName="pod",
        WebIdentityToken="forged",
    )


def test_botocore_finds_its_credentials_at_the_metadata_endpoints(start_awssim, monkeypatch):
    aws = start_awssim({"roles": [{"arn": ROLE}], "metadata": {"role": ROLE, "container_token": "Basic abc"}})
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url + "/_/imds/")

    def caller():
        return boto3.session.Session().client("sts", endpoint_url=aws.url, region_name=REGION).get_caller_identity()["Arn"]

    assert caller().endswith(":assumed-role/Worker/i-metadata")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + "/_/container/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc")
    monkeypatch.delenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    assert caller().endswith(":assumed-role/Worker/i-metadata")
    with pytest.raises(urllib.error.HTTPError) as refused:
        aws._ask("/_/imds/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": "old"})
    assert refused.value.code == 401


def test_sns_takes_a_message(start_awssim):
    aws = start_awssim()
    sent = aws.client("sns").publish(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:topic", Message="hello", Subject="s")
    assert sent["MessageId"]
    assert aws.calls(service="sns", operation="Publish", status=200)
