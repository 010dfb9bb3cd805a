"""The compose stack while it runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from infra.host.home import FIRST_ACCOUNT
from tests.containers.compose_files import Files, prepare, shipped, waves
from tests.containers.engine import Engine
from tests.servers import eventually

#: Longest wait until the stack is ready, and until one container of it is (seconds).
READY_SECONDS: Final = 300.0
#: How each is asked whether it does its work, by its service.
PROBES: Final = {
    "redis": "valkey",
    "gateway": "gateway",
    "deliverer": "deliverer",
    "flower": "flower",
    "nginx": "nginx",
    **dict.fromkeys(("worker-estimate", "worker-train", "worker-system"), "worker"),
}
#: The profile of Prometheus and Grafana.
MONITORING: Final = "monitoring"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that is up."""

    engine: Engine
    files: Files

    @property
    def url(self) -> str:
        """Where NGINX is."""
        return f"http://{self.files.addresses['nginx']}"

    def start(self) -> None:
        """Start all, in the order of what they wait for: by compose, or, where podman cannot wait for health, here."""
        if self.engine.is_docker:
            self.compose("up", "--detach", "--no-build")
            return
        for wave in waves(shipped()["services"]):
            self.compose("up", "--detach", "--no-build", "--no-deps", *wave)
            for service in wave:
                for container in self.containers(service):
                    self._wait_as_asked(service, container)

    def _wait_as_asked(self, service: str, container: str) -> None:
        """Wait for what others that need this service wait for, if any do."""
        asked = {
            other["depends_on"][service]["condition"]
            for other in shipped()["services"].values()
            if service in other.get("depends_on", {})
        }
        if "service_healthy" in asked:
            self.wait(service, container)
        if "service_completed_successfully" in asked:
            eventually(lambda: self._completed(container), seconds=READY_SECONDS, what=f"the end of {container}")

    def _completed(self, container: str) -> bool:
        state = self.engine.inspect(container)["State"]
        return bool(state["Status"] == "exited" and state["ExitCode"] == 0)

    def compose(self, *arguments: str) -> str:
        """What compose says."""
        return self.engine.with_compose(self.files.compose, *arguments)

    def containers(self, service: str = "") -> list[str]:
        """The containers of a service, or all, the first one first."""
        wanted = [f"label=com.docker.compose.project={self.files.project}"]
        wanted += [f"label=com.docker.compose.service={service}"] if service else []
        filters = [option for label in wanted for option in ("--filter", label)]
        return sorted(self.engine.run("ps", "--all", *filters, "--format", "{{.Names}}").split())

    def works(self, service: str, container: str) -> bool:
        """Whether a container of this service does its work."""
        return self.engine.succeeds("exec", container, "mlservice", "probe", PROBES[service])

    def wait(self, service: str, container: str) -> None:
        """Wait until it does."""
        eventually(lambda: self.works(service, container), seconds=READY_SECONDS, what=f"{container} at work")

    def pid(self, container: str) -> int:
        """Its first process, by this machine's number."""
        return int(self.engine.inspect(container)["State"]["Pid"])

    def kill(self, service: str, container: str) -> None:
        """Kill it as a crash does, and wait until the engine has started it again and it works."""
        before = self.pid(container)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self.pid(container) not in (0, before), seconds=60, what=f"{container}, started again")
        self.wait(service, container)

    def restart(self, service: str, container: str) -> None:
        """Restart it with the patience that compose has for it, and wait until it works."""
        seconds = shipped()["services"][service].get("stop_grace_period", "10s")
        self.engine.run("restart", "--time", str(seconds).removesuffix("s"), container)
        self.wait(service, container)

    def password(self) -> str:
        """The password of the first account."""
        (first, *_) = self.containers("gateway")
        return self.engine.run("exec", first, "cat", f"/data/secrets/{FIRST_ACCOUNT}.password").strip()

    def volume(self, name: str) -> Path:
        """Where a volume lies on this machine."""
        found = self.engine.run("volume", "inspect", "--format", "{{.Mountpoint}}", f"{self.files.project}_{name}")
        return Path(found.strip())

    def down(self) -> None:
        """Stop all, and delete it with its volumes."""
        if not self.engine.is_docker:
            # podman-compose forgets what came by --scale.
            for service in PROBES:
                asked = shipped()["services"][service].get("scale", 1)
                if more := self.containers(service)[asked:]:
                    self.engine.run("rm", "--force", *more)
        self.compose("--profile", MONITORING, "down", "--volumes")

    def ready(self) -> bool:
        """Whether the service says so."""
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def logs(self) -> str:
        """The end of what each container says."""
        return "\n".join(
            f"--- {container}\n{self.engine.run('logs', '--tail', '30', container, check=False)}"
            for service in (*PROBES, "setup")
            for container in self.containers(service)
        )


@contextmanager
def started(engine: Engine, folder: Path) -> Iterator[tuple[Stack, float]]:
    """A stack of the images that were built, and how long it took until it was ready (seconds). At the end it is down,
    with its volumes."""
    stack = Stack(engine=engine, files=prepare(engine, folder))
    try:
        began = time.monotonic()
        stack.start()
        eventually(stack.ready, seconds=READY_SECONDS, what="a stack that is ready")
        yield stack, time.monotonic() - began
    except BaseException:
        print(stack.logs(), flush=True)
        raise
    finally:
        stack.down()


def services(stack: Stack) -> Sequence[str]:
    """Those that run all the time, in the order in which they are renewed: workers before the gateway."""
    return ("worker-system", "worker-train", "worker-estimate", "deliverer", "flower", "gateway")
