"""What is known of the columns of a model's data."""

from __future__ import annotations

from typing import Literal

import msgspec

ColumnType = Literal["number", "boolean", "category"]
Problem = Literal["regression", "binary", "multiclass"]
ClassType = Literal["string", "integer", "float", "boolean", "none"]


class Column(msgspec.Struct, frozen=True):
    """One feature."""

    name: str
    type: ColumnType
    #: The texts that training knew, sorted; empty unless `type` is "category".
    categories: list[str] = []
    #: True if the training data has a missing value (null or NaN) here.
    nullable: bool = False


class Schema(msgspec.Struct, frozen=True):
    """What a model was trained on. Survives `msgspec.json`."""

    #: The features, without the target, in order.
    columns: list[Column]
    target: str
    problem: Problem
    #: The target's values, sorted; empty for a regression.
    classes: list[str | int | float | bool] = []
    class_type: ClassType = "none"

    @property
    def names(self) -> list[str]:
        """The names of the features, in order."""
        return [column.name for column in self.columns]
