"""deploy/alerts.yml: promtool makes each rule fire, and shows that it is silent while all is well."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lib.prometheus import promtool

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "alerts.yml"
RULES = {r["alert"]: r for g in YAML(typ="safe").load(FILE)["groups"] for r in g["rules"]}

P, W = 'job="ec2sched-producer"', 'job="ec2sched-worker"'
HOURS = "x180"  # of samples, one a minute


def still(value):
    return f"{value}{HOURS}"


def rising(at="30"):
    """A counter that stands at 0 and rises once."""
    return f"0x{at} 1x150"


def workload(action, since_s, unmet):
    labels = f'{{{P},instance="a",workload="shop",action="{action}"}}'
    return {f"ec2sched_producer_workload_wanted_timestamp_seconds{labels}": still(since_s), f"ec2sched_producer_workload_unmet{labels}": unmet}


def partitions(instance, **states):
    every = {"standby": 0, "locate": 0, "seed": 0, "replay": 0, "lead": 0, "halt": 0, **states}
    return {f'ec2sched_producer_partitions{{{P},instance="{instance}",state="{s}"}}': still(n) for s, n in every.items()}


def one(name, value, job=P, **labels):
    words = "".join(f',{k}="{v}"' for k, v in labels.items())
    return {f'{name}{{{job},instance="a"{words}}}': value}


def runs(action, result):
    return one("ec2sched_producer_runs_finished_total", rising(), action=action, result=result)


# What makes a rule fire: series, the minute at which it is asked, and the labels that it says. Every other row of series must not.
# A rule may have several ways to fire.
FIRES = {
    "Ec2schedWorkloadNotDown": [(workload("stop", 0, still(1)), 62, {"workload": "shop"})],
    "Ec2schedWorkloadNotUp": [(workload("start", 0, still(1)), 47, {"workload": "shop"})],
    "Ec2schedRunHalted": [(runs("stop", "halted"), 35, {"action": "stop"})],
    "Ec2schedRunFailed": [(runs("start", r), 35, {"action": "start", "result": r}) for r in ("failed", "partial", "deadline", "expired")],
    "Ec2schedTickMissed": [(one("ec2sched_producer_ticks_missed_total", rising()), 35, {})],
    "Ec2schedScheduleInvalid": [(one("ec2sched_producer_schedules_invalid", still(1)), 11, {})],
    "Ec2schedSchedulesUnread": [
        ({**partitions("a", lead=2), **one("ec2sched_producer_schedules_read_timestamp_seconds", still(600))}, 31, {"job": "ec2sched-producer", "instance": "a"}),
        ({**partitions("a", lead=2), **one("ec2sched_producer_schedules_read_timestamp_seconds", still(0))}, 21, {"job": "ec2sched-producer", "instance": "a"}),
    ],
    "Ec2schedNoLeader": [
        ({**partitions("a", lead=1, standby=1), **partitions("b", standby=2)}, 2, {"job": "ec2sched-producer"}),
        (partitions("a"), 2, {"job": "ec2sched-producer"}),  # nobody has found the topics yet
        ({}, 2, {"state": "lead"}),  # there is no producer
    ],
    "Ec2schedPartitionHalted": [(partitions("a", lead=1, halt=1), 1, {"instance": "a"})],
    "Ec2schedViewStale": [(one("ec2sched_producer_view_age_seconds", "0+60" + HOURS), 3, {})],
    "Ec2schedLogLag": [(one("ec2sched_producer_log_lag_records", still(1001)), 6, {})],
    "Ec2schedRedisRefuses": [
        (one("ec2sched_producer_view_refusals_total", rising()), 32, {}),
        (one("ec2sched_worker_view_refusals_total", rising(), W), 32, {}),
    ],
    "Ec2schedNoWorker": [
        (one("ec2sched_producer_jobs", still(3), state="due"), 6, {}),
        ({**one("ec2sched_producer_jobs", still(3), state="due"), **one("ec2sched_worker_ready", still(0), W)}, 6, {}),
    ],
    "Ec2schedDeadLetters": [(one("ec2sched_worker_letters_total", rising(), W), 35, {})],
    "Ec2schedUnanswered": [(one("ec2sched_worker_acts_unanswered_total", rising(), W), 35, {})],
    "Ec2schedAwsDenied": [
        (one("ec2sched_aws_requests_total", rising(), W, service="ec2", operation="StopInstances", result="denied"), 35,
         {"service": "ec2", "operation": "StopInstances"}),
    ],
    "Ec2schedAwsThrottled": [
        (one("ec2sched_aws_throttles_total", "0+60" + HOURS, W, account="home", region="r", operation="StopInstances"), 40,
         {"account": "home", "region": "r", "operation": "StopInstances"}),
    ],
    "Ec2schedDown": [(one("up", still(0)), 3, {"job": "ec2sched-producer", "instance": "a"})],
    "Ec2schedNotReady": [
        (one("ec2sched_producer_ready", still(0)), 6, {"job": "ec2sched-producer", "instance": "a"}),
        (one("ec2sched_worker_ready", still(0), W), 6, {"job": "ec2sched-worker", "instance": "a"}),
    ],
    "Ec2schedMetricsDropped": [(one("ec2sched_metrics_dropped_total", rising(), W), 35, {"job": "ec2sched-worker", "instance": "a"})],
}  # fmt: skip

# All is well, and busy: two producers share two partitions, one workload went down by its tick and one was told otherwise, jobs are due and
# a worker has them, runs end as they do on a good night, AWS throttles now and then.
WELL = {
    **partitions("a", lead=1, standby=1), **partitions("b", lead=1, standby=1),
    **workload("stop", 0, "1x40 0x140"), **workload("start", 0, still(0)),
    **runs("stop", "succeeded"), **runs("start", "cancelled"), **runs("start", "superseded"),
    **one("ec2sched_producer_runs_finished_total", still(0), action="stop", result="halted"),
    **one("ec2sched_producer_runs_finished_total", still(7), action="stop", result="failed"),  # long ago
    **one("ec2sched_producer_ticks_missed_total", still(0)), **one("ec2sched_producer_schedules_invalid", still(0)),
    **one("ec2sched_producer_schedules_read_timestamp_seconds", "0+60" + HOURS),
    'ec2sched_producer_schedules_read_timestamp_seconds{job="ec2sched-producer",instance="c"}': still(0),  # a standby reads none
    'ec2sched_producer_partitions{job="ec2sched-producer",instance="c",state="lead"}': still(0),
    **one("ec2sched_producer_view_age_seconds", still(1)), **one("ec2sched_producer_log_lag_records", still(999)),
    **one("ec2sched_producer_view_refusals_total", still(3)), **one("ec2sched_worker_view_refusals_total", still(3), W),
    **one("ec2sched_producer_jobs", still(50), state="due"), **one("ec2sched_producer_jobs", still(9), state="in_flight"),
    **one("ec2sched_producer_ready", still(1)), **one("ec2sched_worker_ready", still(1), W),
    **one("ec2sched_worker_letters_total", still(1), W), **one("ec2sched_worker_acts_unanswered_total", still(1), W),
    **one("ec2sched_aws_requests_total", "0+60" + HOURS, W, service="ec2", operation="StopInstances", result="ok"),
    **one("ec2sched_aws_requests_total", still(4), W, service="ec2", operation="StopInstances", result="denied"),
    **one("ec2sched_aws_throttles_total", "0+3" + HOURS, W, account="home", region="r", operation="StopInstances"),
    **one("up", still(1)), 'up{job="somebody-elses",instance="x"}': still(0), **one("ec2sched_metrics_dropped_total", still(0)),
}  # fmt: skip


def asked(folder, series, questions, rules=FILE):
    """promtool's word on what ALERTS say: (minute, expression, samples) each."""
    test = {
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in series.items()],
        "promql_expr_test": [{"eval_time": f"{m}m", "expr": e, "exp_samples": samples} for m, e, samples in questions],
    }
    path = folder / "test.yml"
    path.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}))
    return promtool("test", "rules", str(path))


def firing(alert, minute, labels):
    """A question for promtool: does it fire then, once, with these labels beside its own?"""
    every = {"__name__": "ALERTS", "alertname": alert, "alertstate": "firing", "severity": RULES[alert]["labels"]["severity"], **labels}
    text = ",".join(f'{k}="{v}"' for k, v in every.items() if k != "__name__")
    return minute, f'ALERTS{{alertname="{alert}",alertstate="firing"}}', [{"labels": f"ALERTS{{{text}}}", "value": 1}]


def silent(minute, matcher=""):
    return minute, f'ALERTS{{alertstate="firing"{matcher}}}', []


def test_prometheus_takes_rules_and_configuration():
    code, said = promtool("check", "config", str(ROOT / "deploy" / "prometheus.yml"))
    assert code == 0 and "SUCCESS: 1 rule files found" in said and f"SUCCESS: {len(RULES)} rules found" in said, said


@pytest.mark.parametrize(("alert", "n"), [(alert, n) for alert, ways in FIRES.items() for n in range(len(ways))])
def test_the_rule_fires_when_it_should(alert, n, tmp_path):
    series, minute, labels = FIRES[alert][n]
    code, said = asked(tmp_path, series, [firing(alert, minute, labels)])
    assert code == 0, said


def test_no_rule_fires_while_all_is_well(tmp_path):
    code, said = asked(tmp_path, WELL, [silent(m) for m in (1, 5, 30, 61, 62, 90, 179)])
    assert code == 0, said


def test_a_rule_that_fires_while_all_is_well_would_be_seen(tmp_path):
    path = tmp_path / "loud.yml"
    path.write_text(FILE.read_text().replace("view_age_seconds) > 30", "view_age_seconds) > 0"))
    code, said = asked(tmp_path, WELL, [silent(30)], path)
    assert code == 1 and "Ec2schedViewStale" in said


def test_a_workload_is_given_its_time_and_then_alarmed_about_until_it_is_down(tmp_path):
    about = ',alertname="Ec2schedWorkloadNotDown"'
    series = workload("stop", 0, "1x90 0x90")
    code, said = asked(tmp_path, series, [silent(60, about), firing("Ec2schedWorkloadNotDown", 61, {"workload": "shop"}),
                                          firing("Ec2schedWorkloadNotDown", 90, {"workload": "shop"}), silent(92, about)])  # fmt: skip
    assert code == 0, said


def test_the_alarm_says_which_workload_since_when_and_what_to_do(tmp_path):
    rule = RULES["Ec2schedWorkloadNotDown"]
    told = {k: v.replace("{{ $labels.workload }}", "shop").replace("{{ $value | humanizeDuration }}", "1h 2m 0s") for k, v in rule["annotations"].items()}
    labels = {"workload": "shop", **rule["labels"]}
    test = {
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in workload("stop", 0, still(1)).items()],
        "alert_rule_test": [{"eval_time": "62m", "alertname": "Ec2schedWorkloadNotDown", "exp_alerts": [{"exp_labels": labels, "exp_annotations": told}]}],
    }
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": [test]}))
    code, said = promtool("test", "rules", str(path))
    assert code == 0, said


def test_each_rule_is_made_to_fire_and_has_its_page():
    assert set(RULES) == set(FIRES)
    text = (ROOT / "docs" / "operations.md").read_text()
    pages = re.findall(r"^### (Ec2sched\w+)$", text, re.MULTILINE)
    assert sorted(pages) == sorted(RULES)
    for alert, rule in RULES.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), alert
        assert set(rule["annotations"]) == {"summary", "description", "remedy", "runbook"}, alert
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{alert.lower()}", alert
