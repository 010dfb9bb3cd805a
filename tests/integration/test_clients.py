"""What every way to a service does alike: through Redis, over HTTP, and to the one in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
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
from tasks.testing import MemoryService
from tests.service import Service

ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]


class Way(NamedTuple):
    """How a service is reached."""

    name: str
    service: Service | MemoryService

    def client(self) -> Client:
        """A client."""
        if isinstance(self.service, MemoryService):
            return self.service.client()
        if self.name == "redis":
            return Client(self.service.redis_url, owner="tests")
        return Client(self.service.url, name="admin", password=self.service.home.first_password())

    def async_client(self) -> AsyncClient:
        """One for an event loop."""
        if isinstance(self.service, MemoryService):
            return self.service.async_client()
        if self.name == "redis":
            return AsyncClient(self.service.redis_url, owner="tests")
        return AsyncClient(self.service.url, name="admin", password=self.service.home.first_password())


@pytest.fixture(scope="module", params=["memory", "redis", "http"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each of them."""
    if request.param == "memory":
        return Way("memory", MemoryService(predict=lambda rows: [row["a"] + row["b"] + 0.5 for row in rows]))
    return Way(request.param, request.getfixturevalue("service"))


@pytest.fixture(scope="module")
def client(way: Way) -> Iterator[Client]:
    """A client of each way."""
    with way.client() as client:
        yield client


@pytest.fixture(scope="module")
def model(way: Way, client: Client) -> str:
    """A trained model of y = a + b + 0.5."""
    name = f"clients-{way.name}"
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


def test_a_version_is_taken_along(way: Way, client: Client, model: str) -> None:
    if way.name == "memory":
        with pytest.raises(InvalidField, match="takes no model along"):
            client.export(model)
        return
    zips = [client.export(model, version=1).result(timeout=60) for _ in range(2)]
    assert zips[0] == zips[1]
    alone = MemoryService()
    alone.add_model("stored", stored=zips[0])
    rows = [[3, 4], {"b": 12, "a": 10, "more": 1}]
    found, real = (
        one.estimate(name, rows=rows).result(timeout=10) for one, name in ((alone.client(), "stored"), (client, model))
    )
    assert {**found, "model": model} == real


def test_a_table_of_arrow_goes_in_and_comes_out(client: Client, model: str) -> None:
    table = pa.table({"a": [3, 10], "b": [4, 12]})
    found = client.estimate(model, data=table).table(timeout=10)
    assert found["prediction"].to_pylist() == pytest.approx([7.5, 22.5], abs=1)
    same = client.estimate(model, rows=table, accept=Media.JSON).result(timeout=10)["predictions"]
    assert same == pytest.approx([7.5, 22.5], abs=1)
    with pytest.raises(InvalidField, match="accept="):
        client.estimate(model, rows=[[3, 4]]).table(timeout=10)


def test_an_event_loop_does_the_same(way: Way, model: str) -> None:
    async def walk() -> None:
        async with way.async_client() as found:
            handles = await asyncio.gather(*(found.estimate(model, rows=[[a, 4]]) for a in range(20)))
            answers = await asyncio.gather(*(handle.result(timeout=20) for handle in handles))
            said = [answer["predictions"][0] for answer in answers]
            assert said == pytest.approx([a + 4.5 for a in range(20)], abs=1.5)
            assert await handles[0].state() is State.SUCCEEDED
            train = await found.train(model, params={"num_iterations": 5}, promote="never")
            seen = [progress["iteration"] async for progress in found.handle(train.to_json()).watch()]
            assert seen == sorted(seen)
            assert (await train.result(timeout=30))["promoted"] is False
            assert train.id in [task.id for task in await found.tasks(kind=Kind.TRAIN)]

    asyncio.run(walk())
