"""A train that goes on from a version, and what it does not go on from."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Media, Promote
from tasks.errors import InvalidField, UnknownVersion
from tasks.exchange import importing
from tasks.exchange.exporting import export
from tasks.learning import fitting, ingest
from tasks.learning.starting import check_named
from tasks.search.asked import Search
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Valkey

PARAMS = {"num_iterations": 10, "early_stopping_rounds": 0}


@pytest.fixture
def runtime(valkey_server: Valkey) -> Runtime:
    return make_runtime(Settings(redis_url=valkey_server.redis_url))


def init(runtime: Runtime, rows: list[dict[str, Any]], **options: Any) -> None:
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    estimator = options.pop("estimator", DEFAULT_ESTIMATOR)
    asked = ingest.Request(model="m", target="y", estimator=estimator, options=options, replace=True)
    ingest.initialise(runtime, asked, table)


def train(runtime: Runtime, params: dict[str, Any] | None = None, *, drawn: bool = False, **asked: Any) -> int:
    request = fitting.Request(model="m", params={**PARAMS, **(params or {})}, promote=Promote.ALWAYS, **asked)
    later = fitting.at_once if drawn else undrawn
    return int(fitting.fit(runtime, request, report=lambda *_: None, later=later)["version"])


def rows(count: int = 1200, cities: str = "abc", holes: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "x": None if holes and i % 9 == 0 else (i * 37) % 101,
            "city": cities[i % len(cities)],
            "when": f"2026-{1 + i % 12:02}-{1 + i % 28:02}",
            "y": (i * 37) % 101 + 5 * (i % 3) + 0.5,
        }
        for i in range(count)
    ]


def trees(runtime: Runtime, number: int) -> int:
    return int(runtime.models.get("m", number).artefact.booster.num_trees())


def test_a_train_goes_on_from_a_version(runtime: Runtime) -> None:
    init(runtime, rows())
    first = train(runtime)
    runtime.aliases.set("m", "champion", first, who="test")
    # More rows of the same kind, of which the dates reach further.
    init(runtime, [*rows(), *({**row, "when": "2027-01-01"} for row in rows(100))])
    second = train(runtime, from_version="champion")
    assert trees(runtime, second) == trees(runtime, first) + 10
    before, after = (runtime.registry.version("m", number) for number in (first, second))
    assert after.metrics["rmse"] < before.metrics["rmse"]
    assert after.lineage
    assert after.lineage.from_version == first
    assert after.measured.by == "test"
    assert before.lineage
    assert before.lineage.from_version == 0
    # Its curve is that of the iterations that were added.
    assert list(after.curve.lines["holdout"].iterations)[-1] == 10


def test_the_model_that_has_not_seen_the_rows_that_measure_is_what_goes_on(runtime: Runtime) -> None:
    init(runtime, rows(300))
    first = train(runtime)
    assert runtime.registry.version("m", first).measured_artefact
    second = runtime.registry.version("m", train(runtime, from_version=first))
    assert not second.measured_artefact
    assert second.measured.by == "test"


def test_of_a_model_that_was_imported_nobody_knows_the_rows_that_it_learned_from(runtime: Runtime) -> None:
    init(runtime, rows(300))
    # Who takes a version along waits for its report.
    drawn = train(runtime, drawn=True)
    asked = importing.Request(model="m", source="a test")
    imported = importing.bring_in(runtime, asked, export(runtime, "m", drawn))["version"]
    fresh = fitting.Request(model="m", params=PARAMS, promote=Promote.IF_BETTER)
    compared = fitting.fit(runtime, fresh, report=lambda *_: None, later=undrawn)
    assert compared["promotion"]["because"].endswith(
        f"version {imported} was imported, and may have learned from these rows"
    )
    assert "started_imported" not in [one["code"] for one in compared["findings"]]
    # Also of one that goes on from one that did.
    for start in (imported, train(runtime, from_version=imported)):
        again = fitting.Request(model="m", params=PARAMS, promote=Promote.NEVER, from_version=start)
        found = fitting.fit(runtime, again, report=lambda *_: None, later=undrawn)["findings"]
        assert "started_imported" in [one["code"] for one in found]


def test_other_data_are_refused_with_what_differs(runtime: Runtime) -> None:
    init(runtime, rows())
    first = train(runtime)
    for changed, words in (
        (rows(cities="abcd"), "column 'city' has new categories: 'd'"),
        (rows(cities="ab"), "column 'city' has no 'c'"),
        (rows(holes=True), "column 'x' has missing values, which it never had"),
        ([{**row, "more": i % 7} for i, row in enumerate(rows())], "new columns: 'more'"),
        ([{name: row[name] for name in ("city", "x", "when", "y")} for row in rows()], "are in another order"),
        ([{**row, "y": "high" if row["y"] > 50 else "low"} for row in rows()], "the problem is binary, not regression"),
    ):
        init(runtime, changed)
        with pytest.raises(InvalidField, match=words) as caught:
            train(runtime, from_version=first)
        assert caught.value.pointer == "/from_version"
    init(runtime, rows())
    for params, words in (
        ({"objective": "poisson"}, "of the objective 'regression', and these params have 'poisson'"),
        ({"objective": "quantile", "alpha": [0.1, 0.9]}, r"one of one fit, and these params are of alpha=\[0.1, 0.9\]"),
        ({"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}, "cannot be used with boosting=rf"),
    ):
        with pytest.raises(InvalidField, match=words):
            train(runtime, params, from_version=first)
    for named, words in ((first + 99, "no version"), ("winner", "no version or alias 'winner'")):
        with pytest.raises(UnknownVersion, match=words) as unknown:
            train(runtime, from_version=named)
        assert unknown.value.pointer == "/from_version"
    with pytest.raises(InvalidField, match="from_version and search cannot be used together"):
        train(runtime, from_version=first, search=Search(seconds=5))


@pytest.mark.parametrize("named", [0, -1, True, 1.5, "", [1]])
def test_what_names_no_version_is_refused(named: Any) -> None:
    with pytest.raises(InvalidField, match="must be the number of a version, or an alias"):
        check_named(named)
