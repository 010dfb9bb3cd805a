"""An estimator that is handed its params and options as the classes that it names for them, and whose bytes are looked
at."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from tasks.errors import EstimatorFailed
from tasks.estimators import fields
from tasks.estimators.base import Dataset, Estimator, Metrics, Progress
from tasks.estimators.delegating import Delegating
from tasks.estimators.outcomes import Quantile

#: Nothing was measured.
UNMEASURED: Final[Metrics] = MappingProxyType({})
#: What a pickle begins with: a mark, then its protocol.
_PICKLED: Final = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


class Typed(Delegating):
    """`inner`, for callers who have params and options as JSON has them."""

    def check(self, params: Any) -> None:
        self.inner.check(self._params(params))

    def quantile(self, params: Any) -> Quantile:
        return self.inner.quantile(self._params(params))

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Any:
        if self.Options is not None:
            dataset = replace(dataset, options=fields.read(self.Options, dataset.options, "options"))

        def tell(iteration: int, total: int, metrics: Metrics = UNMEASURED) -> None:
            progress(iteration, total, metrics)

        return self.inner.fit(dataset, self._params(params), tell)

    def dump(self, model: Any) -> bytes:
        """Raises EstimatorFailed for what is no bytes, or a pickle, or cannot be loaded again."""
        data, name = self.inner.dump(model), type(self.inner).__name__
        if not isinstance(data, bytes):
            raise EstimatorFailed(f"{name}.dump returned {type(data).__name__} in place of bytes")
        if data.startswith(_PICKLED):
            raise EstimatorFailed(
                f"{name}.dump returned a pickle, which runs code when it is loaded; write JSON, or the library's format"
            )
        try:
            self.inner.load(data)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise EstimatorFailed(
                f"{name}.load cannot read what its dump wrote: {type(error).__name__}: {error}"
            ) from error
        return data

    def _params(self, params: Any) -> Any:
        return params if self.Params is None else fields.read(self.Params, params, "params")


def typed(estimator: Estimator[Any]) -> Estimator[Any]:
    """The estimator, which is handed what it names. Those that ship and name nothing stay as they are."""
    return estimator if estimator.proven and not (estimator.Params or estimator.Options) else Typed(estimator)
