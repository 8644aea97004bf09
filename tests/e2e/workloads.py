"""Builds scenarios: workloads as people's tables tell them, and the machines that belong to them.

    shop = Workload("shop").tier("web", 2, stop=0, start=1).tier("db", 1, stop=1, start=0)
    scenario([shop, …])

Each workload has a tag value of its own, so that many stand side by side in one simulator and a test uses one.
"""

from stack import KEY, SECRET

REGION = "eu-west-1"
ACCOUNT = "123456789012"
ASK = {"TierStopOverrideFilename": "/var/lock/keep", "TierStopOverrideOperatingSystem": "Linux"}


class Workload:
    made = 0

    def __init__(self, name, **row):
        Workload.made += 1
        self.number, self.name, self.tiers = Workload.made, name, []
        self.row = {
            "SpecName": name, "WorkloadRegion": REGION, "WorkloadFilterTagName": "Workload", "WorkloadFilterTagValue": name.upper(),
            "TierFilterTagName": "Tier", **row,
        }  # fmt: skip
        self.machines = []

    def tier(self, tier, count, *, stop=None, start=None, sync=False, machine=None, row=None, stop_row=None, start_row=None):
        """`stop`, `start`: the sequence numbers, None: no section; `machine`: attributes of its instances, or a list of them."""
        sections = {}
        for section, sequence, more in (("TierStop", stop, stop_row), ("TierStart", start, start_row)):
            if sequence is not None:
                sections[section] = {"TierSequence": sequence, "TierSynchronization": sync, **(more or {})}
        self.tiers.append({"SpecName": self.name, "TierTagValue": tier, **sections, **(row or {})})
        for n in range(count):
            more = machine[n] if isinstance(machine, list) else (machine or {})
            self.machines.append({**more, "id": f"i-{self.number:04x}{len(self.machines):06x}aaaaaaa"[:19],
                                  "tags": {"Workload": self.name.upper(), "Tier": tier, **more.get("tags", {})}})  # fmt: skip
        return self

    def ids(self, tier):
        return [m["id"] for m in self.machines if m["tags"]["Tier"] == tier]


def scenario(workloads, **more):
    return {
        "region": REGION, "account": ACCOUNT,
        "credentials": [{"access_key": KEY, "secret_key": SECRET}],
        "defaults": {"start_ms": 3000, "stop_ms": 3000, "status_ms": 20000, "agent": {"os": "Linux", "latency_ms": 300}},
        "instances": [m for w in workloads for m in w.machines],
        "tables": [
            {"name": "WorkloadSpecification", "hash": "SpecName", "rows": [w.row for w in workloads]},
            {"name": "TierSpecification", "hash": "SpecName", "range": "TierTagValue", "rows": [t for w in workloads for t in w.tiers]},
        ],
        **more,
    }  # fmt: skip
