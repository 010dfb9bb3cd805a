"""`make lint-kubernetes`: what it takes for a fault."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.lint_kubernetes import said, strictly, unseen

#: A kind as its models say it: an object in another, one of a list, one with any fields, and a field of an odd name.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {"anyOf": [{"$ref": "#/$defs/Spec"}, {"type": "null"}]},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "$defs": {
        "Spec": {
            "type": "object",
            "properties": {
                "properties": {"type": "integer"},
                "triggers": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            },
        }
    },
}
FINE: dict[str, Any] = {"metadata": {"any": "label"}, "spec": {"properties": 1, "triggers": [{"name": "a"}]}}


def check(manifest: dict[str, Any]) -> str:
    return "; ".join(map(said, jsonschema.Draft202012Validator(strictly(SCHEMA)).iter_errors(manifest)))


@pytest.mark.parametrize(
    ("manifest", "where"),
    [
        ({**FINE, "spek": {}}, "the whole"),
        ({**FINE, "spec": {"propertys": 1}}, "spec"),
        ({**FINE, "spec": {"triggers": [{"nam": "a"}]}}, "spec"),
        ({**FINE, "spec": {"properties": "1"}}, "spec"),
    ],
)
def test_a_field_that_there_is_not_is_a_fault(manifest: dict[str, Any], where: str) -> None:
    assert check(FINE) == ""
    assert check(manifest).startswith(f"{where}: ")


def test_a_check_that_sees_nothing_is_seen() -> None:
    assert unseen(FINE, check) == ["metadata"]
    assert unseen(FINE, lambda _: "") == ["itself", "metadata", "spec"]
