"""`python -m tests.chaos`: faults in a running service under load, and the account of all that it accepted.

Ends with 1 if something was lost, finished twice or answered wrongly, if a train has other than one version, or if
another promise was not kept.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis

from tasks.errors import ServiceError
from tests.chaos import bad, clocks, disk, duplicates, evicting, freezes, kills, oversized, quota, report, store
from tests.chaos.account import Account
from tests.chaos.face import Site
from tests.chaos.fault import Event, Fault, Skipped
from tests.chaos.follow import Follower, look_again
from tests.chaos.load import Load
from tests.chaos.options import Options, parse
from tests.chaos.recovery import recovered
from tests.chaos.stage import Stage
from tests.chaos.truth import Truth
from tests.chaos.verdict import Verdict, judge
from tests.moved_clock import moved_clock
from tests.preloading import preloaded
from tests.service import Service
from tests.slow_disk import slow_disk

#: All faults, in the order in which they happen. What empties Redis comes last.
FAULTS: Final[Sequence[Fault]] = (
    *kills.FAULTS,
    *clocks.FAULTS,
    *oversized.FAULTS,
    *duplicates.FAULTS,
    *freezes.FAULTS,
    *bad.FAULTS,
    *quota.FAULTS,
    *disk.FAULTS,
    *evicting.FAULTS,
    *store.FAULTS,
)
#: Time between two looks whether all has ended (seconds).
LOOK_SECONDS: Final = 0.2


@dataclass(kw_only=True)
class Happened:
    """What the faults left to say."""

    events: list[Event] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    """Run, print, write. Returns the exit status."""
    good = True
    for options in parse(arguments, kinds=[fault.name for fault in FAULTS]):
        verdict = run(options)
        print(f"\n{report.text(verdict)}")
        report.write(options, verdict)
        print(f"written to {options.out}/")
        good &= verdict.good
    return 0 if good else 1


def run(options: Options) -> Verdict:
    """Start the service and the load, do the faults, and account for everything."""
    print(f"starting the service (appendfsync {options.sync}) and its load ...", flush=True)
    happened = Happened()
    with started(options) as stage:
        with loaded(stage):
            harm(stage, happened)
            print("waiting for the last handles ...", flush=True)
        verdict = judge(stage.account, stage.truth, happened.events, skipped=happened.skipped)
        if not verdict.good:
            report.keep_logs(options, stage.service.folder)
        return verdict


@contextmanager
def started(options: Options) -> Iterator[Stage]:
    """The running service, with nothing in it."""
    env = {
        "MLSERVICE_VISIBILITY_TIMEOUT_SECONDS": str(options.lease_seconds),
        "MLSERVICE_REDIS_SYNC": options.sync,
        "MLSERVICE_TOKEN_LIFE_SECONDS": str(24 * 3600),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **bad.SETTINGS,
        **oversized.SETTINGS,
    }
    with ExitStack() as stack:
        slow = stack.enter_context(slow_disk())
        # The same compiler builds both.
        clock = stack.enter_context(moved_clock()) if slow else None
        env |= preloaded(slow.env, clock.env) if slow and clock else {}
        service = stack.enter_context(Service(env=env, within=stack.enter_context(disk.folder(options))))
        site = Site(url=service.url, redis_url=service.redis_url, blobs=service.home.blobs, token=service.token())
        truth = stack.enter_context(closing(Truth(site)))
        rng = random.Random(options.seed)
        yield Stage(
            options=options,
            service=service,
            settings=env,
            site=site,
            account=Account(),
            truth=truth,
            disk=slow,
            clock=clock,
            rng=rng,
        )


@contextmanager
def loaded(stage: Stage) -> Iterator[None]:
    """The load runs inside. At the end all handles have their end, or the patience is over."""
    account, site = stage.account, stage.site
    followers = [Follower(site, account, stage.truth, source=source) for source in ("http", "client")]
    load = Load(site, account, rate=stage.options.rate, seed=stage.options.seed)
    with ExitStack() as stack:
        for follower in followers:
            follower.start()
            stack.callback(follower.stop)
        stage.learn()
        load.start()
        try:
            yield
        finally:
            load.stop()
        wait_for_ends(stage)
    look_again(site, account, stage.truth, account.since(0))


def wait_for_ends(stage: Stage) -> None:
    """Wait until the end of each handle of the present era is seen, at most as long as the options say."""
    deadline = time.monotonic() + stage.options.patience_seconds
    era = stage.account.era
    while time.monotonic() < deadline:
        if not any(e.first is None and not e.missing and e.era == era for e in stage.account.since(0)):
            return
        time.sleep(LOOK_SECONDS)


def harm(stage: Stage, happened: Happened) -> None:
    """Do the chosen faults: those that repeat in rounds, each round in another order, then the rest."""
    chosen = [fault for fault in FAULTS if fault.name in stage.options.kinds]
    for number in range(stage.options.kills):
        again = [fault for fault in chosen if fault.repeated]
        stage.rng.shuffle(again)
        for fault in again:
            do(fault, stage, happened, counter=f" {number + 1}/{stage.options.kills}")
    for fault in chosen:
        if not fault.repeated:
            do(fault, stage, happened)


def do(fault: Fault, stage: Stage, happened: Happened, *, counter: str = "") -> None:
    """One fault, once; what it measured is kept."""
    began, load = time.time(), os.getloadavg()[0]
    try:
        notes = fault.strike(stage)
        over = time.time()
        seconds = recovered(stage, since=over)
        notes |= fault.settle(stage)
    except Skipped as reason:
        happened.skipped[fault.name] = str(reason)
        print(f"  {fault.name}: skipped: {reason}", flush=True)
        return
    except (AssertionError, OSError, ServiceError, redis.RedisError) as error:
        stage.account.find(f"{fault.name}{counter}: {error}")
        print(f"  {fault.name}{counter}: {error}", flush=True)
        stage.revive(fault.name)
        return
    if seconds is None:
        stage.account.find(f"{fault.name}{counter}: estimates were not answered again")
    stage.revive(fault.name)
    event = Event(
        kind=fault.name,
        began_at=began,
        over_at=over,
        recovery_seconds=seconds,
        killed=fault.killed,
        load=load,
        notes=notes,
    )
    happened.events.append(event)
    shown = "never" if seconds is None else f"{seconds:.2f} s"
    print(f"  {fault.name}{counter}: answers again after {shown}  {notes or ''}", flush=True)


if __name__ == "__main__":
    # Told to stop, it stops as by Ctrl-C: everything that it started ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
