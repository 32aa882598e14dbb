"""The dashboard and the alerts ask for metrics that there are, in a language that Prometheus understands."""

import json
import re
from pathlib import Path

import pytest
import yaml
from daemon import Daemon
from metrics import Scrape, promtool
from policies import open_policy

ROOT = Path(__file__).resolve().parent.parent.parent
ALERTS = ROOT / "config/prometheus/vpcwall-alerts.yaml"
SCRAPE = ROOT / "config/prometheus/prometheus.yaml"
DASHBOARD = ROOT / "config/grafana/vpcwall.json"
MANUAL = ROOT / "docs/man/vpcwall-metrics.7"
CASES = Path(__file__).resolve().parent / "alert_cases.yaml"

SELECTOR = re.compile(r"\b((?:vpcwall|process|up)\w*)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
ADDED = {"job", "instance"}  # by Prometheus, to every series


def alert_expressions():
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def dashboard_expressions():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return panels + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def complaints(expression, scrape):
    """What an expression asks for that no scrape holds."""
    found, labels = [], set()
    for name, matchers in SELECTOR.findall(GROUPING.sub("", expression)):
        rows = [labels for labels, _ in scrape.named(name)] if name != "up" else [{}]
        if not rows:
            found.append(f"no metric {name}")
            continue
        known = set().union(*rows) | ADDED
        labels |= known
        for label, operator, value in LABEL.findall(matchers):
            if label not in known:
                found.append(f"no label {label} at {name}")
            elif label not in ADDED and operator in ("=", "=~"):
                if name == "vpcwall_policy_info":  # one of three, and a test daemon has another one
                    continue
                if not any(re.fullmatch(value, row.get(label, "")) for row in rows):
                    found.append(f"no {name} with {label} {value}")
    for group in GROUPING.findall(expression):
        for label in group.split(","):
            if label.strip() not in labels:
                found.append(f"no label {label.strip()} to group by in {expression}")
    return found


@pytest.fixture(name="scrape", scope="module")
def _scrape(vpc):
    daemon = Daemon(vpc.router, open_policy())
    try:
        yield Scrape(vpc.router)
    finally:
        daemon.clean_up()


def test_every_expression_asks_for_what_is_there(scrape):
    expressions = alert_expressions() + dashboard_expressions()
    assert len(expressions) > 30
    assert [one for expression in expressions for one in complaints(expression, scrape)] == []


def test_the_check_finds_what_is_not_there(scrape):
    assert complaints("rate(vpcwall_flow[5m])", scrape) == ["no metric vpcwall_flow"]
    assert complaints('vpcwall_flows{acl="a"}', scrape) == ["no label acl at vpcwall_flows"]
    assert complaints('vpcwall_policy_changes_total{result="failed"}', scrape)
    assert complaints("sum by (acl) (vpcwall_flows)", scrape)
    assert not complaints('sum by (result, job) (vpcwall_policy_changes_total{result=~"acc.*"})', scrape)


def test_every_metric_of_ours_is_on_the_dashboard_or_in_an_alert(scrape):
    asked = set(re.findall(r"vpcwall_\w+", " ".join(alert_expressions() + dashboard_expressions())))
    asked |= set(re.findall(r"vpcwall_\w+", DASHBOARD.read_text(encoding="utf-8")))  # the variables of the dashboard
    ours = {sample.name for sample in scrape.samples if sample.name.startswith("vpcwall_")}
    on_purpose = {
        "vpcwall_gate_bytes_total",
        "vpcwall_hooks_owned",
        "vpcwall_management_bypass_ports",
        "vpcwall_observers",
        "vpcwall_policy_interfaces",
    }
    assert ours - asked == on_purpose


def test_the_manual_page_names_every_metric_and_label_and_no_other(scrape):
    page = MANUAL.read_text(encoding="utf-8")
    lines = re.findall(r"^\.It Cm ((?:vpcwall|process)_.*)$", page, re.MULTILINE)
    described = {}
    for line in lines:
        names, _, labels = line.partition(" Brq ")
        described.update({name: set(labels.split(" , ")) - {""} for name in names.split(" , ")})
    exposed = {}
    for sample in scrape.samples:
        exposed.setdefault(sample.name, set()).update(sample.labels)
    queues = {name for name in exposed if name.startswith("vpcwall_queue_")}
    assert "Each with the label\n.Ql queue ," in page
    assert described == {name: labels - ({"queue"} if name in queues else set()) for name, labels in exposed.items()}


def test_prometheus_understands_alerts_and_the_example():
    assert promtool("check", "rules", str(ALERTS)) == ""
    assert promtool("check", "config", str(SCRAPE)) == ""


def test_prometheus_understands_the_dashboard(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
        for number, expression in enumerate(dashboard_expressions())
    ]
    document = tmp_path / "panels.yaml"
    document.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    assert promtool("check", "rules", str(document)) == ""


def test_the_dashboard_leaves_to_grafana_how_far_a_rate_looks_back():
    """A length of its own may hold one scrape, or a part of what lies between two points."""
    assert {length for one in dashboard_expressions() for length in re.findall(r"\[([^\]]*)\]", one)} == {"$__rate_interval"}


def test_each_alert_fires_when_it_should():
    assert promtool("test", "rules", str(CASES)) == ""
    tried = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    fired = {
        case["alertname"] for test in tried for case in test["alert_rule_test"] if case.get("exp_alerts")
    }
    quiet = {case["alertname"] for test in tried for case in test["alert_rule_test"] if not case.get("exp_alerts")}
    names = set(re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8")))
    assert names == fired == quiet


def test_every_panel_of_the_dashboard_has_a_place_and_a_title():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
