"""Which tasks have made versions that may be taken along; their results are kept for a while as all are."""

from __future__ import annotations

from typing import Any

import redis

from tasks.contract import Form
from tasks.ledger.groups import Current
from tasks.redis_keys import EXPORT_KEY


class Exports:
    """What is known of them in one Redis."""

    def __init__(self, client: redis.Redis, *, life_seconds: int) -> None:
        """`life_seconds`: how long the result of a task is kept."""
        self._redis = client
        self._life = life_seconds

    def task(self, model: str, version: Current, form: Form) -> str | None:
        """The task that makes or has made this; None if there is none that is known."""
        found: Any = self._redis.get(_key(model, version, form))
        return found.decode() if found is not None else None

    def note(self, model: str, version: Current, form: Form, *, task: str) -> None:
        """Say which task makes it."""
        self._redis.set(_key(model, version, form), task, ex=self._life)


def _key(model: str, version: Current, form: Form) -> str:
    return EXPORT_KEY.format(what=f"{model}:{version.version}:{version.identity}:{form.value}")
