"""Where the embedded Valkey keeps its append-only file, which is several: a base, and what was written after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Valkey's defaults of appenddirname and appendfilename.
FOLDER: Final = "appendonlydir"
MANIFEST: Final = "appendonly.aof.manifest"
#: What a manifest calls the files that are read at a start, by their type. History is deleted soon.
BASE: Final = "b"
INCREMENT: Final = "i"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of an append-only file."""

    path: Path
    #: BASE or INCREMENT. A base is a snapshot in Valkey's own format, or commands like an increment.
    type: str

    @property
    def has_commands(self) -> bool:
        """Whether it is made of commands, and not a snapshot in Valkey's own format."""
        return self.path.suffix != ".rdb"


def parts(data: Path) -> list[Part]:
    """The files that Valkey reads when it starts, in that order; none if `data`, its folder, has no manifest.

    Raises OSError. Of the manifest, the format is documented in valkey's src/aof.c: a file a line, as pairs of words.
    """
    folder = data / FOLDER
    try:
        lines = (folder / MANIFEST).read_text().splitlines()
    except FileNotFoundError:
        return []
    words = [line.split() for line in lines if line and not line.startswith("#")]
    entries = [dict(zip(line[::2], line[1::2], strict=False)) for line in words]
    return [
        Part(path=folder / entry["file"], type=entry["type"])
        for entry in entries
        if entry.get("type") in (BASE, INCREMENT) and "file" in entry
    ]


def current(data: Path) -> Path | None:
    """The file to which Valkey writes now; None if there is none yet. Raises OSError."""
    written = [part.path for part in parts(data) if part.type == INCREMENT]
    return written[-1] if written else None
