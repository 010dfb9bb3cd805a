"""An append-only file that is written by us, in the form that any Redis or Valkey reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from infra.backup.keys import Key

#: The database that all keys lie in.
BEGINNING: Final = (b"SELECT", b"0")
#: What the file is called, and what the manifest says of it.
NAME: Final = "appendonly.aof.1.incr.aof"
MANIFEST_TEXT: Final = f"file {NAME} seq 1 type i\n".encode()


def encoded(*words: bytes) -> bytes:
    """A command in Redis' protocol (RESP), as it stands in the file."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


@contextmanager
def written(keys: Iterable[Key], folder: Path) -> Iterator[BinaryIO]:
    """A file in that folder, which is gone at the end, of what makes these keys; it is at its end."""
    with TemporaryFile(dir=folder) as file:
        file.write(encoded(*BEGINNING))
        for key in keys:
            for command in key.commands():
                file.write(encoded(*command))
        yield file
