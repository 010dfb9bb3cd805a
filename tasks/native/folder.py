"""The folder of machine code: of this host and this user alone. Nothing in it comes from anywhere else."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

#: Code that was not used for so long is removed (seconds).
LIFE_SECONDS: Final = 30 * 86400
#: Most code that is kept (bytes); what was used least lately goes first.
MOST_BYTES: Final = 512 * 2**20
#: What the names of files end with: what is known of code, the code, and the model of which it is to be made.
KNOWN, CODE, MODEL = ".json", ".o", ".txt"


class Known(msgspec.Struct, frozen=True):
    """What was found out of a model when it was compiled."""

    #: Why it is not predicted by machine code; empty if it may be.
    refused: str = ""
    #: The fewest rows for which that is faster.
    rows: int = 0
    #: How many numbers a row has, and how many predictions.
    width: int = 0
    outputs: int = 1
    #: Rows that it was checked on, and how far a prediction was from LightGBM's (as a part of that, or absolute below
    #: 1).
    checked: int = 0
    difference: float = 0.0
    #: How often it was faster, with many rows.
    faster: float = 0.0
    #: SHA-256 of the code, in hex.
    digest: str = ""


class Folder:
    """One folder. Raises OSError where it cannot be used, PermissionError where others could write there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make it, if need be, for its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_own(self.path)

    def known(self, name: str) -> Known | None:
        """What is known of a model's code; None if nothing is."""
        try:
            return msgspec.json.decode(self._own(name + KNOWN), type=Known)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def code(self, name: str, known: Known) -> bytes:
        """The code. Raises FileNotFoundError; PermissionError for other bytes than were written."""
        found = self._own(name + CODE)
        if hashlib.sha256(found).hexdigest() != known.digest:
            raise PermissionError(f"{name}{CODE} is not what was written")
        for suffix in (KNOWN, CODE):
            # Another process may sweep.
            with suppress(FileNotFoundError):
                os.utime(self.path / (name + suffix))
        return found

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, or not at all."""
        aside = self.path / f"{name}.{os.getpid()}.tmp"
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
        aside.replace(self.path / name)

    def sweep(self, now: float | None = None) -> None:
        """Remove what was not used for long, and what is too much."""
        now, left = time.time() if now is None else now, MOST_BYTES
        found = []
        for file in self.path.iterdir():
            with suppress(FileNotFoundError):
                found.append((file.stat(), file))
        for said, file in sorted(found, key=lambda one: -one[0].st_mtime):
            left -= said.st_size
            if left < 0 or now - said.st_mtime > LIFE_SECONDS:
                file.unlink(missing_ok=True)

    def _own(self, name: str) -> bytes:
        _check_own(self.path)
        path = self.path / name
        with path.open("rb") as file:
            _check_own(path, os.fstat(file.fileno()))
            return file.read()


def _check_own(path: Path, said: os.stat_result | None = None) -> None:
    said = path.stat() if said is None else said
    if said.st_uid != os.geteuid() or stat.S_IMODE(said.st_mode) & 0o077:
        raise PermissionError(f"{path} is not its owner's alone: machine code from there is not run")
