"""The machine code of one booster, from its first large table to its use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

from tasks.native import wanting
from tasks.native.folder import MODEL, Folder, Known
from tasks.native.loading import loaded

#: A table of so many rows, at least, has machine code made: smaller ones gain little by it.
LARGE_ROWS: Final = 4096
#: What is run.
MODULE: Final = "tasks.native.compiling"
#: What makes code takes the least of the processor.
NICENESS: Final = 19


class MachineCode:
    """Of a model in LightGBM's text format; `refused` says why there will be none; `niceness` is that of the process
    which makes it. Not for several threads."""

    def __init__(self, folder: Folder, text: bytes, *, refused: str = "", niceness: int = NICENESS) -> None:
        self._folder = folder
        self._niceness = niceness
        self._refused = refused or wanting.missing()
        self._name = "" if self._refused else wanting.name_of(text)
        self._process: subprocess.Popen[bytes] | None = None
        self._function: Callable[[Any], Any] | None = None
        self._least_rows = 0
        self._settled = False
        self._news = ""

    def function(self, rows: int, text: Callable[[], str]) -> Callable[[Any], Any] | None:
        """As `FastCode` says. Of the first large table it is begun to be made, unless it is there."""
        if rows >= LARGE_ROWS and not self._settled:
            try:
                self._look(text)
            except (OSError, ImportError, RuntimeError) as error:
                self._refuse(f"it cannot be kept or loaded: {error}")
        return self._function if rows >= self._least_rows else None

    def take_news(self) -> str:
        """As `FastCode` says."""
        news, self._news = self._news, ""
        return news

    def _look(self, text: Callable[[], str]) -> None:
        if self._refused:
            self._refuse(self._refused)
            return
        ended = self._process.poll() if self._process else None
        if self._process and ended is None:
            return
        known = self._folder.known(self._name) if self._folder.path.is_dir() else None
        if known is None and not self._process:
            self._begin(text())
        else:
            self._settle(known or Known(refused=f"its compiler ended with {ended}"))

    def _begin(self, text: str) -> None:
        self._folder.prepare()
        self._folder.write(self._name + MODEL, text.encode())
        # Nothing of what the environment holds is needed there.
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-P", "-m", MODULE, str(self._folder.path), self._name, str(self._niceness)]
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment)
        self._news = "machine code is being made of it; until then LightGBM predicts it"

    def _settle(self, known: Known) -> None:
        if known.refused:
            self._refuse(known.refused)
            return
        code = self._folder.code(self._name, known)
        self._function = loaded(code, width=known.width, outputs=known.outputs)
        self._least_rows, self._settled = known.rows, True
        self._news = (
            f"tables of {known.rows} rows and more are predicted by machine code, {known.faster:.1f} times as fast as"
            f" by LightGBM; on {known.checked:,} rows it was at most {known.difference:.0e} away"
        )

    def _refuse(self, reason: str) -> None:
        self._settled = True
        self._news = f"LightGBM predicts it, also in large tables: {reason}"
