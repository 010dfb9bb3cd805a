"""What forms show of LightGBM's params is what it takes."""

from __future__ import annotations

from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.lightgbm_fields import CommonParams
from tasks.estimators.lightgbm_params import resolve
from tests.definition import definition


def test_its_defaults_are_taken_and_each_has_a_help() -> None:
    schema = LightGBM().params_schema()
    assert schema is not None
    fields = schema["properties"]
    defaults = {name: field["default"] for name, field in fields.items() if name != "objective"}
    assert resolve(defaults) == defaults
    LightGBM().check(defaults)
    assert all(field["description"] for field in fields.values())
    assert fields.keys() == set(CommonParams.__struct_fields__)


def test_the_definition_of_the_api_has_the_same() -> None:
    schema = LightGBM().params_schema()
    assert schema is not None
    told = definition()["components"]["schemas"]["LightGBMParams"]
    assert told["properties"] == schema["properties"]
    assert told["additionalProperties"] is schema["additionalProperties"] is True
