"""What a model learns from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pyarrow as pa

from tasks.estimators.outcomes import Floats
from tasks.tables.choices import DEFAULTS, Choices
from tasks.tables.columns import Schema
from tasks.tables.plan import Plan
from tasks.tables.schema import class_indices, numbers
from tasks.tables.sides import Sides
from tasks.tables.weighing import class_weights


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is learned from. All tables have the schema's columns, conformed, then the target, then those columns of
    `schema.beside` that are the weight (float64), the group, the time or the query."""

    #: The rows that `fit` learns from.
    train: pa.Table
    #: The validation rows: `fit` may stop by them, and what a version decides by is chosen on them.
    holdout: pa.Table
    schema: Schema
    #: Which rows are in which part, if that was found while they were split.
    sides: Sides | None = None
    #: The rows that only measure. None where the rows were split in two: then `holdout` measures, too.
    test: pa.Table | None = None
    #: What each column of the table is, if that was found.
    plan: Plan | None = None
    #: How models of this are measured and decide.
    choices: Choices = DEFAULTS
    #: The estimator's own options of the init: an instance of its `Options`, where it names that.
    options: Any = field(default_factory=dict)

    @property
    def tested(self) -> pa.Table:
        """The rows on which a model of this is measured."""
        return self.holdout if self.test is None else self.test

    def weights(self, part: Literal["train", "holdout", "tested"], *, fit: bool = False) -> Floats | None:
        """How much each row of a part counts; None if all count alike. For a `fit` the classes' weights count, too."""
        table: pa.Table = getattr(self, part)
        name = self.schema.beside_of("weight")
        own = numbers(table.column(name)) if name in table.column_names else None
        if not fit or not self.choices.class_weight or not self.schema.classes:
            return own
        of_class = class_weights(self.train.column(self.schema.target), self.schema, self.choices.class_weight)
        of_row = of_class[class_indices(table.column(self.schema.target), self.schema)]
        return of_row if own is None else own * of_row

    def with_test(self) -> Dataset:
        """The same with the test rows among those to learn from, for a model that is not measured any more."""
        if self.test is None:
            return self
        return replace(self, train=pa.concat_tables([self.train, self.test]), test=None)

    @property
    def rows(self) -> int:
        """How many rows all parts have."""
        return sum(part.num_rows for part in (self.train, self.holdout, self.test) if part is not None)
