"""deploy/kubernetes: what the API server would say of it, and what our programs need of it."""

import re
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.31"  # the oldest that we hold it to
DRAIN_S, MARGIN_S = 25, 2

# KEDA's CustomResourceDefinition of v2, as far as we use it: a name that it does not know is refused.
TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
PROMETHEUS = {"serverAddress": TEXT, "query": TEXT, "threshold": TEXT, "activationThreshold": TEXT, "ignoreNullValues": TEXT, "namespace": TEXT}


def closed(properties, *required):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


SCALED_OBJECT = closed(
    {
        "apiVersion": {"const": "keda.sh/v1alpha1"},
        "kind": {"const": "ScaledObject"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": closed(
            {
                "scaleTargetRef": closed({"name": TEXT, "kind": TEXT, "apiVersion": TEXT}, "name"),
                "pollingInterval": COUNT, "cooldownPeriod": COUNT, "initialCooldownPeriod": COUNT,
                "minReplicaCount": COUNT, "maxReplicaCount": COUNT, "idleReplicaCount": COUNT,
                "fallback": closed({"failureThreshold": COUNT, "replicas": COUNT}, "failureThreshold", "replicas"),
                "advanced": {"type": "object"},
                "triggers": {
                    "type": "array", "minItems": 1,
                    "items": closed(
                        {"type": {"const": "prometheus"}, "metricType": {"enum": ["AverageValue", "Value"]},
                         "metadata": closed(PROMETHEUS, "serverAddress", "query", "threshold")},
                        "type", "metadata",
                    ),
                },
            },
            "scaleTargetRef", "triggers",
        ),
    },
    "apiVersion", "kind", "metadata", "spec",
)  # fmt: skip


def documents():
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield document


def named(kind):
    return {d["metadata"]["name"]: d for d in documents() if d["kind"] == kind}


BUILT_IN = [d for d in documents() if not d["apiVersion"].startswith(("keda.sh", "kustomize"))]


@pytest.mark.parametrize("document", BUILT_IN, ids=lambda d: f"{d['kind']}-{d['metadata']['name']}")
def test_kubernetes_would_take_it(document):
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_a_name_that_kubernetes_does_not_know_is_found():
    broken = {**named("Deployment")["ec2sched-worker"], "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_the_list_of_resources_is_whole():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(p.name for p in FOLDER.glob("*.yaml") if p.name != "kustomization.yaml")


def pods():
    for kind in ("Deployment", "Job"):
        for name, d in named(kind).items():
            yield name, d["spec"]["template"]["spec"]


def test_no_pod_is_given_variables_of_services_or_rights():
    found = dict(pods())
    assert set(found) == {"ec2sched-producer", "ec2sched-worker", "ec2sched-monitor", "ec2sched-topics"}
    for name, pod in found.items():
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] and rights["capabilities"] == {"drop": ["ALL"]}, name


def test_daemons_are_probed_and_given_the_time_to_drain():
    settings = named("ConfigMap")["ec2sched"]["data"]
    assert settings["EC2SCHED_DRAIN_TIMEOUT"] == f"{DRAIN_S}s"
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
    for name, d in named("Deployment").items():
        pod = d["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] >= DRAIN_S + MARGIN_S
        container = pod["containers"][0]
        port = container["ports"][0]["containerPort"]
        assert f"EC2SCHED_ADMIN_LISTEN=0.0.0.0:{port}" in dockerfile, name
        assert d["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
        probes = {p: container[p]["httpGet"] for p in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert {p: g["path"] for p, g in probes.items()} == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        assert {g["port"] for g in probes.values()} == {container["ports"][0]["name"]}


def test_each_deployment_has_its_own_account_and_a_budget_for_disruptions():
    accounts, budgets = named("ServiceAccount"), named("PodDisruptionBudget")
    for name, d in named("Deployment").items():
        pod = d["spec"]["template"]
        assert pod["spec"]["serviceAccountName"] == name and name in accounts
        assert budgets[name]["spec"]["selector"] == d["spec"]["selector"]
        assert d["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert budgets["ec2sched-producer"]["spec"]["minAvailable"] < named("Deployment")["ec2sched-producer"]["spec"]["replicas"]


def test_the_monitor_is_found_inside_the_cluster_alone():
    service, deployment = named("Service")["ec2sched-monitor"]["spec"], named("Deployment")["ec2sched-monitor"]["spec"]
    assert service.get("type", "ClusterIP") == "ClusterIP" and "externalIPs" not in service
    assert service["selector"].items() <= deployment["template"]["metadata"]["labels"].items()
    ports = deployment["template"]["spec"]["containers"][0]["ports"]
    assert [(p["targetPort"], p["port"]) for p in service["ports"]] == [(p["name"], p["containerPort"]) for p in ports]


def test_workers_are_scaled_by_a_gauge_that_the_producer_serves_down_to_none():
    scaled = named("ScaledObject")["ec2sched-worker"]
    jsonschema.validate(scaled, SCALED_OBJECT)
    spec = scaled["spec"]
    worker = named("Deployment")[spec["scaleTargetRef"]["name"]]
    assert "replicas" not in worker["spec"], "a fixed number would fight with the scaler at every apply"
    assert spec["minReplicaCount"] == 0
    options = (ROOT / "docs" / "configuration.md").read_text()
    partitions = int(re.search(r"`kafka\.jobs\.partitions`.*?`(\d+)` \|", options)[1])
    assert spec["maxReplicaCount"] <= partitions // 4
    trigger = spec["triggers"][0]["metadata"]
    metric = re.fullmatch(r"sum\((\w+)\)", trigger["query"])[1]
    assert f"| `{metric}` | gauge |" in (ROOT / "docs" / "operations.md").read_text()
    assert float(trigger["activationThreshold"]) == 0 and float(trigger["threshold"]) > 0
    # a gauge that nobody gives must not read as "nothing to do"
    assert trigger["ignoreNullValues"] == "false" and spec["fallback"]["replicas"] > 0
