"""The zip in which a version is taken along: files, and a manifest that has the hash of each."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

#: What a manifest says that it is.
KIND: Final = "mlservice version"
#: The format that is written.
FORMAT: Final = 1
#: The name of the manifest.
MANIFEST: Final = "manifest.json"
#: The file that has all that the registry keeps of the version.
RECORD: Final = "version.json"
#: Who may do what with a file that is unpacked.
_MODE: Final = 0o644 << 16


class File(msgspec.Struct, frozen=True):
    """One file of a package."""

    sha256: str
    #: Its size.
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a package says of itself."""

    kind: str = KIND
    format: int = FORMAT
    model: str
    version: int
    estimator: str
    #: The files which, one after the other, are the model as its estimator wrote it.
    artefact: list[str]
    #: All files but the manifest.
    files: dict[str, File]


def write(files: Mapping[str, bytes], *, manifest: Manifest, at: float) -> bytes:
    """A zip of these files, which says that they are of a time (`at`, seconds since the epoch): the same files make the
    same bytes. `manifest`: without its files."""
    known = {name: File(digest(data), len(data)) for name, data in files.items()}
    said = msgspec.json.encode(msgspec.structs.replace(manifest, files=known))
    written = io.BytesIO()
    when = datetime.fromtimestamp(at, UTC).timetuple()[:6]
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, MANIFEST: msgspec.json.format(said)}.items():
            entry = zipfile.ZipInfo(name, when)
            entry.external_attr, entry.compress_type = _MODE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return written.getvalue()


def digest(data: bytes) -> str:
    """The hash by which a file is known: SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
