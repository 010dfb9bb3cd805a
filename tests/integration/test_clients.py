"""What every way to a service does alike: through Redis, over HTTP, and to the one in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from tasks.client import AsyncClient, Client
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import (
    Conflict,
    InvalidField,
    ModelNotInitialised,
    ServiceError,
    UnknownTask,
    UnknownVersion,
)
from tests.service import Service

ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]


@pytest.fixture(scope="module", params=["redis", "http"])
def client(request: pytest.FixtureRequest, service: Service) -> Iterator[Client]:
    """A client of each way."""
    with opened(request.param, service) as client:
        yield client


def opened(way: str, service: Service) -> Client:
    if way == "redis":
        return Client(service.redis_url, owner="tests")
    return Client(service.url, name="admin", password=service.home.admin_password.read_text().strip())


@pytest.fixture(scope="module")
def model(client: Client, request: pytest.FixtureRequest) -> str:
    """A trained model of y = a + b + 0.5."""
    name = f"clients-{type(client._transport).__name__}"
    assert client.init(name, rows=ROWS, target="y").result(timeout=30)["rows"] == len(ROWS)
    assert client.train(name, params={"num_iterations": 60}).result(timeout=30)["version"] == 1
    return name


def test_rows_are_estimated(client: Client, model: str) -> None:
    handle = client.estimate(model, rows=[[3, 4], {"b": 12, "a": 10}], version=1, lane="high")
    answer = handle.result(timeout=10)
    assert (answer["model"], answer["version"]) == (model, 1)
    assert answer["predictions"] == pytest.approx([7.5, 22.5], abs=1)
    task = handle.task()
    assert (task.kind, task.model, task.state, task.lane) == (Kind.ESTIMATE, model, State.SUCCEEDED, Lane.HIGH)
    assert task.submitted_at <= (task.started_at or 0) <= (task.finished_at or 0)
    assert task.id in [found.id for found in client.tasks(model=model, kind=Kind.ESTIMATE)]


def test_a_handle_is_stored_and_taken_up(client: Client, model: str) -> None:
    text = client.estimate(model, columns={"a": [3], "b": [4]}).to_json()
    assert json.loads(text)["task"]
    assert client.handle(text).result(timeout=10) == client.handle(json.loads(text)["task"]).result(timeout=10)
    for wrong in ("{}", '{"task": 3}', "made-up"):
        with pytest.raises((InvalidField, UnknownTask)):
            client.handle(wrong)
    with pytest.raises(UnknownTask):
        client.handle(f"{'0' * 32}-0").task()


def test_errors_are_what_they_are(client: Client, model: str) -> None:
    cases: list[tuple[object, type[ServiceError], str | None]] = [
        (client.estimate(model, rows=[[1, 2]], version=99), UnknownVersion, "?version"),
        (client.estimate("clients-none", rows=[[1, 2]]), ModelNotInitialised, None),
        (client.train("clients-none"), ModelNotInitialised, None),
    ]
    for handle, error, pointer in cases:
        with pytest.raises(error) as caught:
            handle.result(timeout=20)  # type: ignore[attr-defined]
        assert type(caught.value) is error
        assert (caught.value.pointer, bool(str(caught.value))) == (pointer, True)
    with pytest.raises(InvalidField, match="one of rows, columns or data"):
        client.estimate(model)
    with pytest.raises(InvalidField, match="model name"):
        client.train("no/name")


def test_one_key_is_one_piece_of_work(client: Client, model: str) -> None:
    key = f"key of {model}"
    first, second = (client.estimate(model, rows=[[3, 4]], idempotency_key=key) for _ in range(2))
    assert first.id == second.id
    assert client.estimate(model, rows=[[3, 4]]).id != first.id
    with pytest.raises(InvalidField, match="used for another request"):
        client.estimate(model, rows=[[5, 6]], idempotency_key=key)


def test_what_has_ended_is_not_cancelled(client: Client, model: str) -> None:
    handle = client.estimate(model, rows=[[3, 4]])
    handle.result(timeout=10)
    with pytest.raises(Conflict):
        handle.cancel()


def test_csv_and_back(client: Client, model: str) -> None:
    handle = client.estimate(model, data=b"a,b,more\n3,4,5\n", media=Media.CSV, accept="text/csv")
    assert float(handle.result(timeout=10).split()[1]) == pytest.approx(7.5, abs=1)
    assert [note["column"] for note in handle.notes(timeout=10)] == ["more"]


def test_a_version_is_taken_along(client: Client, model: str) -> None:
    for _ in range(2):
        assert client.export(model, version=1).result(timeout=60).startswith(b"PK")


def test_an_event_loop_does_the_same(client: Client, model: str, service: Service) -> None:
    async def walk() -> None:
        way = "redis" if "Redis" in model else "http"
        password = service.home.admin_password.read_text().strip()
        redis = AsyncClient(service.redis_url, owner="tests")
        async with redis if way == "redis" else AsyncClient(service.url, name="admin", password=password) as found:
            handles = await asyncio.gather(*(found.estimate(model, rows=[[a, 4]]) for a in range(20)))
            answers = await asyncio.gather(*(handle.result(timeout=20) for handle in handles))
            assert [answer["predictions"][0] for answer in answers] == pytest.approx(
                [a + 4.5 for a in range(20)], abs=1.5
            )
            assert await handles[0].state() is State.SUCCEEDED
            train = await found.train(model, params={"num_iterations": 5}, promote="never")
            seen = [progress["iteration"] async for progress in found.handle(train.to_json()).watch()]
            assert seen == sorted(seen)
            assert (await train.result(timeout=30))["promoted"] is False
            assert train.id in [task.id for task in await found.tasks(kind=Kind.TRAIN)]

    asyncio.run(walk())
