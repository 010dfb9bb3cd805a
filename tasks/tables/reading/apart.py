"""Formats whose readers believe what a file claims: they are read in a process of its own, which may have so much
memory and not more."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.errors import BodyTooLarge, InvalidField, MalformedBody
from tasks.tables.bounds import ENDLESS, Bounds
from tasks.tables.findings import Finding

#: What the process takes for itself (bytes).
OWN_BYTES: Final = 512 * 1024 * 1024
#: What is run.
MODULE: Final = "tasks.tables.reading.child"
#: The code with which it ends when it was refused memory.
OUT_OF_MEMORY: Final = 77
#: How a library of Rust or C++ ends it then.
_ABORTED: Final = -6


class Asked(msgspec.Struct, frozen=True):
    """What the process is told, in one line before the body."""

    format: str
    #: Most memory for data (bytes); 0: no bound.
    memory: int
    rows: int
    columns: int
    bytes: int
    sheet: str = ""


class Told(msgspec.Struct, frozen=True):
    """What it says, in one line before the table as an Arrow stream; with an error there is none."""

    error: str = ""
    #: Whether it is the body that is too large, or the sheet that is not there.
    kind: str = ""
    findings: list[Finding] = []
    #: The line of the first row, if rows have lines.
    first_line: int = 0


def read_apart(data: bytes, kind: str, bounds: Bounds, *, sheet: str = "") -> tuple[pa.Table, Told]:
    """The table of a body in ORC or of a workbook. Raises BodyTooLarge, MalformedBody, InvalidField."""
    memory = 0 if bounds.bytes >= ENDLESS else OWN_BYTES + len(data) + bounds.bytes
    asked = Asked(kind, memory, bounds.rows, bounds.columns, bounds.bytes, sheet)
    # Nothing of what the environment holds is needed there.
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "ARROW_DEFAULT_MEMORY_POOL": "system"}
    process: Any = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        out, _ = process.communicate(msgspec.json.encode(asked) + b"\n" + data)
    finally:
        # Also when the work is cancelled or runs out of time.
        process.kill()
        process.wait()
    if process.returncode in (OUT_OF_MEMORY, _ABORTED):
        raise BodyTooLarge("the body takes more memory than is allowed when it is unpacked; send it as Parquet or CSV")
    if process.returncode:
        raise MalformedBody(
            f"the body cannot be read: its reader ended with {process.returncode}; send the whole of it"
        )
    head, _, table = out.partition(b"\n")
    told = msgspec.json.decode(head, type=Told)
    if told.error:
        raise _ERRORS[told.kind](told.error)
    return pa.ipc.open_stream(table).read_all(), told


_ERRORS: Final[dict[str, Any]] = {
    "malformed": MalformedBody,
    "large": BodyTooLarge,
    "sheet": lambda said: InvalidField(said).at("?sheet"),
}
