"""The file of a backup: a tar, so that other tools can read it too, whose last member is its manifest."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from infra.backup.manifest import File, Manifest
from tasks.errors import Conflict
from tasks.storage.atomic_file import whole_file

#: The member that says what the others are.
MANIFEST_NAME: Final = "manifest.json"
#: The manifest of a few million files; more is no manifest (bytes).
MANIFEST_BYTES: Final = 512 * 2**20
#: So much is copied at once (bytes).
CHUNK_BYTES: Final = 1024 * 1024

Tell = Callable[[int], None]


class Readable(Protocol):
    """What bytes are read of."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


class Writer:
    """Adds files to a backup that is being made."""

    def __init__(self, tar: tarfile.TarFile, tell: Tell) -> None:
        self._tar, self._tell = tar, tell
        self.files: list[File] = []

    def add(self, name: str, source: Readable, size: int) -> File:
        """Add so many bytes. Raises OSError if there are fewer."""
        hashing = Hashing(source, size, self._tell)
        self._tar.addfile(_member(name, size), hashing)  # type: ignore[arg-type]
        self.files.append(File(name, size, hashing.digest()))
        return self.files[-1]

    def end(self, manifest: Manifest) -> None:
        """Say what was added, which ends the backup."""
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._tar.addfile(_member(MANIFEST_NAME, len(text)), _Bytes(text))  # type: ignore[arg-type]


class Hashing:
    """Bytes that are hashed as they are read, and no more of them than were promised."""

    def __init__(self, source: Readable, size: int, tell: Tell) -> None:
        self._source, self._left, self._tell = source, size, tell
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """The next bytes. Raises OSError at an early end."""
        wanted = min(size, self._left)
        data = self._source.read(wanted)
        if len(data) < wanted:
            raise OSError("a file has become shorter while it was read")
        self._left -= len(data)
        self._hash.update(data)
        self._tell(len(data))
        return data

    def digest(self) -> str:
        """The hash of what was read (SHA-256, hexadecimal)."""
        return self._hash.hexdigest()


@contextmanager
def written(path: Path, tell: Tell) -> Iterator[Writer]:
    """A new backup (0600), which is at `path`, whole and safe from a power cut, when the block ends, and not before.

    Raises FileExistsError, at once, if there is a file already; OSError.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already: a backup is a new file")
    with (
        whole_file(path, mode=0o600) as file,
        tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, copybufsize=CHUNK_BYTES) as tar,
    ):
        yield Writer(tar, tell)


class Reader:
    """A backup that was opened."""

    def __init__(self, tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], manifest: Manifest) -> None:
        self._tar, self._members = tar, members
        self.manifest = manifest

    def copy(self, file: File, target: BinaryIO | None, tell: Tell) -> None:
        """Write a file to `target`, if that is given. Raises Conflict if it is not what the manifest says, OSError."""
        member = self._members.get(file.name)
        if member is None or member.size != file.size:
            raise Conflict(f"{file.name} in it is missing or damaged")
        source = self._tar.extractfile(member)
        assert source is not None, "it is a file"
        hashing = Hashing(source, file.size, tell)
        while data := hashing.read(CHUNK_BYTES):
            if target:
                target.write(data)
        if hashing.digest() != file.sha256:
            raise Conflict(f"{file.name} in it is damaged")


@contextmanager
def opened(path: Path, *, valkey: str) -> Iterator[Reader]:
    """A backup. Raises Conflict, which names the file, for one that is damaged, not ours or too new; OSError."""
    try:
        with tarfile.open(path, "r:") as tar:
            members = {member.name: member for member in tar if _is_plain(member)}
            yield Reader(tar, members, _manifest(tar, members, valkey=valkey))
    except tarfile.TarError as error:
        raise Conflict(f"{path} cannot be used: it is cut off, or not a backup of mlservice ({error})") from error
    except Conflict as error:
        raise Conflict(f"{path} cannot be used: {error}") from error


def _manifest(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], *, valkey: str) -> Manifest:
    member = members.get(MANIFEST_NAME)
    if member is None or member.size > MANIFEST_BYTES:
        raise Conflict("it has no manifest, so it is cut off, or not a backup of mlservice")
    file = tar.extractfile(member)
    assert file is not None, "it is a file"
    try:
        manifest = msgspec.json.decode(file.read(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise Conflict(f"its manifest cannot be read ({error})") from error
    manifest.check(valkey=valkey)
    if others := members.keys() - {file.name for file in manifest.files} - {MANIFEST_NAME}:
        raise Conflict(f"it holds {min(others)!a}, of which its manifest knows nothing")
    return manifest


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether it is a file and no more. Raises Conflict if it is a link, a device or anything else."""
    if member.type != tarfile.REGTYPE or member.sparse is not None:
        raise Conflict(f"{member.name!a} in it is no plain file")
    return True


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def read(self, size: int) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return bytes(data)
