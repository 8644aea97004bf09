"""What the command line's tests run on: workloads of one stack, each for its own tests, so that they do not meet."""

CREDENTIALS = [
    {"access_key": "AKIAEXAMPLEEXAMPLE00", "secret_key": "example/secret/for/the/simulator/00000000"},
    {"access_key": "AKIANOSTOPNOSTOP0001", "secret_key": "nostop", "deny": ["ec2:StopInstances", "ssm:ListCommandInvocations", "dynamodb:Query"]},
    {  # what deploy/iam/person.json leaves out
        "access_key": "AKIAPERSONPERSON0001", "secret_key": "person",
        "deny": ["ec2:DescribeInstanceStatus", "ec2:DescribeSpotInstanceRequests", "ec2:StartInstances", "ec2:StopInstances",
                 "ssm:ListCommandInvocations", "ssm:SendCommand"],
    },
]  # fmt: skip
OVERRIDE = "/var/lock/keep-running"
SLOW_MS = 60_000  # of the simulator's time


def ids(letter, n):
    return [f"i-0{letter}0000000000000{k:02x}" for k in range(n)]


def instance(id_, workload, role, *, change_ms=3000, agent=None, **more):
    return {
        "id": id_, "state": "running", "tags": {"Environment": workload.upper(), "Role": role}, "start_ms": change_ms, "stop_ms": change_ms,
        "agent": {"os": "Linux", "latency_ms": 300, **(agent or {})}, **more,
    }  # fmt: skip


def row(workload, **more):
    return {
        "SpecName": {"S": workload}, "Region": {"S": "eu-west-1"}, "EnvFilterTagName": {"S": "Environment"},
        "EnvFilterTagValue": {"S": workload.upper()}, "TierFilterTagName": {"S": "Role"}, **more,
    }  # fmt: skip


def tier(workload, role, start, stop, **stop_more):
    return {
        "SpecName": {"S": workload}, "TierTagValue": {"S": role}, "TierStart": {"M": {"TierSequence": {"N": str(start)}}},
        "TierStop": {"M": {"TierSequence": {"N": str(stop)}, **stop_more}},
    }  # fmt: skip


def asking(os="Linux"):
    path = OVERRIDE if os == "Linux" else "C:\\keep-running"
    return {"TierStopOverrideFilename": {"S": path}, "TierStopOverrideOperatingSystem": {"S": os}}


SHOP_WEB, SHOP_DB = ids("a", 3), ids("b", 2)
SLOW = {name: ids(letter, 2) for name, letter in (("busy", "c"), ("watched", "d"), ("asked", "e"), ("waited", "9"), ("held", "8"))}


def scenario():
    instances = [instance(i, "shop", "Role_Web") for i in SHOP_WEB]
    instances += [instance(SHOP_DB[0], "shop", "Role_DB", agent={"files": [OVERRIDE]})]
    instances += [instance(SHOP_DB[1], "shop", "Role_DB")]
    for name, members in SLOW.items():
        instances += [instance(i, name, "Role_Only", change_ms=SLOW_MS) for i in members]
    workloads = [row("shop", Owner={"S": "the shop's people"}, SSMS3BucketName={"S": "retired"}), row("off", DisableAllSchedulingActions={"N": "1"})]
    tiers = [tier("shop", "Role_Web", 1, 0), tier("shop", "Role_DB", 0, 1, **asking()), tier("off", "Role_Only", 0, 0)]
    workloads += [row(name) for name in SLOW] + [row("win"), row("few", MaxInstances={"N": "1"})]
    tiers += [tier(name, "Role_Only", 0, 0) for name in (*SLOW, "few")] + [tier("win", "Role_Only", 0, 0, **asking("Windows"))]
    instances += [instance(i, "few", "Role_Only") for i in ids("f", 2)]
    return {
        "region": "eu-west-1", "credentials": CREDENTIALS, "instances": instances,
        "ssm": {"missing_buckets": ["retired"]},
        "tables": [
            {"name": "WorkloadSpecification", "hash": "SpecName", "items": workloads},
            {"name": "ScheduleSpecification", "hash": "SpecName", "range": "ScheduleName", "rows": []},
            {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue", "items": tiers},
        ],
    }  # fmt: skip
