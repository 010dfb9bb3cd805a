"""An estimator in whose workers a report cannot be made. A report calls no estimator that a train has asked already, so
what fails is the service's own look at the predictions."""

from __future__ import annotations

import os
import signal
from typing import Any, Final

from tasks.reports import making
from tests.harmful import SETTING as HARMFUL
from tests.harmful import Harmful

#: The factor of a model whose report raises, in place of one that ends its process.
RAISES: Final = 3
#: The environment in which a worker finds it, under the other's name.
SETTING: Final = {**HARMFUL, "MLSERVICE_ESTIMATORS": "harmful=tests.frail:Frail"}


class Frail(Harmful):
    """Fails in reports, from when it is first made in a process."""

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        # mypy knows neither that the name is there nor that this one stands in for it.
        setattr(making, "judge", fail)  # noqa: B010


def fail(_estimator: Any, artefact: Any, *_: Any) -> Any:
    """In place of `judge`. The model is wrapped with what makes features."""
    if artefact.inner != RAISES:
        os.kill(os.getpid(), signal.SIGKILL)
    raise RuntimeError("a report is <too> much")
