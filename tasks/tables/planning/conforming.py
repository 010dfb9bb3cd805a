"""A drafted table as it is learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.tables.checks import listed
from tasks.tables.choices import class_name
from tasks.tables.columns import Schema
from tasks.tables.plan import Plan
from tasks.tables.planning.beside import with_carried
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.finishing import planned
from tasks.tables.planning.levels import learned_schema, recoded, whole_schema
from tasks.tables.planning.number_statistics import number_statistics
from tasks.tables.schema import class_indices, conform_training


@dataclass(frozen=True, slots=True)
class Learned:
    """What the rows to learn from say of all rows."""

    schema: Schema
    plan: Plan
    #: The rows to learn from, in the categories of the schema.
    train: pa.Table
    _before: Schema

    def recoded(self, part: pa.Table) -> pa.Table:
        """Rows of the table in the categories of the schema."""
        return recoded(part, self._before, self.schema)


def note_repeats(draft: Draft, kinds: int) -> None:
    """Say how many rows of a draft are others again. `kinds`: how many different rows there are."""
    if repeated := draft.table.num_rows - kinds:
        message = f"{repeated} of {draft.table.num_rows} rows are others again"
        draft.find("duplicate_rows", message, count=repeated)


def _note_unlearned(draft: Draft, schema: Schema, train: pa.Table) -> None:
    """Say which classes no row to learn from has, as a split by groups or by time may leave it."""
    if not schema.classes:
        return
    counts = np.bincount(class_indices(train.column(schema.target), schema), minlength=len(schema.classes))
    lost = [class_name(value) for value, count in zip(schema.classes, counts, strict=True) if not count]
    if lost:
        message = f"the split leaves no row to learn from to {len(lost)} of {len(counts)} classes: {listed(lost)}"
        draft.find("class_not_learned", message, column=schema.target, count=len(lost))


@dataclass(frozen=True, slots=True)
class Conformed:
    """All rows of a table in a schema that has every text of every category, to be split."""

    table: pa.Table
    schema: Schema

    def learned(self, draft: Draft, train: pa.Table) -> Learned:
        """What is learned from these of its rows."""
        names = [column.name for column in self.schema.columns if column.type == "number"]
        numbers = number_statistics(train, names)
        _note_unlearned(draft, self.schema, train)
        schema = learned_schema(self.schema, train, numbers)
        coded = recoded(train, self.schema, schema)
        return Learned(schema, planned(draft, schema, coded, numbers), coded, self.schema)


def conformed(draft: Draft) -> Conformed:
    """The rows of a draft without faults: its features, then the target, then what goes with the rows to the fit."""
    schema = whole_schema(draft)
    return Conformed(with_carried(conform_training(draft.table, schema), draft), schema)
