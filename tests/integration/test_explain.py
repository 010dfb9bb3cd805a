"""`explain=true` through the whole service: every format, beside requests without it, and where it cannot be."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.client import Client
from tasks.contract import Kind, Lane, Media
from tasks.ledger.groups import Group, Head, new_group_id
from tests.integration.test_formats import FEATURES, QUESTIONS, data, parquet_body, questions, rows_body
from tests.problems import refused
from tests.service import Service

TARGETS = ("kind", "grade", "size")


@pytest.fixture(scope="module")
def models(service: Service) -> dict[str, str]:
    """A model of each problem, by target."""
    for target in TARGETS:
        made = service.init(f"explain-{target}", parquet_body(data(target)), target=target, media=Media.PARQUET.value)
        assert made.status_code == 200, made.text
        trained = service.train(f"explain-{target}", params={"num_iterations": 20, "num_leaves": 7})
        assert trained.status_code == 200, trained.text
    return {target: f"explain-{target}" for target in TARGETS}


def ask(service: Service, model: str, form: str = "JSON lists", *, explain: str | None = "true", **headers: str) -> Any:
    write, media = QUESTIONS[form]
    body = write(questions())
    given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    return service.http.post(
        f"/v1/models/{model}/estimate",
        params={"explain": explain} if explain else {},
        headers={"Content-Type": media, "Prefer": "wait=30", **headers},
        **given,
    )


@pytest.mark.parametrize("form", ["JSON lists", "JSON columns", "CSV", "Parquet"])
@pytest.mark.parametrize("target", TARGETS)
def test_contributions_sum_to_raw(service: Service, models: dict[str, str], target: str, form: str) -> None:
    answer = ask(service, models[target], form)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    parts = found["contributions"]
    assert parts["columns"] == FEATURES
    shape = (questions().num_rows, 3) if target == "grade" else (questions().num_rows,)
    raw, values, base = (np.array(part) for part in (found["raw"], parts["values"], parts["base"]))
    assert (raw.shape, values.shape, base.shape) == (shape, (*shape, len(FEATURES)), shape)
    np.testing.assert_allclose(values.sum(axis=-1) + base, raw, atol=1e-9)
    plain = ask(service, models[target], form, explain=None).json()
    assert {name: found[name] for name in plain} == plain
    assert found.keys() - plain.keys() == {"raw", "contributions"}


@pytest.mark.parametrize("target", TARGETS)
def test_tables_say_the_same(service: Service, models: dict[str, str], target: str) -> None:
    document = ask(service, models[target]).json()
    stream = ask(service, models[target], Accept=Media.ARROW.value)
    table = pa.ipc.open_stream(stream.content).read_all()
    text = ask(service, models[target], Accept=Media.CSV.value).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == table.column_names
    marks = [f"_{value}" for value in document["classes"]] if target == "grade" else [""]
    for place, mark in enumerate(marks):

        def of_class(values: Any, place: int = place) -> Any:
            found = np.array(values)
            return found[:, place] if target == "grade" else found

        columns = {f"raw{mark}": of_class(document["raw"]), f"base{mark}": of_class(document["contributions"]["base"])}
        for index, name in enumerate(FEATURES):
            columns[f"contribution{mark}_{name}"] = of_class(document["contributions"]["values"])[:, index]
        for name, expected in columns.items():
            np.testing.assert_array_equal(table.column(name).to_numpy(), expected)
            np.testing.assert_allclose([float(row[name]) for row in rows], expected)


def test_one_group_holds_requests_with_and_without_it(service: Service, models: dict[str, str]) -> None:
    """In a group of thirty, each gets what it asked for, whatever stands beside it."""
    asked = [(models[TARGETS[i % 3]], "true" if i % 5 % 2 else None) for i in range(30)]
    alone = {pair: ask(service, pair[0], explain=pair[1]).content for pair in set(asked)}
    assert len(set(alone.values())) == 6
    body, client = json.dumps(rows_body(questions())).encode(), Client(service.redis_url, owner="tests")
    heads = [
        Head(owner="tests", model=model, query={"explain": explain} if explain else {}) for model, explain in asked
    ]
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.NORMAL, heads=heads, bodies=[body] * len(heads))
    client.ledger.accept(group)
    for index, pair in enumerate(asked):
        outcome = client.wait(f"{group.id}-{index}", seconds=30)
        assert outcome is not None
        assert outcome.body == alone[pair]


def test_false_is_as_if_it_were_not_given(service: Service, models: dict[str, str]) -> None:
    given = ask(service, models["kind"], explain="false")
    assert given.content == ask(service, models["kind"], explain=None).content


def test_too_much_to_tell_is_refused(service: Service, models: dict[str, str]) -> None:
    rows = [[0.5, 1, "red", True]] * 120_000
    answer = service.http.post(
        f"/v1/models/{models['grade']}/estimate?explain=true", json={"rows": rows}, headers={"Prefer": "wait=30"}
    )
    refused(answer, 422, "2,160,000 numbers", "at most 111,111", pointer="?explain")


def test_linear_trees_are_refused_with_the_parameter(service: Service, models: dict[str, str]) -> None:
    trained = service.train(models["size"], params={"linear_tree": True, "num_iterations": 5}, promote="never")
    assert trained.status_code == 200, trained.text
    body, params = rows_body(questions()), {"explain": "true", "version": str(trained.json()["version"])}
    answer = service.http.post(
        f"/v1/models/{models['size']}/estimate", params=params, json=body, headers={"Prefer": "wait=30"}
    )
    refused(answer, 422, "explain", "linear trees", pointer="?explain")


@pytest.mark.parametrize("given", ["yes", "TRUE", "1"])
def test_other_values_are_refused(service: Service, models: dict[str, str], given: str) -> None:
    answer = service.http.post(f"/v1/models/{models['size']}/estimate?explain={given}", json={"rows": [[1]]})
    refused(answer, 422, "true or false", given, pointer="?explain")


def test_python_client(service: Service, models: dict[str, str]) -> None:
    expected = ask(service, models["kind"]).json()
    rows = rows_body(questions())["rows"]
    client = Client(service.redis_url, owner="tests")
    assert client.estimate(models["kind"], rows=rows, explain=True).result(timeout=20) == expected
    plain = client.estimate(models["kind"], rows=rows).result(timeout=20)
    assert "contributions" not in plain
