"""What an estimator may say of its params beside which there are, and where it may fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar

from tasks.errors import InvalidField
from tasks.estimators.dataset import Dataset
from tasks.estimators.gang import Gang

Model = TypeVar("Model")


class Tunable(Generic[Model]):
    """The part of the contract of an estimator that is about params and processors; all of it may be left out."""

    def params_used(self, model: Model) -> dict[str, Any]:
        """All params that a model was fitted with, defaults too, if the estimator can say; asked right after the fit.
        They survive JSON."""
        return {}

    def search_space(self, dataset: Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
        """Where a search pays on this dataset, of params beside those that are given (`params`, as they came):
        {"alpha": {"low": 0.01, "high": 10, "log": True}, "kind": ["a", "b"]}. Empty: a request must say it."""
        return {}

    def quicker(self, params: Mapping[str, Any], model: Model | None, part: float) -> dict[str, Any] | None:
        """The params to add to these (as they came) for a model that takes about this part of the time that `model`
        takes for a row; without a model those of the quickest there is. None: there is none that is quicker."""
        return None

    def over(self, gang: Gang) -> Self:
        """The same estimator, whose `fit` is made by the members of a gang. Raises InvalidField if it cannot be."""
        raise InvalidField("distributed cannot be used: this model's estimator fits in one process").at("/distributed")
