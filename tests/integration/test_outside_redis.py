"""A Redis of the operator's own: refused where it would lose work, and looked at before anything starts on it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from infra.redis_server.outside import look_at
from infra.redis_server.suitability import refuse_known_unsuitable
from tasks.config.settings import Settings
from tasks.errors import SettingsError, Unavailable
from tasks.ledger.fleet import announce
from tasks.redis_keys import SERVICE_KEY
from tasks.storage.stores import open_blobs
from tasks.upkeep.retention import sweep
from tests.servers import Valkey
from tests.service import MLSERVICE

pytestmark = pytest.mark.integration


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey("--appendonly", "yes") as server:
        yield server


def settings_for(valkey: Valkey, folder: Path, **values: Any) -> Settings:
    return Settings(redis_url=valkey.redis_url, blobs_url=f"file://{folder}", **{"token_key": "k" * 40, **values})


def said(settings: Settings) -> list[str]:
    warnings: list[str] = []
    look_at(settings, warn=warnings.append)
    return warnings


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_up_does_not_start_on_a_redis_that_evicts(policy: str, tmp_path: Path) -> None:
    with Valkey("--maxmemory-policy", policy) as valkey:
        done = subprocess.run(
            [MLSERVICE, "up", "--home", tmp_path / "home", "--port", "0"],
            env={"REDIS_URL": valkey.redis_url, "PATH": str(Path(sys.executable).parent)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"its maxmemory-policy is {policy}): set it to noeviction" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_process_alone_refuses_it_too_and_waits_for_one_that_is_away(tmp_path: Path) -> None:
    with Valkey("--maxmemory-policy", "allkeys-lfu") as valkey:
        for command in (("worker", "estimate"), ("gateway",)):
            done = subprocess.run(
                [MLSERVICE, *command],
                env={"REDIS_URL": valkey.redis_url, "MLSERVICE_TOKEN_KEY": "k" * 40},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (done.returncode, "allkeys-lfu" in done.stderr) == (1, True), done.stderr
    refuse_known_unsuitable(Settings(redis_url=f"unix://{tmp_path}/none"))


def test_one_that_keeps_no_file_is_told_of(tmp_path: Path) -> None:
    with Valkey() as valkey:
        (warning,) = said(settings_for(valkey, tmp_path))
    assert "appendonly to yes" in warning


def test_nothing_is_said_of_one_that_is_as_it_should_be(valkey: Valkey, tmp_path: Path) -> None:
    settings = settings_for(valkey, tmp_path)
    assert said(settings) == []
    assert said(settings) == []


def test_one_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        look_at(Settings(redis_url=f"unix://{tmp_path}/none", token_key="k" * 40), warn=print)


def test_another_blob_store_is_told_of(valkey: Valkey, tmp_path: Path) -> None:
    assert said(settings_for(valkey, tmp_path / "one")) == []
    (warning,) = said(settings_for(valkey, tmp_path / "two"))
    assert "same MLSERVICE_BLOBS_URL" in warning
    assert said(settings_for(valkey, tmp_path / "one")) == []


def test_other_keys_are_told_of(valkey: Valkey, tmp_path: Path) -> None:
    assert said(settings_for(valkey, tmp_path)) == []
    (warning,) = said(settings_for(valkey, tmp_path, token_key="o" * 40))
    assert "MLSERVICE_TOKEN_KEY" in warning
    with valkey.client() as client:
        kept: Any = client.hgetall(SERVICE_KEY)
    assert b"o" * 40 not in b"".join(kept.values())


def test_who_works_on_it_is_told_of(valkey: Valkey, tmp_path: Path) -> None:
    with valkey.client() as client:
        announce(client, "train", member="train@elsewhere#1", processes=2)
    (warning,) = said(settings_for(valkey, tmp_path))
    assert "train workers train@elsewhere" in warning


def test_the_mark_in_the_blob_store_stays(valkey: Valkey, tmp_path: Path) -> None:
    settings = settings_for(valkey, tmp_path)
    said(settings)
    with redis.Redis.from_url(valkey.redis_url) as client:
        lost = open_blobs(settings.blobs_url, client).put(b"nobody's")
        sweep(client, settings, now=time.time() + 10 * settings.grace_seconds, part_seconds=5)
        with pytest.raises(Unavailable):
            open_blobs(settings.blobs_url, client).get(lost)
    assert said(settings) == []


def test_an_evicting_redis_is_an_error_of_settings() -> None:
    with Valkey("--maxmemory-policy", "allkeys-random") as valkey, pytest.raises(SettingsError, match="noeviction"):
        look_at(Settings(redis_url=valkey.redis_url, token_key="k" * 40), warn=print)
