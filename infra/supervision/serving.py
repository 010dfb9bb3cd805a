"""The commands that each become one process of the service: gateway, worker, flower."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import os
import socket
import sys
from pathlib import Path
from typing import Any, Final

from infra.host.home import RUN
from infra.host.temporary import settle
from infra.redis_server.place import flower_place
from infra.redis_server.suitability import refuse_known_unsuitable
from infra.supervision.libraries import suit
from tasks.config.areas.redis import BROKER, STORE
from tasks.config.home import HOME
from tasks.config.machine import cores
from tasks.config.settings import FLOWER_REDIS_URL, Settings
from tasks.config.values import check_worker_name
from tasks.contract import FLEETS, SYSTEM_FLEET
from tasks.errors import SettingsError
from tasks.importing import load_celery, load_redis
from tasks.telemetry import logs
from tasks.telemetry.tracing import load_traces

HERE: Final = Path(__file__).parent
#: The pool of a worker that runs its tasks itself, and the fleets whose workers do.
OWN_POOL: Final = "tasks.worker.own_pool:OwnPool"
OWN_FLEETS: Final = ("estimate",)
#: The pool of processes that are there only while there is work: trains come seldom and take much memory.
POOL_ON_DEMAND: Final = "tasks.worker.pool_on_demand:ProcessPoolOnDemand"
#: Where workers hold their locks, in the folder of what runs.
HOLDERS: Final = "holders"
#: So many trains may run at a time, at least: a long one does not keep all others waiting.
TRAIN_PROCESSES: Final = 2
#: So many processes of the train worker are left by trains to inits, and by inits to trains: neither waits for all of
#: the other.
SPARE_PROCESSES: Final = 1

#: How often a worker says to Flower that it lives, which takes it for dead after twice that (seconds).
HEARTBEAT_SECONDS: Final = 10.0


def gateway(args: argparse.Namespace) -> int:
    """Serve HTTP with gunicorn, on --bind."""
    settle(os.environ)
    load_redis()
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

    from gateway.identity.keys import open_keys

    settings = Settings.load()
    check_alone(settings)
    open_keys(settings)
    load_traces(settings)
    if args.bind:
        os.environ["GATEWAY_BIND"] = args.bind
    elif "SOCKETS_DIR" in os.environ:
        os.environ.pop("GATEWAY_BIND", None)
    sys.argv = ["gunicorn", "--config", str(HERE / "gunicorn.conf.py")]
    run()
    return 0


def worker(args: argparse.Namespace) -> int:
    """Take work of one fleet's queues."""
    settle(os.environ)
    suit(args.fleet, os.environ)
    load_celery()
    from celery.signals import worker_before_create_process

    from tasks.app import app

    check_alone(app.settings)
    app.program = f"worker-{args.fleet}"
    if home := os.environ.get(HOME):
        app.holders = Path(home) / RUN / HOLDERS
    load_traces(app.settings)
    if args.drain is not None:
        app.conf.worker_soft_shutdown_timeout = args.drain
    if args.fleet == "train":
        os.nice(app.settings.train_niceness)
    worker_before_create_process.connect(share_memory)
    # Not through Celery's own command line, whose shell costs each process 15 MB and 0.1 s.
    check_worker_name("--name", args.name or "")
    name = args.name or app.settings.worker_name or socket.gethostname()
    count = processes(args.fleet, args.processes, app.settings)
    app.conf.broker_transport_options.update(shares(args.fleet, count))
    if args.fleet in OWN_FLEETS:
        return fork_workers(app, args.fleet, count, name=name)
    worker = app.Worker(**worker_options(args.fleet, count, name=name))
    worker.start()
    return int(worker.exitcode or 0)


def fork_workers(app: Any, fleet: str, count: int, *, name: str) -> int:
    """Be the parent of so many workers of one process each, until it is told to end. Returns the exit status."""
    from tasks.app import OWN_STEPS, STEPS, prepare, write_logs
    from tasks.worker.overseeing import Overseer
    from tasks.worker.parent import Parent
    from tasks.worker.scoreboard import Entry, Scoreboard
    from tasks.worker.succession import hold
    from tasks.worker.watchdog import STDERR

    app.steps["consumer"] = (app.steps["consumer"] - set(STEPS)) | set(OWN_STEPS)
    app.scoreboard = Scoreboard(count)
    app.select_queues(FLEETS[fleet])
    app.loader.import_default_modules()
    write_logs()
    prepare(app, processes=count)
    if app.holders is not None:
        hold(app.holders, app.holder)

    def begin(place: int, entry: Entry) -> int:
        app.entry, app.place = entry, place
        os.nice(app.settings.estimate_niceness)
        app._after_fork()
        faulthandler.enable(file=STDERR)
        worker = app.Worker(**worker_options(fleet, 1, name=name, place=place))
        worker.start()
        return int(worker.exitcode or 0)

    parent = Parent(
        app.scoreboard,
        Overseer(app, name=f"{fleet}@{name}"),
        begin=begin,
        drain_seconds=app.conf.worker_soft_shutdown_timeout,
    )
    return parent.run()


def check_alone(settings: Settings) -> None:
    """What `up` has looked at before it starts a process, for one that is started by itself. Raises SettingsError."""
    if "SOCKETS_DIR" not in os.environ:
        refuse_known_unsuitable(settings)


def share_memory(**_: Any) -> None:
    """Before the fork: leave what is there out of garbage collection, whose marks would make each child copy it."""
    gc.collect()
    gc.freeze()


def processes(fleet: str, asked: int | None, settings: Settings) -> int:
    """How many pieces of work of a kind the fleet does at a time; 0 for a fleet that runs tasks in its only process."""
    if fleet == SYSTEM_FLEET:
        return 0
    if asked is not None and asked < 1:
        raise SettingsError(f"--processes must be at least 1, not {asked}")
    if fleet == "train":
        return asked or settings.train_processes or max(cores(), TRAIN_PROCESSES)
    return asked or settings.estimate_processes or cores()


def shares(fleet: str, count: int) -> dict[str, dict[str, int]]:
    """The transport option that says how many tasks of each queue a worker may have, where it takes from several."""
    from tasks.worker.shares import MOST

    return {MOST: dict.fromkeys(FLEETS[fleet], count)} if fleet == "train" else {}


def worker_options(fleet: str, count: int, *, name: str, place: int = 0) -> dict[str, Any]:
    """What Celery's worker is told, by the names of its own options; `count` is what `processes` says.

    `place`: which of several workers with the same parent it is, from 1, each with a process of its own.
    """
    spare = SPARE_PROCESSES if fleet == "train" else 0
    return {
        "hostname": f"{fleet}-{place}@{name}" if place else f"{fleet}@{name}",
        "queues": list(FLEETS[fleet]),
        "pool_cls": OWN_POOL if place else POOL_ON_DEMAND if count else "solo",
        "concurrency": count + spare or 1,
        "loglevel": "INFO",
        "task_events": True,
        "heartbeat_interval": HEARTBEAT_SECONDS,
        "quiet": True,
        "without_gossip": True,
        "without_mingle": True,
    }


def flower(args: argparse.Namespace) -> int:
    """Show workers and tasks. Nobody sees them without a password."""
    settle(os.environ)
    load_celery()
    from infra.supervision.flower import serve
    from tasks.storage.connection import connect
    from tasks.telemetry.event_history import EventHistory

    # Before the app is made, which reads it. Where the queues have a Redis of their own, Flower is a user there.
    if url := os.environ.get(FLOWER_REDIS_URL):
        os.environ[BROKER if os.environ.get(BROKER) else STORE] = url
    elif url := flower_place(os.environ):
        os.environ[STORE] = url
    app = _app_without_tasks("flower")
    logs.setup(app.settings, app.program)
    serve(
        app,
        ["--conf=" + str(HERE.parents[1] / "monitoring" / "flowerconfig.py"), *args.options],
        history=EventHistory(connect(app.settings)),
        on_demand=args.on_demand,
    )
    return 0


def _app_without_tasks(program: str) -> Any:
    """The Celery app for a process that runs no task, and so needs none of their code."""
    load_celery()
    from tasks.app import app

    app.program = program
    app.conf.include = ()
    return app
