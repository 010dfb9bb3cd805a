"""`make test-containers`: builds the images and shows the service in them, with Docker, or with podman where it is not.

Ends with 1 at the first thing that is not as it should be, and leaves nothing running either way.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from infra.nginx.upstreams import ADDRESS_SECONDS
from tasks.errors import ServiceError
from tests.containers import alone, images, monitoring, showing
from tests.containers.engine import Engine, docker
from tests.containers.podman import base_image, ensure, make_base, podman
from tests.containers.stack import PROBES, Stack, services, started

#: Where the bills of materials are written.
BILLS: Final = Path("build") / "sbom"
#: Estimate workers that the fleet grows to.
GROWN: Final = 3
#: How long the load runs between two changes (seconds).
BREATH_SECONDS: Final = 3.0


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for, in order. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.containers", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="a part; default: all")
    parser.add_argument("--anew", action="store_true", help="build from nothing, whatever was built before")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mlservice-containers-") as name:
        folder = Path(name)
        engine = docker() or podman(folder)
        say(f"containers are run by {engine.command[0]}")
        try:
            for part in given.only or PARTS:
                PARTS[part](engine, folder, given)
        except (AssertionError, ServiceError, subprocess.SubprocessError) as error:
            say(f"FAILED: {error}")
            return 1
    say("all of it worked")
    return 0


def make(engine: Engine, folder: Path, given: argparse.Namespace) -> None:
    """The images."""
    images.lint()
    say("hadolint finds nothing")
    base = "as Docker has it" if engine.is_docker else ensure(engine, base_image(), make_base)
    say(f"the base {base_image()}: {base}")
    for image, seconds in images.build(engine, anew=given.anew).items():
        say(f"built {image} in {seconds:.0f} s")
    for image, beyond in images.check(engine, base_image()).items():
        say(f"{image}: {beyond / 1e6:.0f} MB beyond the base")
    for file in images.write_bills(BILLS):
        say(f"written: {file}")


def stack(engine: Engine, folder: Path, given: argparse.Namespace) -> None:
    """The compose stack."""
    with started(engine, folder / "stack") as (up, seconds):
        say(f"the stack is ready after {seconds:.1f} s")
        password = up.password()
        showing.demo(up.url, password, up.files.redis_url)
        for seen in monitoring.show(up):
            say(seen)
        site = showing.site(up.url, password, up.files.redis_url, up.volume("blobs"))
        with showing.loaded(site) as found:
            time.sleep(BREATH_SECONDS)
            grow(up)
            found.serves()
            for service in PROBES:
                (container, *_) = up.containers(service)
                seconds = timed(lambda: up.kill(service, container))  # noqa: B023 - called at once
                found.serves()
                say(f"{container} was killed, and works again after {seconds:.1f} s")
            before = found.unserved()
            renew(up)
            time.sleep(BREATH_SECONDS)
            failed = found.unserved() - before
        verdict = showing.judged(found)
        say(f"accepted: {verdict.accepted_by_kind}, nothing lost; refused or unanswered around kills: {before}")
        assert not failed, f"{failed} requests failed in the rolling restart: {found.account.refused}"
        say("a rolling restart of all, and no request failed")
        before_down = {*up.containers()}
    left = before_down & set(engine.run("ps", "--all", "--format", "{{.Names}}").split())
    assert not left, f"down left {left}"
    say("down left nothing")


def grow(up: Stack) -> None:
    """Three estimate workers, while the load runs."""
    up.compose("up", "--detach", "--no-build", "--no-recreate", "--scale", f"worker-estimate={GROWN}")
    workers = up.containers("worker-estimate")
    assert len(workers) == GROWN, workers
    for container in workers:
        up.wait("worker-estimate", container)
    say(f"{GROWN} estimate workers")


def renew(up: Stack) -> None:
    """Restart one container after the other; NGINX gets new processes and keeps its port."""
    for service in services(up):
        for container in up.containers(service):
            say(f"{container} restarted in {timed(lambda: up.restart(service, container)):.1f} s")  # noqa: B023
            if service == "gateway":
                # It may have another address now, and is the only one while the next is away.
                time.sleep(2 * ADDRESS_SECONDS)
    (nginx,) = up.containers("nginx")
    up.engine.run("kill", "--signal", "HUP", nginx)
    up.wait("nginx", nginx)
    say(f"{nginx} has new processes")


def whole(engine: Engine, folder: Path, given: argparse.Namespace) -> None:
    """The one-container image, with little of everything."""
    alone.show(engine, say=say)


def timed(act: Callable[[], None]) -> float:
    """How long it takes (seconds)."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


#: What there is to do, in order.
PARTS: Final[dict[str, Callable[[Engine, Path, argparse.Namespace], None]]] = {
    "images": make,
    "stack": stack,
    "whole": whole,
}

if __name__ == "__main__":
    # Told to stop, it stops as by Ctrl-C: everything that it started ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
