"""The whole service in one container, with one core, 1 GB, one volume, and little shared memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import httpx

from tests.containers import showing
from tests.containers.engine import Engine
from tests.containers.images import name_of
from tests.servers import eventually, free_port

#: What it is given.
LIMITS: Final = ("--cpus=1", "--memory=1g", "--read-only", "--tmpfs=/tmp", "--shm-size=1m")
READY_SECONDS: Final = 180.0
#: How long the engine waits for it to stop (seconds); `up` takes 20 at most.
STOP_SECONDS: Final = "30"


def show(engine: Engine, *, say: Callable[[str], None]) -> None:
    """Start it, init, train and estimate, kill it, find all again, stop it. Raises AssertionError, ServiceError."""
    port = free_port()
    name = f"mlservice-test-{port}"
    url = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    engine.run(
        *("run", "--detach", f"--name={name}", "--init", *LIMITS, "--cap-drop=ALL"),
        *(f"--publish=127.0.0.1:{port}:8080", f"--volume={name}:/data", name_of("mlservice")),
    )
    try:
        _wait(url)
        say(f"one container is ready after {time.monotonic() - began:.1f} s")
        password = engine.run("exec", name, "cat", "/data/secrets/admin.password").strip()
        model = showing.over_http(url, password)
        say(f"init, train and estimate of {model} with {' '.join(LIMITS)}")
        engine.run("kill", "--signal", "KILL", name)
        began = time.monotonic()
        engine.run("start", name)
        _wait(url)
        showing.knows(url, password, model)
        say(f"killed and started, it knows {model} after {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        engine.run("stop", "--time", STOP_SECONDS, name)
        status = engine.inspect(name)["State"]["ExitCode"]
        assert status == 0, f"it ended with {status}"
        say(f"stopped in {time.monotonic() - began:.1f} s")
    except BaseException:
        say(engine.run("logs", "--tail", "40", name, check=False))
        raise
    finally:
        engine.run("rm", "--force", "--volumes", name, check=False)
        engine.run("volume", "rm", "--force", name, check=False)


def _wait(url: str) -> None:
    def ready() -> bool:
        try:
            return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(ready, seconds=READY_SECONDS, what="a container that is ready")
