"""The alerts and the dashboard against what the daemon really exports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.observability.metrics import ACTIVATIONS, Metrics

CONFIG = Path(__file__).parents[2] / "config"
RULES = CONFIG / "prometheus" / "portvakt.rules.yml"
RULE_TESTS = CONFIG / "prometheus" / "portvakt.test.yml"
DASHBOARD = json.loads((CONFIG / "grafana" / "portvakt.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
PROMTOOL = shutil.which("promtool")

METRIC = re.compile(r"\b(?:portvakt|process|python)_[a-z_]+")
SELECTOR = re.compile(r"(portvakt_[a-z_]+)\{([^}]*)\}")
MATCHER = re.compile(r'([a-z_]+)=(~?)"([^"]*)"')
RECORDED = re.compile(r"portvakt:[a-z]+:[a-z_0-9]+")


def exported() -> dict[str, dict[str, set[str]]]:
    """Return the labels of each exported series, with their values."""
    metrics = Metrics(version="1", listeners=("sip2", "sip2-tls"), peers=("ils",))
    names: dict[str, dict[str, set[str]]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels = names.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return names


def expressions() -> list[str]:
    """Return every expression of the rules and of the dashboard."""
    rules = re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.MULTILINE)
    return rules + [target["expr"] for panel in PANELS for target in panel.get("targets", [])]


def test_there_are_expressions() -> None:
    assert len(expressions()) > 50


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_metric_that_is_asked_for_is_exported(expression: str) -> None:
    names = exported()
    assert [name for name in METRIC.findall(expression) if name not in names] == []
    for name, selector in SELECTOR.findall(expression):
        for label, pattern, value in MATCHER.findall(selector):
            if label not in {"job", "instance"}:
                wanted = set(value.split("|")) if pattern else {value}
                assert wanted - {"http"} <= names[name][label]


def test_every_recorded_series_that_is_asked_for_is_recorded() -> None:
    recorded = set(re.findall(r"record: (\S+)", RULES.read_text()))
    asked = {name for expression in expressions() for name in RECORDED.findall(expression)}
    assert asked == recorded


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    alerts = set(re.findall(r"alert: (\S+)", RULES.read_text()))
    firing = set(re.findall(r"alertname: (\S+)\n +exp_alerts:\n +- exp_labels", RULE_TESTS.read_text()))
    assert firing == alerts


def test_what_wakes_somebody_has_a_test_in_which_it_stays_quiet() -> None:
    page = RULES.read_text().partition("name: portvakt-page")[2].partition("name: portvakt-ticket")[0]
    quiet = set(re.findall(r"alertname: (\S+), exp_alerts: \[\]", RULE_TESTS.read_text()))
    assert set(re.findall(r"alert: (\S+)", page)) <= quiet


def test_every_metric_of_ours_is_on_the_dashboard_or_in_an_alert() -> None:
    shown = {name for expression in expressions() for name in METRIC.findall(expression)}
    unseen = {
        name
        for name in exported()
        if name.startswith("portvakt_")
        and name not in shown
        and not ({re.sub("_(count|sum)$", "_bucket", name)} & shown)
    }
    # A size of frames is for whoever sets limits; nobody watches it.
    assert unseen == {f"portvakt_frame_size_bytes_{part}" for part in ("bucket", "count", "sum")}


def test_the_row_of_activations_shows_the_funnel_from_the_offer_to_the_local_patron() -> None:
    (panel,) = [one for one in PANELS if "offered" in one["title"]]
    shown = [(re.findall(r"portvakt_[a-z_]+", one["expr"]), one["legendFormat"]) for one in panel["targets"][:3]]
    assert shown == [
        (["portvakt_offers_total"], "1 offered, {{channel}}"),
        (["portvakt_activations_total"], "2 accepted"),
        (["portvakt_activations_total"], "3 local"),
    ]
    drawn = [re.findall(r'state=~?"([^"]*)"', one["expr"]) for one in panel["targets"]]
    assert {state for each in drawn for states in each for state in states.split("|")} == set(ACTIVATIONS)


def test_panels_do_not_lie_on_one_another() -> None:
    identifiers = [panel["id"] for panel in PANELS]
    assert len(set(identifiers)) == len(identifiers)
    cells = [
        (x, y)
        for panel in PANELS
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_no_row_of_the_dashboard_is_empty() -> None:
    assert not [one for one, next_ in pairwise(PANELS) if one["type"] == next_["type"] == "row"]


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    ran = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("arguments", [("check", "rules", str(RULES)), ("test", "rules", str(RULE_TESTS))])
def test_prometheus_finds_no_mistake_in_the_rules(arguments: tuple[str, ...]) -> None:
    promtool(*arguments)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_finds_no_mistake_in_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(expressions())
    ]
    written = tmp_path / "dashboard.yml"
    written.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(written))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_finds_no_mistake_in_the_metrics() -> None:
    assert PROMTOOL is not None
    exposition = Metrics(version="1", listeners=("sip2",), peers=("ils",)).exposition()
    ran = subprocess.run([PROMTOOL, "check", "metrics"], input=exposition, capture_output=True, timeout=50, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
