"""The contract of an estimator: what is implemented to serve another kind of model."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Self, TypeVar

import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.metrics import MEASURED, grows
from tasks.estimators.outcomes import Floats
from tasks.tables.choices import DEFAULTS, Choices, choices_of
from tasks.tables.columns import ColumnType, Schema
from tasks.tables.memory import give_back
from tasks.tables.plan import Plan
from tasks.tables.planning.conforming import conformed, note_repeats
from tasks.tables.planning.drafting import draft_of
from tasks.tables.planning.options import check_options
from tasks.tables.planning.refusing import refuse_faults
from tasks.tables.planning.source import Source
from tasks.tables.schema import class_indices, numbers
from tasks.tables.sides import Sides
from tasks.tables.split_options import wanted_of
from tasks.tables.splitting import TEST, TRAIN, VALIDATION, deal
from tasks.tables.weighing import class_weights

#: Values of metrics, by the rows on which they were measured (`train`, `holdout`) and name.
Metrics = Mapping[str, Mapping[str, float]]
#: Called after an iteration with its number (from 1), how many there may be, and the metrics that were measured in it:
#: what is dear need not be measured in each. May raise to stop the fit.
Progress = Callable[[int, int, Metrics], None]
Model = TypeVar("Model")


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


class Estimator(ABC, Generic[Model]):
    """Fits and asks one kind of model. Knows no Celery, no Redis, no environment, and keeps no state of a model.

    `threads` is how many threads `fit` and a large `predict` may use.
    """

    #: How much memory `fit` may use (bytes); 0: nobody has said. Set by who made the estimator.
    memory_bytes: int = 0
    #: Whether one train may fit several times where the table has few rows: to measure by cross-validation, and to have
    #: the served model learn from the test rows, too. An estimator whose fits are long says no.
    repeats: bool = False
    #: The types of columns that it learns from; `prepare` leaves others out, with a finding.
    takes: tuple[ColumnType, ...] = ("number", "boolean", "category", "text", "date")
    #: Those of `text` and `date` that it wants as they are (string, timestamp[us]). In place of the others it sees the
    #: numbers and booleans that are made of them; what it says of these is summed up for each column.
    raw: frozenset[ColumnType] = frozenset()
    _known: Sides | None = None
    _source: Source | None = None

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def keeping(self, sides: Sides | None) -> Self:
        """The same estimator, whose `prepare` leaves rows that have a side on it."""
        other = copy.copy(self)
        other._known = sides
        return other

    def knowing(self, source: Source) -> Self:
        """The same estimator, whose `prepare` knows where the table comes from."""
        other = copy.copy(self)
        other._source = source
        return other

    def prepare(self, table: pa.Table, options: Mapping[str, Any]) -> Dataset:
        """Plan what each column is, check that it can be learned from, and split the rows.

        `options`: `target` (a column), `problem`, `holdout` (a fraction), `columns` (what they are). Raises
        InvalidTable and InvalidTarget, with all that was found, and InvalidField for options that cannot be.
        """
        check_options(options)
        draft = draft_of(table, options, source=self._source, takes=self.takes)
        refuse_faults(draft)
        whole = conformed(draft)
        classes, target = whole.schema.classes, whole.schema.target
        wanted = wanted_of(options, whole.schema)
        chosen = choices_of(options, whole.schema.problem, classes, MEASURED[whole.schema.problem], wanted)
        dealt = whole.table.select([*whole.schema.names, target, *filter(None, [wanted.column, wanted.query])])
        parts = deal(dealt, wanted, target=target, classes=bool(classes), known=self._known)
        give_back()
        if parts.sides is not None:
            note_repeats(draft, len(parts.sides.hashes))
        learned = whole.learned(draft, parts.of(whole.table, TRAIN))
        holdout, test = (learned.recoded(parts.of(whole.table, part)) for part in (VALIDATION, TEST))
        return Dataset(
            train=learned.train,
            holdout=holdout,
            schema=learned.schema,
            sides=parts.sides,
            test=test,
            plan=learned.plan,
            choices=chosen,
        )

    @abstractmethod
    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Model:
        """A model of `dataset.train`. Calls `progress` after each iteration and lets pass what it raises.

        Raises InvalidParams for params that do not fit the data.
        """

    @abstractmethod
    def predict(self, model: Model, table: pa.Table) -> pa.Table:
        """As many rows as `table`, which is conformed to the model's schema.

        Column `prediction` has the target's type; for classes there is also a float64 column `probability_<i>` for
        each `i` in `schema.classes`. The answer for a row does not depend on the other rows.
        """

    def explain(self, model: Model, table: pa.Table) -> pa.Table:
        """What each column adds to the raw prediction: as many rows as `table`, of float64 columns in this order.

        For regression and binary: `raw`, `base`, then `contribution_<column>` for each of the schema's columns; in each
        row base and contributions sum to raw. For multiclass these once for each `i` in `schema.classes`: `raw_<i>`,
        `base_<i>`, `contribution_<i>_<column>`. What is raw is the estimator's to say; it grows with the prediction,
        for classes with the chance of `classes[1]`, or of each class. Raises InvalidField if the model cannot say.
        """
        raise InvalidField("explain cannot be used: this model's estimator cannot tell what each column adds").at(
            "?explain"
        )

    @abstractmethod
    def dump(self, model: Model) -> bytes:
        """The model as bytes, with all that `predict` needs. Never a pickle."""

    @abstractmethod
    def load(self, data: bytes) -> Model:
        """The model in bytes that `dump` made."""

    def parts(self, data: bytes) -> dict[str, bytes]:
        """Bytes that `dump` made as files, by name, which are those bytes when they are joined in order: best such as
        other programs read."""
        return {"model": data}

    def use(self, schema: Schema) -> str:
        """How these files are used without this service, in Markdown."""
        return "Only its estimator reads the model.\n"

    def check(self, params: Mapping[str, Any]) -> None:
        """Look at params before any work is done. Raises InvalidParams."""
        return

    def quantile(self, params: Mapping[str, Any]) -> float | None:
        """The quantile that a fit with these params predicts; None for one that predicts none."""
        return None

    def grows(self, metric: str) -> bool:
        """Whether more of a metric that `fit` tells is better; of others less is."""
        return grows(metric)

    def importance(self, model: Model) -> dict[str, float]:
        """How much each feature counts, if the model can say."""
        return {}

    def params_used(self, model: Model) -> dict[str, Any]:
        """All params that a model was fitted with, defaults too, if the estimator can say; asked right after the fit.
        They survive JSON."""
        return {}
