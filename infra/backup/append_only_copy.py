"""The append-only file of a Valkey as it is at one moment, whether that Valkey runs or not."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.redis_server.append_only import FOLDER, MANIFEST, Part, parts
from infra.redis_server.repair import torn_end
from tasks.errors import Conflict, Unavailable

#: So often it is tried to open the files before Valkey has begun others.
TRIES: Final = 100


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One of the files, open."""

    name: str
    file: BinaryIO
    #: So many bytes of it belong to the copy.
    size: int


@contextmanager
def caught(data: Path) -> Iterator[list[Kept]]:
    """The files of the Valkey whose folder this is, all that it had answered before, and no half a command.

    Valkey may go on and even begin other files meanwhile: these stay open, and what it adds to them is left out. Raises
    Unavailable if there are none, Conflict if they are damaged, OSError.
    """
    with ExitStack() as stack:
        for _ in range(TRIES):
            with ExitStack() as tried:
                manifest = _manifest(data)
                try:
                    found = parts(data)
                    files = [tried.enter_context(part.path.open("rb")) for part in found]
                except FileNotFoundError:
                    # Written anew between the look at the manifest and this one; or lost.
                    continue
                if files and _manifest(data) == manifest:
                    stack.enter_context(tried.pop_all())
                    kept = [_kept(part, file, last=part is found[-1]) for part, file in zip(found, files, strict=True)]
                    yield [*kept, Kept(name=MANIFEST, file=io.BytesIO(manifest), size=len(manifest))]
                    return
    raise Conflict(
        f"files are missing that {data / FOLDER / MANIFEST} names: `mlservice repair` says what can be saved"
    )


def _manifest(data: Path) -> bytes:
    try:
        return (data / FOLDER / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise Unavailable(f"{data} has no data of an embedded Valkey: is it in the --home of the service?") from None


def _kept(part: Part, file: BinaryIO, *, last: bool) -> Kept:
    size = os.fstat(file.fileno()).st_size
    if last and size and part.has_commands:
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
            torn = torn_end(part.path, data)
            size = torn.offset if torn else size
    return Kept(name=part.path.name, file=file, size=size)
