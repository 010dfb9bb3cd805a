"""What forms show of LightGBM's params is what it takes."""

from __future__ import annotations

from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.lightgbm_fields import CommonParams
from tasks.estimators.lightgbm_params import resolve


def test_its_defaults_are_taken_and_each_has_a_help() -> None:
    schema = LightGBM().params_schema()
    assert schema is not None
    fields = schema["properties"]
    defaults = {name: field["default"] for name, field in fields.items() if name != "objective"}
    assert resolve(defaults) == defaults
    LightGBM().check(defaults)
    assert all(field["description"] for field in fields.values())
    assert fields.keys() == set(CommonParams.__struct_fields__)
