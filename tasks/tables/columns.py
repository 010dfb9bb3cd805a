"""What is known of the columns of a model's data."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

#: `date` is conformed to timestamp[us], without zone (UTC where the values have one); `text` to string.
ColumnType = Literal["number", "boolean", "category", "text", "date"]
#: What a column is for. `ignore` and `key` are never learned from; a key is carried into the result of an estimate.
Role = Literal["feature", "ignore", "key", "weight", "group", "time", "query", "target"]
#: `ranking`: rows of a query are put in order, by a target that says how relevant each is.
Problem = Literal["regression", "binary", "multiclass", "ranking"]
ClassType = Literal["string", "integer", "float", "boolean", "none"]
#: The problems whose target is an amount; that of the others is a class.
AMOUNTS: Final[tuple[Problem, ...]] = ("regression", "ranking")


class Column(msgspec.Struct, frozen=True):
    """One feature."""

    name: str
    type: ColumnType
    #: The texts that training knew, sorted; empty unless `type` is "category".
    categories: list[str] = []
    #: True if the training data has a missing value (null or NaN) here.
    nullable: bool = False
    #: How its texts are read where that is not plain: see `ColumnPlan.format`.
    format: str = ""
    #: Of numbers: whether training had only 0 and 1, so that true and false fit.
    zero_one: bool = False
    #: What stands for a missing value that training never missed, out of the training part: the median of numbers, the
    #: most frequent of booleans (0 or 1) and categories (its index), the middle of dates (microseconds since the
    #: epoch). None where that is not known, as in versions of earlier releases: such a value is refused.
    typical: float | None = None
    #: Of numbers: the least and the largest of the training part.
    min: float | None = None
    max: float | None = None


class Beside(msgspec.Struct, frozen=True):
    """A column of the training table that is no feature and not the target."""

    name: str
    role: Role


class Schema(msgspec.Struct, frozen=True):
    """What a model was trained on. Survives `msgspec.json`."""

    #: The features, without the target, in order.
    columns: list[Column]
    target: str
    problem: Problem
    #: The target's values, sorted; empty for a regression and a ranking.
    classes: list[str | int | float | bool] = []
    class_type: ClassType = "none"
    #: What else the table had; estimates may have these columns, and need not.
    beside: list[Beside] = []
    #: Whether a table of results calls the columns of a class by the class. Of versions of earlier releases they are
    #: counted: `probability_0` is that of the first.
    names_classes: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the features, in order."""
        return [column.name for column in self.columns]

    def beside_of(self, role: Role) -> str:
        """The name of the column that has this role; empty if none has."""
        return next((column.name for column in self.beside if column.role == role), "")
