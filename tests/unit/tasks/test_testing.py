"""The service in memory, where it is more than the real one: what a test wants of it."""

from __future__ import annotations

import asyncio

import pytest

from tasks.contract import Kind, State
from tasks.errors import Cancelled, EstimatorFailed, Expired, InvalidField, ModelNotTrained, Unavailable
from tasks.testing import MemoryService


def areas(service: MemoryService) -> None:
    service.add_model("housing", predict=lambda rows: [row["area"] * 4000 for row in rows], columns=["area"])


def test_a_function_answers() -> None:
    service = MemoryService()
    areas(service)
    client = service.client()
    found = client.estimate("housing", rows=[{"area": 50, "colour": "red"}, [10]])
    assert found.result(timeout=0)["predictions"] == [200000, 40000]
    assert [note["column"] for note in found.notes(timeout=0)] == ["colour"]
    assert service.assert_submitted("estimate", model="housing").body
    with pytest.raises(AssertionError, match="but estimate of housing"):
        service.assert_submitted("train")
    with pytest.raises(AssertionError, match="1 pieces"):
        service.assert_nothing_submitted()
    with pytest.raises(InvalidField, match="give predict"):
        service.add_model("neither")


def test_work_waits_until_it_is_drained() -> None:
    now = [0.0]
    service = MemoryService(inline=False, clock=lambda: now[0])
    areas(service)
    client = service.client()
    first, late, unwanted = (
        client.estimate("housing", rows=[[1]], deadline_seconds=seconds) for seconds in (None, 5, None)
    )
    assert (first.state, service.client().tasks(kind=Kind.ESTIMATE)[0].id) == (State.QUEUED, unwanted.id)
    with pytest.raises(TimeoutError):
        first.result(timeout=5)
    assert unwanted.cancel()
    now[0] = 6.0
    assert service.drain() == 2
    assert first.result(timeout=0)["predictions"] == [4000]
    for handle, error in ((late, Expired), (unwanted, Cancelled)):
        with pytest.raises(error):
            handle.result(timeout=0)
    assert service.drain() == 0


def test_a_train_makes_a_version_of_what_is_typical() -> None:
    service = MemoryService(sources={"flats": [{"area": 1, "price": 10}, {"area": 2, "price": 20}]})
    client = service.client()
    client.init("flats", source="flats", target="price").result(timeout=0)
    assert client.train("flats", promote="never").result(timeout=0)["version"] == 1
    with pytest.raises(ModelNotTrained):
        client.estimate("flats", rows=[[3]]).result(timeout=0)
    assert list(client.train("flats").watch())[-1]["iteration"] == 1
    assert client.estimate("flats", rows=[[3]]).result(timeout=0)["predictions"] == [15.0]


def test_what_goes_wrong_can_be_had() -> None:
    service = MemoryService()
    service.refuse(Unavailable("too much waits"))
    service.add_model("broken", predict=lambda rows: [1 / row["x"] for row in rows])
    with pytest.raises(Unavailable):
        service.client().estimate("broken", rows=[{"x": 1}])
    with pytest.raises(EstimatorFailed, match="ZeroDivisionError"):
        service.client().estimate("broken", rows=[{"x": 0}]).result(timeout=0)
    service.add_model("uneven", predict=lambda rows: [1, 2])
    with pytest.raises(EstimatorFailed, match="2 predictions for 1 rows"):
        service.client().estimate("uneven", rows=[{"x": 0}]).result(timeout=0)


def test_an_event_loop_may_use_it() -> None:
    service = MemoryService()
    areas(service)

    async def walk() -> object:
        async with service.async_client() as client:
            return (await (await client.estimate("housing", rows=[[2]])).result(timeout=1))["predictions"]

    assert asyncio.run(walk()) == [8000]
