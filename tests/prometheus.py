"""A real Prometheus for tests, and what our files ask of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.needed import program
from tests.servers import Process, free_port

MONITORING: Final = Path(__file__).parents[1] / "monitoring"
CONFIGURATION: Final = MONITORING / "prometheus" / "prometheus.yml"
COMPOSE: Final = MONITORING.parent / "infra" / "compose.yml"
RULES: Final = MONITORING / "prometheus" / "rules.yml"
DASHBOARDS: Final = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
#: What Grafana puts into a query, here for a scrape a second.
GRAFANA: Final = {"$__rate_interval": "15s", "$__range": "5m", "$model": ".*", "$metric": ".*"}
#: A rule's expression: a quantity, a comparison, a number.
RULE: Final = re.compile(r"(?P<quantity>.*\S)\s+(?:==|!=|>=|<=|>|<)\s+[0-9.]+", re.DOTALL)


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert rule, by name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def quantity(expression: str) -> str:
    """What an alert compares with its number, which has to be there also while the alert is not raised."""
    match = RULE.fullmatch(expression)
    assert match is not None, f"{expression!r} is not a quantity, a comparison and a number"
    return match["quantity"]


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a dashboard that show something."""
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")


def queries() -> dict[str, str]:
    """Every query of dashboards and rules, as Prometheus is asked, by where it stands."""
    found = {f"rules/{name}": quantity(rule["expr"]) for name, rule in alerts().items()}
    for file in DASHBOARDS:
        for panel in panels(json.loads(file.read_text())):
            for target in panel["targets"]:
                query = target["expr"]
                for name, value in GRAFANA.items():
                    query = query.replace(name, value)
                found[f"{file.stem}/{panel['title']}/{target['refId']}"] = query
    return found


def mounted(folder: Path, *, password: str) -> Path:
    """Lay out below a folder what infra/compose.yml mounts for Prometheus, as its container sees it; the configuration
    that it is told to read."""
    document = yaml.safe_load(COMPOSE.read_text())
    service = document["services"]["prometheus"]
    told: str = next(word for word in service["command"] if word.startswith("--config.file="))
    sources = [mount.removesuffix(":ro").split(":") for mount in service["volumes"]]
    places = {target: COMPOSE.parent / source for source, target in sources if source.startswith(".")}
    for target, source in places.items():
        file = folder / target.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source.read_bytes())
    for secret in service["secrets"]:
        (folder / secret["target"].lstrip("/")).write_text(password)
    return folder / told.partition("=")[2].lstrip("/")


class Prometheus(Process):
    """Prometheus with the configuration and the rules of infra/compose.yml, on a free port, that scrapes `target` each
    second.

    `access`: how it shows who it is, as the configuration of a scrape says it.
    """

    def __init__(self, folder: Path, *, target: str, access: dict[str, Any]) -> None:
        file = mounted(folder, password="not used")
        configuration = yaml.safe_load(file.read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (scrape,) = configuration["scrape_configs"]
        del scrape["basic_auth"]
        scrape |= {**access, "static_configs": [{"targets": [target]}]}
        file.write_text(yaml.safe_dump(configuration))
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/api/v1"
        options = {"config.file": file, "storage.tsdb.path": folder / "data", "web.listen-address": f"127.0.0.1:{port}"}
        command = [
            program("prometheus", package="prometheus"),
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        super().__init__(command, output=folder / "prometheus.log")

    def values(self, query: str) -> list[float]:
        """What the query gives now, without what is no number. Raises OSError while Prometheus does not listen."""
        result = self._get("query", query=query)["result"]
        samples = [float(sample["value"][1]) for sample in result]
        return [value for value in samples if not math.isnan(value)]

    def raised(self) -> set[str]:
        """The alerts that are firing or about to."""
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"]}

    def _get(self, what: str, **params: str) -> Any:
        try:
            answer = httpx.get(f"{self._url}/{what}", params=params, timeout=10)
        except httpx.TransportError as error:
            raise OSError(str(error)) from error
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            raise OSError("Prometheus is not ready")
        return answer.json()["data"]
