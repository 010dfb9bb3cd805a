"""Prometheus and Grafana in the stack, started as docs/how-to/containers.md says, and what they then know."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import httpx

from tasks.errors import Unavailable
from tests.containers.compose_files import MONITORING_USER, shipped
from tests.containers.engine import LONG_SECONDS, Engine
from tests.containers.podman import base_image, ensure
from tests.containers.stack import MONITORING, Stack
from tests.servers import eventually

#: Longest wait for a first look of Prometheus at the service, and for Grafana's start (seconds).
LOOK_SECONDS: Final = 120.0
#: What Debian has of it, where no registry answers; it lies and is started as in the image that it stands for.
PROMETHEUS: Final = """
FROM {base}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends prometheus \\
    && install --directory --owner=65534 --group=65534 --mode=775 /prometheus
USER 65534:65534
ENTRYPOINT ["prometheus"]
"""


def show(up: Stack) -> list[str]:
    """Start both; what was seen, in sentences. Grafana is left out, and that said, where its image cannot be had."""
    images = {service: default_image(service) for service in ("prometheus", "grafana")}
    seen = []
    for service, image in images.items():
        try:
            came = "by Docker" if up.engine.is_docker else ensure(up.engine, image, MADE.get(service))
        except Unavailable as error:
            seen.append(f"{service} was not started: {error}")
            continue
        if service == "prometheus":
            add_account(up)
        up.compose("--profile", MONITORING, "up", "--detach", "--no-build", "--no-deps", service)
        seen.append(f"{service} ({image}, {came}): {LOOKS[service](up)}")
    return seen


def default_image(service: str) -> str:
    """The image that infra/compose.yml has for it."""
    match = re.search(r":-(.+)\}", shipped()["services"][service]["image"])
    assert match, service
    return match[1]


def make_prometheus(engine: Engine, image: str) -> None:
    """Debian's Prometheus, as this image."""
    text = PROMETHEUS.format(base=base_image())
    engine.run("build", *engine.building, f"--tag={image}", "-", given=text, seconds=LONG_SECONDS)


def add_account(up: Stack) -> None:
    """The account with which Prometheus asks."""
    (gateway, *_) = up.containers("gateway")
    command = ("mlservice", "user", "add", MONITORING_USER, "--scope", "monitor", "--password-stdin")
    up.engine.run("exec", "--interactive", gateway, *command, given=up.files.monitoring_password("prometheus"))


def look_at_prometheus(up: Stack) -> str:
    """It sees the service, by the account, and has all alerts."""
    url = f"http://{up.files.addresses['prometheus']}/api/v1"

    def healthy() -> bool:
        return [target["health"] for target in ask(f"{url}/targets")["activeTargets"]] == ["up"]

    eventually(partial(started, healthy), seconds=LOOK_SECONDS, what="a target of Prometheus that is up")
    alerts = [rule for group in ask(f"{url}/rules")["groups"] for rule in group["rules"] if rule["type"] == "alerting"]
    assert alerts, "the alerts are loaded"
    known = ask(f"{url}/label/__name__/values")
    assert "mlservice_finished_total" in known, known
    return f"the target is up, {len(alerts)} alerts, {len(known)} metrics"


def look_at_grafana(up: Stack) -> str:
    """It has the dashboards, and its source of data answers."""
    who = ("admin", up.files.monitoring_password("grafana"))
    ask_it = partial(httpx.get, auth=who, timeout=10, trust_env=False)
    url = f"http://{up.files.addresses['grafana']}"

    def found() -> Any:
        return ask_it(f"{url}/api/search?type=dash-db").json()

    eventually(partial(started, found), seconds=LOOK_SECONDS, what="dashboards in Grafana")
    (source,) = ask_it(f"{url}/api/datasources").json()
    said = ask_it(f"{url}/api/datasources/uid/{source['uid']}/health")
    assert said.status_code == 200, said.text
    return f"{len(found())} dashboards, and Prometheus answers it"


def started(look: Callable[[], Any]) -> Any:
    """What it finds; nothing while the program is not there yet."""
    try:
        return look()
    except httpx.HTTPError:
        return None


def ask(url: str) -> Any:
    """The data of an answer of Prometheus."""
    answer = httpx.get(url, timeout=10, trust_env=False)
    answer.raise_for_status()
    return answer.json()["data"]


#: What takes an image's place where it cannot be pulled, and what is looked at, by service.
MADE: Final = {"prometheus": make_prometheus}
LOOKS: Final = {"prometheus": look_at_prometheus, "grafana": look_at_grafana}
