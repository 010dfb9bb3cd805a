"""New rows beside those that a model has: every row keeps its part, and each append is there once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import msgspec
import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Kind, Lane, Media, Promote
from tasks.errors import BodyTooLarge, InvalidField, InvalidTable, ModelNotInitialised
from tasks.estimators.base import Dataset
from tasks.learning import appending, fitting, ingest
from tasks.ledger.groups import Claim, Head
from tasks.redis_keys import GROUP_KEY
from tasks.registry.snapshots import read_dataset
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Valkey


@pytest.fixture
def runtime(valkey_server: Valkey) -> Runtime:
    return make_runtime(Settings(redis_url=valkey_server.redis_url))


def rows(first: int, count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": f"row-{n}",
            "x": n * 0.5,
            "city": "abc"[n % 3],
            "sold": f"2026-{1 + n % 12:02}-{1 + n % 28:02}",
            "shop": f"s{n % 40}",
            "y": n * 0.5 + n % 3,
            **more,
        }
        for n in range(first, first + count)
    ]


def reading(given: list[dict[str, Any]]) -> Any:
    return ingest.from_body(msgspec.json.encode({"rows": given}), Media.JSON)


def init(runtime: Runtime, given: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    asked = ingest.Request(model="m", target="y", estimator=DEFAULT_ESTIMATOR, options=options, replace=True)
    return ingest.initialise(runtime, asked, reading(given))


def append(runtime: Runtime, given: list[dict[str, Any]], **asked: Any) -> dict[str, Any]:
    request = ingest.Request(**{"model": "m", "target": "", "estimator": DEFAULT_ESTIMATOR, "options": {}, **asked})
    return appending.append(runtime, request, reading(given))


def data(runtime: Runtime) -> Dataset:
    return read_dataset(runtime.blobs, runtime.registry.snapshot("m"))


def parts(runtime: Runtime, *names: str) -> list[Counter[Any]]:
    found = data(runtime)
    tables = [found.train, found.holdout, found.test]
    return [Counter(map(str, table.select(list(names)).to_pylist())) for table in tables if table is not None]


def test_rows_keep_their_part_and_new_ones_are_dealt_alike(runtime: Runtime) -> None:
    begun = init(runtime, rows(0, 400), columns={"id": "key"}, holdout=0.25, metric="mae")
    before = parts(runtime, "x", "city", "y")
    found = append(runtime, [*rows(400, 200), {**rows(900, 1)[0], "city": "new"}, {**rows(901, 1)[0], "y": None}])
    after = parts(runtime, "x", "city", "y")
    assert found["appended"] == 201
    assert found["rows"] == 601
    assert all(not old - new for old, new in zip(before, after, strict=True))
    assert found["holdout_rows"] == pytest.approx(0.25 * 601, abs=2)
    assert found["validation_rows"] == pytest.approx(0.2 * 0.75 * 601, abs=4)
    assert found["fingerprint"] != begun["fingerprint"]
    assert [column.name for column in found["columns"]] == ["x", "city", "sold", "shop"]
    assert data(runtime).choices.metric == "mae"
    # What was left out is known on, to estimates too.
    assert [(one.name, one.role) for one in data(runtime).schema.beside] == [("id", "key")]
    assert [column.name for column in found["plan"].columns] == ["id", "x", "city", "sold", "shop", "y"]
    # Once more: what was new is old now.
    again = append(runtime, rows(1000, 50))
    assert again["rows"] == 651
    assert all(not old - new for old, new in zip(after, parts(runtime, "x", "city", "y"), strict=True))
    request = fitting.Request(model="m", params={"num_iterations": 5}, promote=Promote.ALWAYS)
    assert fitting.fit(runtime, request, report=lambda *_: None, later=undrawn)["metrics"]["mae"] > 0


def test_an_append_deals_as_an_init_of_all_rows_does(runtime: Runtime) -> None:
    init(runtime, rows(0, 300))
    init(runtime, [*rows(300, 100), *rows(0, 300)])
    whole = parts(runtime, "x", "y")
    init(runtime, rows(0, 300), holdout=0.3)
    init(runtime, rows(0, 300))
    append(runtime, rows(300, 100))
    assert parts(runtime, "x", "y") == whole


def test_groups_stay_together(runtime: Runtime) -> None:
    init(runtime, rows(0, 400), columns={"shop": "group"})
    append(runtime, [*rows(400, 100), *rows(1, 80, shop="another")])
    shops = [set(part) for part in parts(runtime, "shop")]
    assert not shops[0] & shops[1] | shops[0] & shops[2] | shops[1] & shops[2]


def test_where_time_rules_the_last_rows_measure(runtime: Runtime) -> None:
    init(runtime, rows(0, 300), columns={"x": "time"})
    append(runtime, rows(300, 100))
    found = data(runtime)
    assert found.test is not None
    assert min(found.test["x"].to_pylist()) == 320 * 0.5


@pytest.mark.parametrize(
    ("given", "asked", "error", "words"),
    [
        ([{"id": "a", "x": 1, "city": "a", "sold": "2026-01-01", "y": 1}], {}, InvalidTable, "they have no 'shop'"),
        (rows(0, 2, more=1), {}, InvalidTable, "the data have no 'more'"),
        (
            [*rows(0, 2), *rows(2, 1, x="much")],
            {},
            InvalidTable,
            "row 2 is 'much' where a number belongs, as in the model's",
        ),
        (rows(0, 2, sold="some day"), {}, InvalidTable, "column 'sold': row 0 is 'some day'"),
        (rows(0, 2, y="high"), {}, InvalidTable, "column 'y': row 0 is 'high'"),
        (rows(0, 2), {"target": "x"}, InvalidField, "the target of the model's data is 'y', not 'x'"),
        (rows(0, 2), {"estimator": "sklearn"}, InvalidField, "for 'lightgbm', not 'sklearn'"),
        (rows(0, 2), {"options": {"holdout": 0.1}}, InvalidField, "leave them out where rows are appended"),
        (rows(0, 2), {"model": "nobody"}, ModelNotInitialised, "is not initialised"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(
    runtime: Runtime, given: list[dict[str, Any]], asked: dict[str, Any], error: Any, words: str
) -> None:
    init(runtime, rows(0, 50))
    before = runtime.registry.snapshot("m")
    with pytest.raises(error, match=words):
        append(runtime, given, **asked)
    assert runtime.registry.snapshot("m") == before


def test_data_that_grow_too_large_are_refused(valkey_server: Valkey) -> None:
    runtime = make_runtime(Settings(redis_url=valkey_server.redis_url, max_rows=100))
    init(runtime, rows(0, 90))
    with pytest.raises(BodyTooLarge, match="the model's data with these rows has 110 rows"):
        append(runtime, rows(90, 20))


def test_appends_at_the_same_time_are_all_there(runtime: Runtime) -> None:
    init(runtime, rows(0, 100))
    threads = [threading.Thread(target=append, args=(runtime, rows(100 * n, 10))) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runtime.registry.snapshot("m").rows == 130


def test_an_append_whose_worker_died_afterwards_is_not_made_twice(runtime: Runtime, redis_client: redis.Redis) -> None:
    init(runtime, rows(0, 100))
    head = Head(owner="o", model="m", media=Media.JSON)
    claim = Claim(
        group="g", kind=Kind.INIT, lane=Lane.NORMAL, fence=1, started_at=0, delivery=1, retries=0, heads=[head],
        placed=[], currents={},
    )  # fmt: skip
    redis_client.hset(GROUP_KEY.format(group="g"), mapping={"fence": 1, "kind": "init"})
    assert append(runtime, rows(100, 10), claim=claim)["rows"] == 110
    again = append(runtime, rows(100, 10), claim=claim)
    assert again["rows"] == 110
    assert "appended" not in again
    assert again["plan"]
