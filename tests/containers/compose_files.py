"""The files of a stack: infra/compose.yml as it is started here, beside settings with passwords of their own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml

from tests.containers.engine import Engine
from tests.lock import ROOT
from tests.servers import free_port

#: The user that containers are.
USER: Final = 1000
#: The account with which Prometheus asks, and where passwords lie, in the repository's folder, by service.
MONITORING_USER: Final = "prometheus"
MONITORING_PASSWORDS: Final = {
    "prometheus": "monitoring/prometheus/mlservice.password",
    "grafana": "monitoring/grafana/admin.password",
}
#: What is published here, and its port inside.
PUBLISHED: Final = {"nginx": 8080, "redis": 6379, "prometheus": 9090, "grafana": 3000}


@dataclass(frozen=True, kw_only=True)
class Files:
    """A folder in which the files lie as in the repository."""

    folder: Path
    #: The compose file.
    compose: Path
    #: What compose calls the stack.
    project: str
    #: Host and port at which services are published.
    addresses: Mapping[str, str]
    redis_password: str

    @property
    def redis_url(self) -> str:
        """Redis as it is published."""
        return f"redis://:{quote(self.redis_password, safe='')}@{self.addresses['redis']}/0"

    def monitoring_password(self, service: str) -> str:
        """The password with which Prometheus asks, or that of Grafana's `admin`."""
        return (self.folder / MONITORING_PASSWORDS[service]).read_text()


def prepare(engine: Engine, folder: Path) -> Files:
    """Write them."""
    redis_password = secrets.token_urlsafe(9) + "#=$ '\"@:/%"
    _write(folder / "gateway" / "config.properties", "[auth_info]\nexpiry=1\nexpiry_time_unit=days\n")
    _write(
        folder / "infra" / "redis" / "config.properties",
        f"MASTER_USER=master\nREDIS_MASTER_PW={secrets.token_urlsafe(9)}\n"
        f"REDIS_CELERY_PW={redis_password}\nHOST=redis\n",
    )
    for service, file in MONITORING_PASSWORDS.items():
        shutil.copytree(ROOT / "monitoring" / service, folder / "monitoring" / service)
        _write(folder / file, secrets.token_hex(16))
    compose = folder / "infra" / "compose.yml"
    addresses = {service: f"127.0.0.1:{free_port()}" for service in PUBLISHED}
    project = f"mlservice-test-{addresses['nginx'].partition(':')[2]}"
    compose.write_text(yaml.safe_dump(adapted(engine, project, addresses)))
    return Files(folder=folder, compose=compose, project=project, addresses=addresses, redis_password=redis_password)


def adapted(engine: Engine, project: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """infra/compose.yml, at these addresses. Redis and Prometheus are published for the test alone."""
    document = shipped()
    document["name"] = project
    for service in document["services"].values():
        service.pop("build", None)
        if not engine.is_docker:
            # podman 4 knows neither: it starts nothing again whose needs are not up.
            service.get("healthcheck", {}).pop("start_interval", None)
            service.pop("depends_on", None)
    for service, inside in PUBLISHED.items():
        document["services"][service]["ports"] = [f"{addresses[service]}:{inside}"]
    return document


def shipped() -> dict[str, Any]:
    """infra/compose.yml as it is."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "infra" / "compose.yml").read_text())
    return found


def waves(wanted: Mapping[str, Any]) -> Iterator[list[str]]:
    """The services that start by default, in groups: each needs nothing but what is in groups before its own."""
    left = {name: {*service.get("depends_on", {})} for name, service in wanted.items() if "profiles" not in service}
    while left:
        wave = [name for name, needs in left.items() if not needs & left.keys()]
        assert wave, f"{left} wait for each other"
        yield wave
        for name in wave:
            del left[name]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, USER, USER)
