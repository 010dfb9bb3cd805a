"""Who puts on the disk what Valkey writes, and what is said while the disk does not take it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.redis_server.append_only import current
from infra.redis_server.room import LEAST_BYTES, ROOM_BYTES, Room
from infra.redis_server.syncing import FULL, Syncer, Teller
from tasks.config.settings import Settings
from tasks.contract import PLACES
from tasks.errors import Unavailable
from tasks.ledger.backpressure import Backpressure
from tasks.redis_keys import DISK_KEY
from tests.servers import Valkey, eventually

#: Size of a disk that becomes full (bytes).
DISK_BYTES = 3 * ROOM_BYTES


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a small disk of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


@pytest.fixture
def appending() -> Iterator[Valkey]:
    """A Valkey with an append-only file that it does not sync."""
    with Valkey("--appendonly", "yes", "--appendfsync", "no") as server:
        yield server


def fill(path: Path) -> None:
    """Use what the disk has left."""
    with path.open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def test_room_is_kept_on_a_disk_that_others_fill(small: Path) -> None:
    with (small / "written").open("ab", buffering=0) as file:
        room = Room(file.fileno())
        assert room.keep() == ROOM_BYTES
        assert os.fstat(file.fileno()).st_size == 0, "nobody reads zeros"
        fill(small / "others")
        written = file.write(b"y" * (ROOM_BYTES - LEAST_BYTES))
        assert room.keep() == LEAST_BYTES
        written += file.write(b"y" * LEAST_BYTES)
        assert written == ROOM_BYTES
        assert room.keep() == 0
        (small / "others").unlink()
        assert room.keep() == ROOM_BYTES


def test_a_full_disk_is_told_and_so_is_its_end(small: Path) -> None:
    (small / "appendonlydir").mkdir()
    with Valkey("--appendonly", "yes", "--appendfsync", "no", "--dir", str(small)) as server, server.client() as client:
        syncer = Syncer(small)
        assert syncer.turn() == ""
        fill(small / "others")
        for number in range(ROOM_BYTES // 2**20 - LEAST_BYTES // 2**20 + 1):
            assert client.set(f"k{number}", b"x" * 2**20)
        assert syncer.turn() == FULL
        assert client.set("last", 1), "what is accepted meanwhile is written"
        (small / "others").unlink()
        assert syncer.turn() == ""
        syncer.close()


def test_valkey_is_followed_from_file_to_file(appending: Valkey) -> None:
    syncer = Syncer(appending.folder)
    with appending.client() as client:
        first = current(appending.folder)
        assert syncer.turn() == ""
        assert opened() == {first}
        client.bgrewriteaof()
        second = eventually(lambda: current(appending.folder) != first and current(appending.folder), what="a new file")
        assert syncer.turn() == ""
        assert opened() == {second}
    syncer.close()
    assert opened() == set()


def test_a_file_that_takes_the_place_of_another_is_synced(appending: Valkey) -> None:
    """As when all data is deleted under a running service."""
    syncer = Syncer(appending.folder)
    assert syncer.turn() == ""
    path = current(appending.folder)
    assert path
    path.rename(path.with_suffix(".old"))
    assert syncer.turn() == "", "there is nothing yet"
    path.touch()
    assert syncer.turn() == ""
    assert opened() == {path}
    syncer.close()


def test_without_a_file_nothing_is_wrong(tmp_path: Path) -> None:
    assert Syncer(tmp_path).turn() == ""


def test_while_the_disk_is_full_no_work_is_accepted(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    settings = Settings(redis_url=valkey_server.redis_url)
    pressure = Backpressure(redis_client, settings)
    teller = Teller(settings)
    teller.tell("")
    assert pressure.measure() == {}
    teller.tell(FULL)
    assert {objection.words for objection in pressure.measure().values()} == {FULL}
    assert pressure.measure().keys() == set(PLACES)
    assert 0 < redis_client.pttl(DISK_KEY) <= 10_000
    pressure.look()
    with pytest.raises(Unavailable, match="disk of Redis is nearly full"):
        pressure.check(*PLACES[0])
    teller.tell("")
    assert pressure.measure() == {}


def opened() -> set[Path]:
    """The append-only files that this process has open."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            path = link.readlink()
        except OSError:
            continue
        if path.name.startswith("appendonly.aof"):
            found.add(path)
    return found
