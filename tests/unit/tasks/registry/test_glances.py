"""Looks at the records of all models at once."""

from __future__ import annotations

import json

import pytest
import redis

from tasks.redis_keys import ALIASES_KEY, MODEL_KEY, MODELS_KEY, REPORTS_KEY, VERSIONS_KEY
from tasks.registry import glances
from tasks.registry.glances import Ages, ages, referenced


def made(client: redis.Redis, model: str, *, versions: int) -> None:
    """A model whose blobs tell its name and what they are."""
    data = {name: f"{model}-{name}" for name in ("train", "holdout", "test", "sides", "plan")}
    client.sadd(MODELS_KEY, model)
    client.hset(MODEL_KEY.format(model=model), mapping={"snapshot": json.dumps({**data, "rows": 3})})
    for number in range(1, versions + 1):
        stored = {"artefact": f"{model}-{number}", "created_at": 10.0 * number, "metrics": {"rmse": 1.0}}
        client.hset(VERSIONS_KEY.format(model=model), str(number), json.dumps(stored))
        client.hset(REPORTS_KEY.format(model=model), str(number), json.dumps({"digest": f"{model}-page{number}"}))


@pytest.mark.parametrize(("page", "many"), [(200, 1000), (1, 1)])
def test_all_blobs_are_found(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, page: int, many: int) -> None:
    monkeypatch.setattr(glances, "PAGE", page)
    monkeypatch.setattr(glances, "MANY", many)
    for model, versions in (("a", 1), ("b", 3), ("c", 0)):
        made(redis_client, model, versions=versions)
    redis_client.sadd(MODELS_KEY, "gone")
    data = {f"{model}-{part}" for model in "abc" for part in ("train", "holdout", "test", "sides", "plan")}
    stored = {"a-1", "b-1", "b-2", "b-3", "a-page1", "b-page1", "b-page2", "b-page3"}
    assert referenced(redis_client) - {""} == data | stored


def test_versions_tell_their_ages_and_which_are_named(redis_client: redis.Redis) -> None:
    for model in "ab":
        made(redis_client, model, versions=2)
    redis_client.hset(MODEL_KEY.format(model="b"), "current", "2")
    redis_client.hset(ALIASES_KEY.format(model="b"), "first", "1")
    born = {1: 10.0, 2: 20.0}
    assert list(ages(redis_client)) == [Ages("a", born, set()), Ages("b", born, {1, 2})]
