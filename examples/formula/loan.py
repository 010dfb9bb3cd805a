"""loan.py: what a loan costs a month. A formula: there is nothing to learn, so no data are needed."""

from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa

from tasks.errors import InvalidRows
from tasks.estimators.base import Dataset, Estimator, Progress


class Rate(msgspec.Struct):
    """Terms of a loan; each version of the model has its own.

    yearly_percent: the interest of a year, in per cent
    fee: what is added to each payment
    """

    yearly_percent: Annotated[float, msgspec.Meta(ge=0, le=100)] = 4.0
    fee: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class Loan(Estimator[Rate]):
    """The monthly payment by which a loan is paid back in equal parts (an annuity)."""

    Params = Rate
    needs_rows = False
    columns = {"amount": "number", "months": "number"}
    target = "payment"

    def fit(self, dataset: Dataset, params: Rate, progress: Progress) -> Rate:
        return params

    def predict(self, model: Rate, table: pa.Table) -> pa.Table:
        amount, months = (table.column(name).to_numpy() for name in ("amount", "months"))
        if (never := np.flatnonzero(months <= 0)).size:
            raise InvalidRows(f"row {never[0]}, column 'months': must be above 0").at(f"/rows/{never[0]}/months")
        rate = model.yearly_percent / 1200
        part: Any = 1 / months if rate == 0 else rate / (1 - (1 + rate) ** -months)
        return pa.table({"prediction": np.asarray(amount * part + model.fee, dtype=np.float64)})

    def dump(self, model: Rate) -> bytes:
        return msgspec.json.encode(model)

    def load(self, data: bytes) -> Rate:
        return msgspec.json.decode(data, type=Rate)
