"""Our own client as the wheel gives it, in an environment that has neither Celery nor anything of machine learning:
over HTTP, through Redis, and in an event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from importlib.metadata import distributions
from typing import Any

from asking import NUMBERS, ROWS, asked, tell  # type: ignore[import-not-found]

import tasks.client
from tasks.client import AsyncClient, Client

AT = asked()
#: What no caller is to install.
HEAVY = {"celery", "kombu", "numpy", "lightgbm", "pyarrow", "scikit-learn", "falcon"}


def predicted(client: Client) -> Iterator[list[Any]]:
    """Both models' predictions, and a handle that was stored and taken up again."""
    for model, rows in ((AT.model, ROWS), (AT.numbers, NUMBERS)):
        stored = client.estimate(model, rows=rows).to_json()
        yield client.handle(stored).result(timeout=60)["predictions"]


async def awaited() -> list[Any]:
    """The same in an event loop."""
    async with AsyncClient(AT.url, name="admin", password=os.environ["PASSWORD"]) as client:
        handle = await client.estimate(AT.numbers, rows=NUMBERS)
        found: list[Any] = (await handle.result(timeout=60))["predictions"]
        return found


def main() -> None:
    """Ask in each way."""
    assert "site-packages" in tasks.client.__file__, tasks.client.__file__
    there = {one.metadata["Name"].lower() for one in distributions()}
    assert not there & HEAVY, there & HEAVY
    with Client(AT.url, token=AT.token) as http, Client(os.environ["REDIS_URL"]) as redis:
        rows, numbers = predicted(http)
        rows_by_redis, numbers_by_redis = predicted(redis)
    tell(
        rows=rows,
        numbers=numbers,
        rows_by_redis=rows_by_redis,
        numbers_by_redis=numbers_by_redis,
        numbers_awaited=asyncio.run(awaited()),
    )


if __name__ == "__main__":
    main()
