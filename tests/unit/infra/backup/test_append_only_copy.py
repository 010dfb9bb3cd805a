"""The append-only file as it is at one moment, while Valkey writes and begins other files."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from infra.backup.append_only_copy import caught
from infra.redis_server.append_only import FOLDER
from tasks.errors import Unavailable
from tests.servers import Valkey

KEPT = ("--appendonly", "yes", "--appendfsync", "no")


def copy(data: Path, target: Path) -> None:
    (target / FOLDER).mkdir(parents=True)
    with caught(data) as files:
        for file in files:
            (target / FOLDER / file.name).write_bytes(file.file.read(file.size))


def test_all_that_was_answered_is_there_and_no_half_a_transaction(tmp_path: Path) -> None:
    with Valkey(*KEPT) as valkey, valkey.client() as client, valkey.client() as other:
        ended = threading.Event()

        def write() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                with other.pipeline(transaction=True) as pipe:
                    pipe.set("one", number)
                    pipe.set("two", number)
                    pipe.set(f"pad:{number % 100}", b"x" * 5000)
                    pipe.execute()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for turn in range(6):
                client.set("answered", turn)
                if turn % 2:
                    with suppress(redis.exceptions.ResponseError):
                        # One may go on already.
                        client.bgrewriteaof()
                copy(valkey.folder, tmp_path / str(turn))
        finally:
            ended.set()
            thread.join()
    for turn in range(6):
        restored = Valkey(*KEPT)
        shutil.copytree(tmp_path / str(turn) / FOLDER, restored.folder / FOLDER)
        with restored, restored.client() as client:
            assert client.get("answered") == str(turn).encode()
            assert client.get("one") == client.get("two")


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no data of an embedded Valkey"), caught(tmp_path):
        pass
