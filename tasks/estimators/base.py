"""The contract of an estimator: what is implemented to serve another kind of model."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self

import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators import fields
from tasks.estimators.choosing import chosen
from tasks.estimators.dataset import Dataset as Dataset
from tasks.estimators.fast_code import FastCodeMaker
from tasks.estimators.metrics import grows
from tasks.estimators.named_columns import with_columns
from tasks.estimators.outcomes import Quantile
from tasks.estimators.own_metrics import NO_METRICS, OwnMetrics
from tasks.estimators.own_metrics import Metric as Metric
from tasks.estimators.progress import Metrics as Metrics
from tasks.estimators.progress import Progress as Progress
from tasks.estimators.tunable import Model, Tunable
from tasks.tables.batch import Matrix, Numbers
from tasks.tables.columns import Column, ColumnType, Schema
from tasks.tables.memory import give_back
from tasks.tables.planning.conforming import conformed, note_repeats
from tasks.tables.planning.drafting import draft_of
from tasks.tables.planning.refusing import refuse_faults
from tasks.tables.planning.source import Source
from tasks.tables.sides import Sides
from tasks.tables.splitting import Codes, deal


class Estimator(Tunable[Model], ABC):
    '''Fits and asks one kind of model. Knows no Celery, no Redis, no environment, and keeps no state of a model.

    Four methods are to be written; all else has a default. The whole of one, which predicts the mean of the target:

        from typing import Annotated, Any

        import msgspec
        import pyarrow as pa
        import pyarrow.compute as pc

        from tasks.estimators.base import Dataset, Estimator, Progress


        class Mean(Estimator[float]):
            """The mean of the target."""

            class Params(msgspec.Struct):
                """
                times: by what the mean is multiplied.
                """

                times: Annotated[float, msgspec.Meta(gt=0)] = 1.0

            def fit(self, dataset: Dataset, params: Params, progress: Progress) -> float:
                mean = pc.mean(dataset.train.column(dataset.schema.target)).as_py() * params.times
                progress(1, 1)
                return mean

            def predict(self, model: float, table: pa.Table) -> pa.Table:
                return pa.table({"prediction": pa.array([model] * table.num_rows, pa.float64())})

            def dump(self, model: float) -> bytes:
                return msgspec.json.encode(model)

            def load(self, data: bytes) -> float:
                return msgspec.json.decode(data, type=float)

    `threads` is how many threads `fit` and a large `predict` may use.
    '''

    #: What a train may say in `params`: a msgspec.Struct or a dataclass, of which `fit`, `check` and `quantile` get an
    #: instance. Names and values that it does not have are refused before any work is done. None: they get the mapping
    #: as it came, and `check` refuses.
    Params: ClassVar[type[Any] | None] = None
    #: Where that is None: a class of those that people set most, for forms; others are taken, too.
    CommonParams: ClassVar[type[Any] | None] = None
    #: The same as `Params` of the `options` of an init that are its own; `fit` finds them as `dataset.options`.
    Options: ClassVar[type[Any] | None] = None
    #: Set by who made the estimator: how much memory `fit` may use (bytes; 0: nobody has said); dotted paths of
    #: classes, beyond those of its own, that its models may be made of; what makes fast code of models (None: nothing).
    memory_bytes: int = 0
    trusted_classes: Collection[str] = ()
    fast_code: FastCodeMaker | None = None
    #: Whether one train may fit several times where the table has few rows: to measure by cross-validation, and to have
    #: the served model learn from the test rows, too. An estimator whose fits are long says no.
    repeats: bool = False
    #: The types of columns that it learns from; `prepare` leaves others out, with a finding.
    takes: tuple[ColumnType, ...] = ("number", "boolean", "category", "text", "date")
    #: Those of `text` and `date` that it wants as they are (string, timestamp[us]). In place of the others it sees the
    #: numbers and booleans that are made of them; what it says of these is summed up for each column.
    raw: frozenset[ColumnType] = frozenset()
    #: Metrics of its own, by name; `options.metric` may have one of them decide.
    own_metrics: OwnMetrics = NO_METRICS
    #: Most rows that `predict` is asked for at a time; 0: any number.
    batch_rows: int = 0
    #: False: it can be made without a table. An init may be without rows then, and `fit` gets none.
    needs_rows: bool = True
    #: Of one that needs no rows: its columns by name, if `options.columns` names none; what it answers is called
    #: `target`, and is one of `classes`, if there are any, else a number.
    columns: Mapping[str, ColumnType | Column] = MappingProxyType({})
    target: str = "prediction"
    classes: Sequence[str] = ()
    #: Of those that ship: it is known to keep this contract, so that its answers are not looked at.
    proven: bool = False
    _known: Sides | None = None
    _last: Codes | None = None
    _source: Source | None = None

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def starting_from(self, model: Model) -> Self:
        """The same estimator, whose `fit` goes on from a model of data with the same columns and categories. Raises
        InvalidField if it cannot."""
        raise InvalidField("from_version cannot be used: this model's estimator cannot go on from a version").at(
            "/from_version"
        )

    def keeping(self, sides: Sides | None, *, last: Codes | None = None) -> Self:
        """The same estimator, whose `prepare` leaves rows that have a side on it; `last`: the parts in which the last
        rows of its table are."""
        other = copy.copy(self)
        other._known, other._last = sides, last
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
        own = fields.own(self.Options, options)
        options = with_columns(options, self.columns)
        draft = draft_of(table, options, source=self._source, takes=self.takes)
        refuse_faults(draft)
        whole = conformed(draft)
        classes, target = whole.schema.classes, whole.schema.target
        wanted, choices = chosen(options, whole.schema, self.own_metrics)
        dealt = whole.table.select([*whole.schema.names, target, *filter(None, [wanted.column, wanted.query])])
        parts = deal(dealt, wanted, target=target, classes=bool(classes), known=self._known, last=self._last)
        give_back()
        if parts.sides is not None:
            note_repeats(draft, len(parts.sides.hashes))
        found = parts.all_of(whole.table)
        learned = whole.learned(draft, next(found))
        holdout, test = map(learned.recoded, found)
        return Dataset(
            train=learned.train,
            holdout=holdout,
            schema=learned.schema,
            sides=parts.sides,
            test=test,
            plan=learned.plan,
            choices=choices,
            options=own,
        )

    @abstractmethod
    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Model:
        """A model of `dataset.train`. Calls `progress` after each iteration and lets pass what it raises.

        Raises InvalidParams for params that do not fit the data.
        """

    @abstractmethod
    def predict(self, model: Model, table: pa.Table) -> pa.Table:
        """As many rows as `table`, which is conformed to the model's schema.

        Column `prediction` has the target's type; for classes there is also a float64 column `probability_<i>` for
        each `i` in `schema.classes`; for a fit of several quantiles a float64 column `quantile_<level>` for each, such
        as `quantile_0.9`, of which a higher one is never below. The answer for a row does not depend on the other rows.
        """

    def predict_numbers(self, model: Model, numbers: Matrix, schema: Schema) -> pa.Table | Numbers | None:
        """As `predict`, of rows that lie in a matrix as `Batch` says: a table, or the float64 numbers of its column
        `prediction` if it has no other. None: it takes them as a table."""
        return None

    def told(self, model: Model, rows: pa.Table) -> pa.Table | None:
        """What `predict` would say of validation rows, if these are they and the fit that just ended has said it."""
        return None

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

    def check(self, params: Any) -> None:
        """Look at params before any work is done. Raises InvalidParams."""
        return

    def params_schema(self) -> dict[str, Any] | None:
        """The JSON schema of params, for those who are to fill them in; None if it tells none."""
        named = self.Params or self.CommonParams
        return fields.schema_of(named, others=self.Params is None) if named is not None else None

    def quantile(self, params: Any) -> Quantile:
        """The quantile that a fit with these params predicts, or several, growing; None for one that predicts none."""
        return None

    def grows(self, metric: str) -> bool:
        """Whether more of a metric that `fit` tells is better; of others less is."""
        return grows(metric, self.own_metrics)

    def news(self, model: Model) -> str:
        """What is new, for operators, in how this process asks a model; empty if it was said before."""
        return ""

    def importance(self, model: Model) -> dict[str, float]:
        """How much each feature counts, if the model can say."""
        return {}
