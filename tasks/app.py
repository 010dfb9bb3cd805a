"""The one Celery app: queues, lanes, routing, limits. No task bodies."""

from __future__ import annotations

import gc
import logging
import os
import signal
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import redis
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown, worker_ready
from kombu import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from tasks.config.capacity import fitted, fleet_bytes
from tasks.config.machine import memory_bytes
from tasks.config.settings import Settings
from tasks.contract import (
    DEFAULT_ESTIMATOR,
    DEFAULT_QUEUE,
    FLEETS,
    PRIORITY,
    QUEUES,
    SYSTEM_FLEET,
    Lane,
)
from tasks.redis_keys import UNACKED_INDEX_KEY, UNACKED_KEY, UNACKED_MUTEX_KEY
from tasks.storage.stores import load_store
from tasks.telemetry import logs
from tasks.upkeep.beat import Beat
from tasks.worker import parent_death
from tasks.worker.bootsteps import LOST_PROCESS_SECONDS, BatchedEvents, IdleProcesses, LostProcesses, Membership
from tasks.worker.cancels import Cancels
from tasks.worker.celery_options import connections, routes, time_limits
from tasks.worker.events import Sample
from tasks.worker.leases import Leases
from tasks.worker.memory_limit import MemoryWatch, limit_data
from tasks.worker.offering import offer_when_ready
from tasks.worker.own_process import OwnProcess
from tasks.worker.qos import HOLDER
from tasks.worker.redaction import log_no_messages
from tasks.worker.scoreboard import Entry, Scoreboard
from tasks.worker.short_way import ShortWay, ShortWays
from tasks.worker.shutdown import Stopping
from tasks.worker.succession import Succession
from tasks.worker.watchdog import FailFastWorker, Watched

log = logging.getLogger(__name__)

#: What our workers' main processes do that Celery's do not.
STEPS: Final = (
    *(BatchedEvents, Beat, Cancels, IdleProcesses, Leases, LostProcesses, Membership, MemoryWatch, Stopping),
    *(Succession, Watched),
)
#: The same of processes that run their tasks themselves; the rest their parent does (`tasks/worker/parent.py`).
OWN_STEPS: Final = (BatchedEvents, Leases, OwnProcess, ShortWays, Stopping)


class CeleryApp(Celery):  # type: ignore[misc]
    """The Celery app, with the settings that its tasks read."""

    amqp_cls = "tasks.worker.transport:Amqp"
    events_cls = "tasks.worker.events:Events"
    settings: Settings
    #: The memory that all processes of this worker may have together; of each the settings tell.
    fleet_bytes: int = 0
    #: Who this worker is in the ledger: its main process and its pool share the name, and no other has it.
    holder: str = ""
    #: Where the workers of this machine hold their locks; None: they have none.
    holders: Path | None = None
    #: What this process is called in its log.
    program: str = "celery"
    #: Where the processes of one parent say what they do; None in a worker without a parent.
    scoreboard: Scoreboard | None = None
    #: What is this process's own of it.
    entry: Entry | None = None
    #: Which of them it is, from 1.
    place: int = 0
    #: How groups go through it, once it takes work.
    short_way: ShortWay | None = None

    @cached_property
    def sample(self) -> Sample:
        """The tasks of this process of which events tell."""
        return Sample(silent=self.fleet == SYSTEM_FLEET)

    @cached_property
    def Worker(self) -> Any:  # noqa: N802 - Celery's name
        """The class of our workers."""
        return self.subclass_with_self(FailFastWorker, name="Worker", reverse="Worker")

    @property
    def fleet(self) -> str:
        """The fleet whose queues this worker takes from."""
        taken = set(self.amqp.queues.consume_from)
        return next((fleet for fleet, queues in FLEETS.items() if taken & set(queues)), SYSTEM_FLEET)


def create_app(settings: Settings) -> CeleryApp:
    """The Celery app for these settings. Nothing is connected yet."""
    # A transport is found by its URL's scheme only.
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "tasks.worker.transport:Transport"
    TRANSPORT_ALIASES["sentinel"] = "tasks.worker.sentinel_transport:SentinelTransport"
    app = CeleryApp("mlservice", broker=settings.broker.celery_url, backend=settings.store.backend_url)
    app.loader.override_backends = {"sentinel": "tasks.worker.sentinel_backend:PrimaryBackend"}
    app.settings = settings
    app.steps["consumer"].update(STEPS)
    app.conf.update(
        include=["tasks.init", "tasks.train", "tasks.estimate", "tasks.upkeep.system_tasks"],
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_queues=[Queue(name, Exchange(""), routing_key=name) for name in QUEUES],
        task_default_queue=DEFAULT_QUEUE,
        task_default_priority=PRIORITY[Lane.NORMAL],
        task_routes=routes(),
        task_annotations=time_limits(settings),
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_track_started=True,
        worker_lost_wait=LOST_PROCESS_SECONDS,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=True,
        worker_send_task_events=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        **connections(settings),
        result_expires=settings.result_life_seconds,
        worker_soft_shutdown_timeout=10.0,
        worker_enable_soft_shutdown_on_idle=False,
        timezone="UTC",
    )
    return app


@setup_logging.connect  # type: ignore[untyped-decorator]
def write_logs(**_: Any) -> None:
    """Log as every process of the service does, instead of Celery's own way; what is printed is logged as well."""
    logs.setup(app.settings, app.program)
    app.log.redirect_stdouts("WARNING")


@worker_init.connect  # type: ignore[untyped-decorator]
def preload(sender: Any, **_: Any) -> None:
    """Before the work of a worker whose parent has not done so."""
    if sender.app.entry is None:
        prepare(sender.app, processes=sender.concurrency)


def prepare(app: CeleryApp, *, processes: int) -> None:
    """Import the model code before the fork, so that the processes share its memory and start warm, and say who this
    worker is."""
    fleet = app.fleet
    _allot_memory(app, processes)
    app.holder = os.urandom(8).hex()
    app.conf.broker_transport_options.update(
        **{HOLDER: app.holder},
        unacked_key=UNACKED_KEY.format(fleet=fleet),
        unacked_index_key=UNACKED_INDEX_KEY.format(fleet=fleet),
        unacked_mutex_key=UNACKED_MUTEX_KEY.format(fleet=fleet),
    )
    if fleet != SYSTEM_FLEET:
        import pyarrow.parquet  # noqa: F401

        import tasks.learning.ingest
        import tasks.learning.predicting
        from tasks.estimators.catalogue import Catalogue
        from tasks.estimators.lightgbm_library import load_lightgbm

        load_store(app.settings.blobs_url)
        load_lightgbm()
        Catalogue({}, threads=1).get(DEFAULT_ESTIMATOR)
    if fleet == "train":
        # But for matplotlib: an idle service would keep 28 MB for a fifth of a second of a process's first train.
        import tasks.learning.fitting  # noqa: F401
    # Two lines a group, or an upkeep task, would be most of the log, and Celery repeats the words of every error; what
    # fails is still said.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
    log_no_messages()
    parent_death.ask_in_pools()
    # What lives now lives for ever: a collection in a child would only copy the pages that it shares.
    gc.collect()
    gc.freeze()
    log.info("worker of %s", ", ".join(app.amqp.queues.consume_from))


def _allot_memory(app: CeleryApp, processes: int) -> None:
    """Say how much each process of this worker may have, and all of them."""
    memory = memory_bytes()
    app.fleet_bytes = fleet_bytes(app.settings, fleet=app.fleet, processes=processes, memory=memory)
    app.settings = fitted(app.settings, fleet=app.fleet, processes=processes, memory=memory)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def warm(**_: Any) -> None:
    """In each process of a pool: connect before the first work comes, which may be urgent."""
    # That of the main process, which is not to turn for the signals of others.
    signal.set_wakeup_fd(-1)
    if limit := app.settings.worker_memory_bytes:
        limit_data(limit)
    if app.fleet == SYSTEM_FLEET:
        # It hands over what it is given, and needs no model code for its own work.
        return
    from tasks.worker.runtime import runtime

    with suppress(redis.exceptions.RedisError):
        runtime(app.settings).registry.names()
    if app.entry is not None:
        from tasks.worker.preloading import Preloader

        Preloader(app.settings, runtime(app.settings).models).start()


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def send_traces(**_: Any) -> None:
    """In each process of a pool that ends: send the traces that it has kept."""
    from tasks.worker.runtime import runtime

    if app.settings.traces_endpoint and app.fleet != SYSTEM_FLEET:
        with suppress(redis.exceptions.RedisError):
            runtime(app.settings).traces.close()


worker_ready.connect(offer_when_ready)
app = create_app(Settings.load())
