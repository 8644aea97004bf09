"""The simulated EC2: botocore parses every reply by AWS's own models."""

from botocore.exceptions import ClientError

from lib.awssim import ACCOUNT, REGION, DB, LONE, QUICK, WEB, fails, reaches, scenario, states
from lib.process import wait_until



def test_stop_and_start_go_through_their_states_and_are_in_the_call_log(start_awssim):
    aws = start_awssim()
    ec2 = aws.client("ec2")
    change = ec2.stop_instances(InstanceIds=[WEB, DB])["StoppingInstances"]
    assert [(c["PreviousState"]["Name"], c["CurrentState"]["Name"]) for c in change] == [("running", "stopping")] * 2
    reaches(ec2, "stopped", WEB, DB)
    ec2.stop_instances(InstanceIds=[WEB])  # stopped already: no error, nothing changes
    change = ec2.start_instances(InstanceIds=[WEB])["StartingInstances"]
    assert change[0]["CurrentState"] == {"Code": 0, "Name": "pending"}
    reaches(ec2, "running", WEB)
    log = aws.calls()
    assert [e["seq"] for e in log] == list(range(1, len(log) + 1))
    assert [(e["from"], e["to"], e["cause"]) for e in log if e["kind"] == "state" and e["id"] == WEB] == [
        ("running", "stopping", "StopInstances"),
        ("stopping", "stopped", "time"),
        ("stopped", "pending", "StartInstances"),
        ("pending", "running", "time"),
    ]
    stops = aws.calls(kind="call", operation="StopInstances")
    assert [s["ids"] for s in stops] == [[WEB, DB], [WEB]]
    assert {(s["region"], s["account"], s["status"]) for s in stops} == {(REGION, ACCOUNT, 200)}


def test_one_bad_id_poisons_the_whole_batch_in_awss_words(start_awssim):
    extra = {
        "instances": scenario()["instances"]
        + [
            {"id": "i-0000000a", "stop_protected": True},
            {"id": "i-0000000b", "root_device": "instance-store"},
            {"id": "i-0000000c", "market": "spot-one-time"},
            {"id": "i-0000000d", "state": "terminated"},
            {"id": "i-0000000e", "state": "pending", "stuck": "pending"},
            {"id": "i-0000000f", "state": "stopping", "stuck": "stopping"},
            {"id": "i-000000aa", "market": "spot-persistent", "state": "stopped", "by_user": False},
        ]
    }
    aws = start_awssim(scenario(**extra))
    ec2 = aws.client("ec2")
    missing, other = "i-0fffffffffffffff0", "i-0fffffffffffffff1"
    rows = [
        (ec2.stop_instances, [missing], "InvalidInstanceID.NotFound", f"The instance ID '{missing}' does not exist"),
        (
            ec2.stop_instances,
            [missing, other],
            "InvalidInstanceID.NotFound",
            f"The instance IDs '{missing}, {other}' do not exist",
        ),
        (ec2.stop_instances, ["i-nonsense"], "InvalidInstanceID.Malformed", 'Invalid id: "i-nonsense"'),
        (
            ec2.stop_instances,
            ["i-0000000a"],
            "OperationNotPermitted",
            "The instance 'i-0000000a' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
        ),
        (ec2.stop_instances, ["i-0000000b"], "UnsupportedOperation", "i-0000000b"),
        (
            ec2.stop_instances,
            ["i-0000000c"],
            "UnsupportedOperation",
            "You can't stop the Spot Instance 'i-0000000c' because it is associated with a one-time Spot Instance request",
        ),
        (
            ec2.stop_instances,
            ["i-0000000d"],
            "IncorrectInstanceState",
            "This instance 'i-0000000d' is not in a state from which it can be stopped.",
        ),
        (ec2.stop_instances, ["i-0000000e"], "IncorrectInstanceState", "i-0000000e"),
        (
            ec2.start_instances,
            ["i-0000000f"],
            "IncorrectInstanceState",
            "The instance 'i-0000000f' is not in a state from which it can be started",
        ),
        (ec2.start_instances, ["i-000000aa"], "IncorrectSpotRequestState", "i-000000aa"),
    ]
    for call, ids, code, words in rows:
        message, status = fails(call, code, InstanceIds=[WEB, *ids])
        assert words in message
        assert status == 400
    message, _ = fails(ec2.stop_instances, "UnsupportedHibernationConfiguration", InstanceIds=[WEB], Hibernate=True)
    assert message.endswith(": " + WEB)
    _, status = fails(ec2.stop_instances, "DryRunOperation", InstanceIds=[WEB], DryRun=True)
    assert status == 412
    assert states(ec2)[WEB] == "running"
    assert not aws.calls(kind="state")


def test_a_dry_run_proves_the_permission_alone(start_awssim):
    more = {"access_key": "AKIADENIED0000000001", "secret_key": "denied", "deny": ["ec2:StopInstances", "ec2:DescribeInstances"]}
    aws = start_awssim(scenario(credentials=[{"access_key": "AKIASIMULATED0000001", "secret_key": "simulated"}, more]))
    denied = {"aws_access_key_id": more["access_key"], "aws_secret_access_key": more["secret_key"]}
    for keys, expect in (({}, ("DryRunOperation", 412)), (denied, ("UnauthorizedOperation", 403))):
        ec2 = aws.client("ec2", **keys)
        for call, arguments in ((ec2.stop_instances, {"InstanceIds": [WEB, DB]}), (ec2.describe_instances, {})):
            message, status = fails(call, expect[0], DryRun=True, **arguments)
            assert status == expect[1] and message
    fails(ec2.start_instances, "DryRunOperation", DryRun=True, InstanceIds=[WEB])  # running: the state is not asked for
    fails(ec2.start_instances, "InvalidInstanceID.NotFound", DryRun=True, InstanceIds=["i-0fffffffffffffff0"])
    assert not aws.calls(kind="state")


def test_force_stops_what_hangs_in_stopping(start_awssim):
    aws = start_awssim({"instances": [{"id": WEB, "state": "stopping", "stuck": "stopping", "stop_ms": 100}]})
    ec2 = aws.client("ec2")
    ec2.stop_instances(InstanceIds=[WEB])
    assert aws.instances()[WEB]["state"] == "stopping"
    ec2.stop_instances(InstanceIds=[WEB], Force=True)
    reaches(ec2, "stopped", WEB)


def test_a_start_may_fall_back_with_a_reason_and_capacity_may_be_short(start_awssim):
    fall = {"to": "stopped", "code": "Server.InsufficientInstanceCapacity", "message": "no room", "times": 1}
    aws = start_awssim(
        {
            "defaults": QUICK,
            "instances": [
                {"id": WEB, "state": "stopped", "start_fails": fall},
                {"id": DB, "state": "stopped", "type": "c5.large"},
                {"id": LONE, "state": "stopped", "type": "c5.large"},
            ],
            "capacity": [{"az": REGION + "a", "type": "c5.large", "left": 1}],
        }
    )
    ec2 = aws.client("ec2")
    ec2.start_instances(InstanceIds=[WEB])
    reaches(ec2, "stopped", WEB)
    shown = ec2.describe_instances(InstanceIds=[WEB])["Reservations"][0]["Instances"][0]
    assert shown["StateReason"] == {"Code": "Server.InsufficientInstanceCapacity", "Message": "no room"}
    ec2.start_instances(InstanceIds=[WEB])
    reaches(ec2, "running", WEB)
    _, status = fails(ec2.start_instances, "InsufficientInstanceCapacity", InstanceIds=[DB, LONE])
    assert status == 500
    ec2.start_instances(InstanceIds=[DB])
    reaches(ec2, "running", DB)
    fails(ec2.start_instances, "InsufficientInstanceCapacity", InstanceIds=[LONE])
    ec2.stop_instances(InstanceIds=[DB])
    reaches(ec2, "stopped", DB)
    ec2.start_instances(InstanceIds=[LONE])


def test_filters_compare_like_ec2_with_wildcards_and_escapes(start_awssim):
    aws = start_awssim(
        {
            "instances": [
                {"id": WEB, "tags": {"Environment": "ENV1"}, "vpc": "vpc-1"},
                {"id": DB, "tags": {"Environment": "ENV12"}, "state": "stopped"},
                {"id": LONE, "tags": {"Environment": "ENV*"}},
            ]
        }
    )
    ec2 = aws.client("ec2")
    rows = [
        (("tag:Environment", "ENV1"), {WEB}),
        (("tag:Environment", "ENV*"), {WEB, DB, LONE}),
        (("tag:Environment", r"ENV\*"), {LONE}),
        (("tag:Environment", "ENV1?"), {DB}),
        (("tag:Environment", "env1"), set()),
        (("tag:Environment", "*2"), {DB}),
        (("vpc-id", "vpc-1"), {WEB}),
        (("instance-state-name", "stopped"), {DB}),
        (("instance-id", LONE), {LONE}),
        (("tag-key", "Env*"), {WEB, DB, LONE}),
    ]
    for (name, value), found in rows:
        assert set(states(ec2, Filters=[{"Name": name, "Values": [value]}])) == found, (name, value)
    fails(ec2.describe_instances, "InvalidParameterValue", Filters=[{"Name": "no-such", "Values": ["x"]}])
    fails(ec2.describe_instances, "FilterLimitExceeded", Filters=[{"Name": "vpc-id", "Values": ["x"] * 201}])
    fails(ec2.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=["i-0fffffffffffffff0"])
    fails(ec2.describe_instances, "InvalidParameterCombination", InstanceIds=[WEB], MaxResults=5)
    fails(ec2.describe_instances, "InvalidParameterValue", MaxResults=4)
    fails(ec2.describe_instances, "InvalidParameterValue", MaxResults=5, NextToken="not-ours")


def test_pages_lose_and_double_nothing_even_when_one_is_empty(start_awssim):
    fleet = {"fleets": [{"prefix": "i-0a", "count": 2345, "tags": {"Environment": "BIG"}}], "empty_pages": True}
    ec2 = start_awssim(fleet).client("ec2")
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000}))
    ids = [i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]]
    assert [len(p["Reservations"]) for p in pages] == [0, 1000, 1000, 345]
    assert len(set(ids)) == len(ids) == 2345
    assert ids[10] == "i-0a00000000000000a"


def test_describe_lags_behind_and_status_checks_follow(start_awssim):
    aws = start_awssim({"instances": [{"id": WEB, "state": "stopped", "start_ms": 50, "status_ms": 400, "describe_lag_ms": 300}]})
    ec2 = aws.client("ec2")
    ec2.start_instances(InstanceIds=[WEB])
    assert states(ec2)[WEB] == "stopped"
    reaches(ec2, "running", WEB)

    def status():
        one = ec2.describe_instance_status(InstanceIds=[WEB], IncludeAllInstances=True)["InstanceStatuses"][0]
        return one["InstanceStatus"]["Status"], one["SystemStatus"]["Status"]

    wait_until(lambda: status() == ("ok", "ok"), "both status checks")


def test_the_other_ec2_operations_parse(start_awssim):
    aws = start_awssim({"instances": [{"id": WEB, "state": "stopped", "type": "t3.micro", "market": "spot-persistent"}]})
    ec2 = aws.client("ec2")
    requests = ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert [(r["InstanceId"], r["Type"], r["State"]) for r in requests] == [(WEB, "persistent", "disabled")]
    fails(ec2.modify_instance_attribute, "UnsupportedOperation", InstanceId=WEB, InstanceType={"Value": "m5.large"})
    aws.set({"id": WEB, "market": "on-demand", "tags": {"k": "<&>é"}})
    ec2.modify_instance_attribute(InstanceId=WEB, InstanceType={"Value": "t3.small"})
    assert aws.instances()[WEB]["type"] == "t3.small"
    ec2.modify_instance_attribute(InstanceId=WEB, DisableApiStop={"Value": True})
    credit = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[
            {"InstanceId": WEB, "CpuCredits": "unlimited"},
            {"InstanceId": DB, "CpuCredits": "unlimited"},
        ]
    )
    assert [s["InstanceId"] for s in credit["SuccessfulInstanceCreditSpecifications"]] == [WEB]
    assert credit["UnsuccessfulInstanceCreditSpecifications"][0]["Error"]["Code"] == "InvalidInstanceID.NotFound"
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [WEB]}])["Tags"]
    assert [(t["Key"], t["Value"]) for t in tags] == [("k", "<&>é")]
    aws.set({"id": WEB, "state": "running"})
    fails(ec2.modify_instance_attribute, "IncorrectInstanceState", InstanceId=WEB, InstanceType={"Value": "t3.large"})
    fails(ec2.describe_images, "InvalidAction")


def test_auto_scaling_terminates_and_replaces_a_stopped_member(start_awssim):
    group = {"aws:autoscaling:groupName": "web"}
    aws = start_awssim({"instances": [{"id": WEB, "tags": group, "stop_ms": 50, "start_ms": 50, "replace_ms": 100}]})
    aws.client("ec2").stop_instances(InstanceIds=[WEB])
    wait_until(lambda: aws.instances()[WEB]["state"] == "terminated", "the end of the member")
    others = [i for i in aws.instances().values() if i["id"] != WEB]
    assert [o["tags"] for o in others] == [group]


def test_buckets_throttle_as_ec2_counts_them(start_awssim):
    aws = start_awssim(scenario(buckets={"on": True}))
    ec2 = aws.client("ec2")

    def started():
        try:
            ec2.start_instances(InstanceIds=[WEB])
        except ClientError as e:
            assert e.response["Error"]["Code"] == "RequestLimitExceeded"
            assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            return False
        return True

    outcomes = [started() for _ in range(8)]
    assert outcomes[:5] == [True] * 5
    assert False in outcomes[5:]
    wait_until(lambda: not started(), "an empty bucket")
    wait_until(started, "a token: a refusal takes none, and two come in a second")
