"""What the workers import, imported once: the supervisor forks them from itself, where else each would begin anew.

So they share the memory of the code, and start in a tenth of the time. Nothing is read or connected here, and no thread
begins: settings are read by each process that is forked. Where a file of what was imported is another one by now, as
after an update, the program begins anew instead.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

from infra.host.process_title import entitle
from tasks.importing import load_celery

#: How a program of ours is begun, before its own arguments.
PYTHON: Final = ("-P", "-m", "infra")
#: What workers import, but for the app: that reads the settings. Last, what these import late.
IMPORTED: Final = (
    *("infra.cli", "infra.supervision.serving"),
    *("tasks.estimate", "tasks.init", "tasks.train", "tasks.upkeep.system_tasks", "tasks.upkeep.beat"),
    *("tasks.learning.fitting", "tasks.learning.ingest", "tasks.learning.predicting", "pyarrow.parquet"),
    *("tasks.estimators.catalogue", "tasks.estimators.lightgbm", "tasks.worker.runtime"),
    *("tasks.worker.bootsteps", "tasks.worker.overseeing", "tasks.worker.parent", "tasks.worker.own_process"),
    *("tasks.worker.offering", "tasks.worker.cancels", "tasks.worker.leases", "tasks.worker.memory_limit"),
    *("tasks.worker.own_pool", "tasks.worker.pool", "tasks.worker.transport", "tasks.worker.handover"),
    *("tasks.worker.celery_options", "tasks.worker.events", "tasks.worker.succession", "tasks.worker.watchdog"),
    *("celery.apps.worker", "celery.loaders.app", "celery.backends.redis", "celery.worker.components"),
    *("celery.worker.autoscale", "celery.worker.consumer", "celery.worker.consumer.delayed_delivery"),
    *("celery.worker.strategy", "celery.app.control", "celery.app.events", "kombu.pidbox", "kombu.matcher"),
    *("kombu.transport.redis", "kombu.asynchronous.hub", "celery.app.log", "celery.fixups.django"),
)
#: What supervisord has changed, and a new process does not have.
SIGNALS: Final = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)


def supervised() -> None:
    """A program of the supervisor's."""
    runpy.run_module("infra", run_name="__main__", alter_sys=True)


class Warm:
    """What `load` imports here, for programs whose first argument is one of `programs`."""

    def __init__(self, programs: Sequence[str], *, load: Callable[[], None]) -> None:
        self._programs = programs
        self._load = load
        self._files: dict[str, tuple[int, int]] = {}
        self._as_imported = False

    def prepare(self) -> None:
        """Import it. If that fails, every program begins anew, and says itself what is wrong."""
        # All that comes now stays. Looking for garbage meanwhile took a seventh of the time, and found half a MB.
        gc.disable()
        try:
            self._load()
        except Exception:
            return
        finally:
            gc.enable()
        gc.freeze()
        self._files = {path: _state(path) for path in map(_file, list(sys.modules.values())) if path}

    def look(self) -> None:
        """See whether the files are those that were imported. Before a fork: whoever goes through what is shared copies
        the memory in which it lies."""
        self._as_imported = bool(self._files) and all(_state(path) == it for path, it in self._files.items())

    def suits(self, argv: Sequence[str]) -> bool:
        """Whether a process that was forked from this one, after a look, may be this program."""
        begins = tuple(argv[1 : 1 + len(PYTHON)]) == PYTHON and argv[1 + len(PYTHON)] in self._programs
        return begins and self._as_imported

    def become(
        self, argv: Sequence[str], environment: Mapping[str, str], *, run: Callable[[], object] = supervised
    ) -> NoReturn:
        """In a process that was forked from this one: be this program, which `run` is."""
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        # They are the supervisor's.
        atexit._clear()
        os.environ.clear()
        os.environ.update(environment)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
        entitle(argv)
        sys.argv = list(argv[len(PYTHON) :])
        status = 1
        try:
            run()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            atexit._run_exitfuncs()
            logging.shutdown()
            os._exit(status)


def load_workers() -> None:
    """Import what workers do."""
    load_celery()
    for name in IMPORTED:
        import_module(name)
    from tasks.estimators.lightgbm_library import load_lightgbm

    load_lightgbm()


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or ""


def _state(path: str) -> tuple[int, int]:
    """What tells a file from what was there before; nothing for one that is not there."""
    try:
        found = Path(path).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
