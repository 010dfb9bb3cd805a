"""The files of `monitoring/`: rules with tests and a line of the runbook each, dashboards that show what there is."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import Metric

from gateway.metrics.exposition import ServiceCollector
from gateway.metrics.measures import Measures
from gateway.metrics.model_measures import ModelMeasure
from tasks.contract import FLEETS, PLACES, Lane
from tests.needed import program
from tests.prometheus import (
    COMPOSE,
    CONFIGURATION,
    DASHBOARDS,
    MONITORING,
    RULES,
    alerts,
    mounted,
    panels,
    quantity,
    queries,
)


@pytest.fixture(scope="module")
def metrics() -> dict[str, Metric]:
    """The metrics of a service in which nothing has happened, but for one model."""
    nothing = Measures(
        counts={},
        messages={("estimate", Lane.NORMAL): 0},
        waiting_seconds=dict.fromkeys(PLACES, 0.0),
        oldest_seconds=dict.fromkeys(PLACES, 0.0),
        unfinished=dict.fromkeys(PLACES, 0),
        leases=dict.fromkeys(PLACES, 0),
        retrying=0,
        leases_run_out=0,
        dead=0,
        reconciled_at=0,
        fleets={fleet: {} for fleet in ("gateway", *FLEETS)},
        models=1,
        shown={"m": ModelMeasure(1, 1, {"rmse": 0.5}, 1.0)},
        memory_bytes=1,
        memory_limit_bytes=2,
        evicts=False,
        evicted_keys=0,
    )
    return {metric.name: metric for metric in ServiceCollector(lambda: nothing).collect()}


def run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=RULES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong(tmp_path: Path) -> None:
    configuration = tmp_path / CONFIGURATION.name
    configuration.write_text(CONFIGURATION.read_text())
    (tmp_path / RULES.name).write_text(RULES.read_text())
    (tmp_path / "mlservice.password").write_text("a long secret")
    run(program("promtool", package="prometheus"), "check", "config", configuration)


def test_what_compose_mounts_for_prometheus_is_all_that_it_needs(tmp_path: Path) -> None:
    configuration = mounted(tmp_path, password="a long secret")
    run(program("promtool", package="prometheus"), "check", "config", configuration)
    told = yaml.safe_load(configuration.read_text())
    (scrape,) = told["scrape_configs"]
    needed = {configuration.name, *told["rule_files"], scrape["basic_auth"]["password_file"]}
    assert {file.name for file in configuration.parent.iterdir()} == needed


def test_in_compose_prometheus_asks_nginx_and_grafana_asks_prometheus() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    alone = yaml.safe_load(CONFIGURATION.read_text())
    within = yaml.safe_load(CONFIGURATION.with_name("prometheus-compose.yml").read_text())
    (there,) = within["scrape_configs"][0].pop("static_configs")
    del alone["scrape_configs"][0]["static_configs"]
    assert within == alone
    name, _, port = there["targets"][0].partition(":")
    assert port == services[name]["command"][services[name]["command"].index("--port") + 1]
    told = services["grafana"]["environment"]
    assert told["PROMETHEUS_URL"] == "http://prometheus:9090"
    source, target, _ = next(mount for mount in services["grafana"]["volumes"] if "monitoring" in mount).split(":")
    for variable, place in (("MLSERVICE_DASHBOARDS", "dashboards"), ("GF_PATHS_PROVISIONING", "provisioning")):
        assert told[variable] == f"{target}/{place}"
        assert (COMPOSE.parent / source / place).is_dir()
    used = set(re.findall(r"\$([A-Z_]+)", "".join(p.read_text() for p in MONITORING.glob("grafana/provisioning/*/*"))))
    assert used <= told.keys()


def test_the_rules_pass_their_tests() -> None:
    run(program("promtool", package="prometheus"), "test", "rules", "rules.test.yml")


def test_every_alert_is_raised_in_a_test_and_held_back_in_one() -> None:
    cases = [
        case
        for test in yaml.safe_load((RULES.parent / "rules.test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts().keys()
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts().keys()


def test_every_alert_has_its_section_of_the_runbook() -> None:
    sections = re.findall(r"^## (\w+)\n(\S.*)", (MONITORING / "runbook.md").read_text(), re.MULTILINE)
    assert [name for name, _ in sections] == list(alerts())
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook"] == f"monitoring/runbook.md#{name.lower()}"


def test_quantity() -> None:
    assert quantity('up{job="a"} == 0') == 'up{job="a"}'
    assert quantity("a / (b > 0) > 0.8") == "a / (b > 0)"
    with pytest.raises(AssertionError):
        quantity("up")


def test_all_that_is_asked_for_exists_and_all_that_exists_is_asked_for(metrics: dict[str, Metric]) -> None:
    text = "\n".join(queries().values())
    asked = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in re.findall(r"\bmlservice_\w+", text)}
    assert asked == metrics.keys()


def test_no_label_grows_with_what_comes_in(metrics: dict[str, Metric]) -> None:
    labels = {label for metric in metrics.values() for sample in metric.samples for label in sample.labels}
    assert labels == {"kind", "lane", "state", "reason", "queue", "fleet", "model", "metric", "note", "le"}


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_are_as_grafana_wants_them(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    assert dashboard["uid"].startswith("mlservice-")
    everything = dashboard["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken = [
        (x, y)
        for panel in everything
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken)), "panels cover each other"
    assert max(x for x, _ in taken) < 24
    for panel in panels(dashboard):
        assert panel["targets"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
