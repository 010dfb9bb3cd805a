"""Tables as people read them."""

from __future__ import annotations

from infra.commands.aligned import aligned


def test_columns_stand_below_each_other() -> None:
    assert aligned(["name", "versions"], [["homes", 3], ["a", None], ["sales-2026", 120]]) == [
        "name        versions",
        "homes              3",
        "a",
        "sales-2026       120",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert aligned(["name", "versions"], []) == ["name  versions"]
