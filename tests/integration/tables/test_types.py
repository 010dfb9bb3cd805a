"""What the columns of real writers' tables are, through HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service import Service

pytestmark = pytest.mark.integration

TABLES = Path(__file__).parents[2] / "data" / "tables"
MEDIA = {".csv": "text/csv", ".json": "application/json"}


def learned(service: Service, name: str, **query: Any) -> dict[str, Any]:
    """The result of an init with a file, of a model of its stem that is trained then."""
    path = TABLES / name
    body = path.read_bytes() if path.suffix == ".csv" else json.loads(path.read_bytes())
    model = model_of(name)
    found: dict[str, Any] = (
        service.init(model, body, target="y", media=MEDIA[path.suffix], **query).raise_for_status().json()
    )
    service.train(model).raise_for_status()
    return found


def model_of(name: str) -> str:
    return name.replace(".", "-").replace("^", "-")


def predicted(service: Service, name: str, rows: Any, media: str = "application/json") -> list[Any]:
    body = rows if isinstance(rows, bytes) else {"rows": rows}
    found: list[Any] = service.estimate(model_of(name), body, media=media).raise_for_status().json()["predictions"]
    return found


def types(found: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["type"] for column in found["columns"]}


def codes(found: dict[str, Any]) -> dict[str, list[str]]:
    """The codes of the findings about each column."""
    by_column: dict[str, list[str]] = {}
    for finding in found["plan"].get("findings", []):
        by_column.setdefault(finding.get("column", ""), []).append(finding["code"])
    return by_column


def test_a_target_beyond_2_to_53_is_learned(service: Service) -> None:
    found = learned(service, "02-target-above-2^53.csv")
    assert found["problem"] == "regression"
    assert "rounded_whole_numbers" in codes(found)["y"]
    assert 1.6e18 < predicted(service, "02-target-above-2^53.csv", [[3]])[0] < 1.8e18


def test_a_feature_beyond_2_to_53_is_learned_from(service: Service) -> None:
    body = {"columns": {"id": [2**53 + 7 * row for row in range(40)], "y": [0.5 * row for row in range(40)]}}
    found = service.init("large-feature", body, target="y").raise_for_status().json()
    assert types(found) == {"id": "number"}
    assert "rounded_whole_numbers" in codes(found)["id"]


def test_quoted_empty_fields_among_numbers_are_missing(service: Service) -> None:
    found = learned(service, "04-quoted-empty.csv")
    assert types(found) == {"x": "number", "k": "number"}
    assert predicted(service, "04-quoted-empty.csv", b'x,k\n"3",""\n', "text/csv") == predicted(
        service, "04-quoted-empty.csv", [[3, None]]
    )


def test_a_word_for_none_does_not_make_a_category(service: Service) -> None:
    assert types(learned(service, "05-one-None.csv")) == {"x": "number", "k": "number"}


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_leading_zeros_make_texts(service: Service, suffix: str) -> None:
    found = learned(service, f"15-leading-zeros.{suffix}")
    assert types(found)["plant"] == "category"
    assert next(column for column in found["columns"] if column["name"] == "plant")["categories"][0] == "007"
    assert "codes" in codes(found)["plant"]


def test_decimals_as_text_are_numbers(service: Service) -> None:
    found = learned(service, "17-decimal-as-text.json")
    assert types(found) == {"price": "number", "x": "number"}
    assert "numbers_as_text" in codes(found)["price"]
    assert predicted(service, "17-decimal-as-text.json", [["1.25", 1]]) == predicted(
        service, "17-decimal-as-text.json", [[1.25, 1]]
    )


def test_whole_floats_are_the_same_classes(service: Service) -> None:
    whole, floats = (learned(service, f"19-classes-{kind}.csv") for kind in ("int", "float"))
    assert whole["problem"] == floats["problem"] == "multiclass"
    assert whole["classes"] == floats["classes"]
    assert whole["fingerprint"] == floats["fingerprint"]


def test_t_and_f_are_booleans(service: Service) -> None:
    name = "23-pg-boolean.csv"
    assert types(learned(service, name))["b"] == "boolean"
    true = [predicted(service, name, [[5, value]]) for value in (True, 1, "t", "TRUE")]
    assert all(answer == true[0] for answer in true)
    assert predicted(service, name, b"x,b\n5,t\n", "text/csv") == true[0]


def test_hexadecimal_digits_are_texts(service: Service) -> None:
    assert types(learned(service, "27-hex.csv"))["k"] == "category"


def test_what_is_not_of_the_type_that_is_given_is_named(service: Service) -> None:
    body = {"columns": {"k": [*map(str, range(29)), "x"], "y": list(range(30))}}
    refused = service.init("given", body, target="y", options=json.dumps({"columns": {"k": "number"}}))
    assert refused.status_code == 422
    (finding,) = refused.json()["findings"]
    assert (finding["code"], finding["column"], finding["rows"]) == ("not_of_type", "k", [29])
    assert "row 29 is 'x' where a number belongs" in refused.json()["detail"]


def test_an_odd_cell_of_a_csv_is_named_by_its_line(service: Service) -> None:
    """A quoted field has a line break, so that lines and rows differ."""
    rows = [f'{row},"a{chr(10)}b",{2 * row}' for row in range(200)]
    rows[150] = 'oops,"a",300'
    body = "\n".join(["x,note,y", *rows, ""]).encode()
    plan = service.init("odd-cell", body, target="y", media="text/csv").raise_for_status().json()["plan"]
    [odd] = [finding for finding in plan["findings"] if finding["code"] == "odd_values"]
    assert (odd["column"], odd["rows"], odd["lines"]) == ("x", [150], [2 + 2 * 150])
