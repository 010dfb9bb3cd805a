"""Zips of elsewhere, read in memory: nothing is written where a name in it says."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from tasks.errors import BodyTooLarge, MalformedBody

#: Most files in one.
MOST_FILES: Final = 200
#: How a zip begins.
MAGIC: Final = b"PK\x03\x04"
#: How files in it may be compressed.
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: The bit of a file's flags that says that it is encrypted.
_ENCRYPTED: Final = 0x1


def unzip(data: bytes, *, most_bytes: int) -> dict[str, bytes]:
    """The files by name, without folders that all of them are in.

    Raises MalformedBody for what is no zip, for names that lead out of a folder or are there twice, for links and for
    encrypted files; BodyTooLarge for more than MOST_FILES files, or `most_bytes` when they are unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(entries, most_bytes)
            return _inner({entry.filename: archive.read(entry) for entry in entries})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise MalformedBody(f"the zip cannot be read: {error}; send the whole of it") from error


def _check(entries: list[zipfile.ZipInfo], most_bytes: int) -> None:
    """Look at what the zip says of its files. No more is unpacked of one than it says."""
    if len(entries) > MOST_FILES:
        raise BodyTooLarge(f"the zip has {len(entries):,} files, more than the {MOST_FILES} that are taken")
    if (size := sum(entry.file_size for entry in entries)) > most_bytes:
        raise BodyTooLarge(
            f"the zip takes {size:,} bytes when it is unpacked, more than the {most_bytes:,} that are taken"
        )
    seen = set()
    for entry in entries:
        name, shown = entry.filename, repr(entry.filename[:80])
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not name.isprintable():
            raise MalformedBody(f"the zip has a file {shown}, whose name leads out of it or cannot be one")
        if name in seen:
            raise MalformedBody(f"the zip has two files {shown}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise MalformedBody(f"the zip has a link {shown}; send the file itself")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise MalformedBody(f"the file {shown} in the zip is encrypted, or compressed in a way that is not read")
        seen.add(name)


def _inner(files: dict[str, bytes]) -> dict[str, bytes]:
    while files and all("/" in name for name in files) and len({name.partition("/")[0] for name in files}) == 1:
        files = {name.partition("/")[2]: data for name, data in files.items()}
    return files


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()
