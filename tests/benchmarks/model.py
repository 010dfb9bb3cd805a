"""The model that all are measured with: LightGBM regression, 100 trees of 31 leaves on 30 features."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.config.settings import Settings
from tasks.contract import Media
from tasks.tables import formats
from tasks.worker.runtime import make_runtime
from tests.benchmarks.load import Unusable
from tests.benchmarks.train import made_table
from tests.service import Service

#: What the model is called.
NAME: Final = "bench"
FEATURES: Final = 30
ROWS: Final = 20_000
#: No early stopping, so that there are as many trees as asked for.
PARAMS: Final = {"num_iterations": 100, "num_leaves": 31, "early_stopping_rounds": 0, "seed": 7}


def learn(service: Service) -> Any:
    """Train the model through the service; the booster out of the service's own artefact. Raises Unusable."""
    body = formats.to_ipc(made_table(ROWS, FEATURES))
    for answer in (service.init(NAME, body, target="y", media=Media.ARROW), service.train(NAME, params=PARAMS)):
        if answer.status_code != 200:
            raise Unusable(f"the model could not be made: {answer.text}")
    settings = Settings(redis_url=service.redis_url, blobs_url=service.home.blobs.as_uri())
    booster = make_runtime(settings).models.get(NAME, 1).artefact.booster
    if booster.num_trees() != PARAMS["num_iterations"] or booster.num_feature() != FEATURES:
        raise Unusable(f"the model has {booster.num_trees()} trees and {booster.num_feature()} features")
    return booster


def rows(count: int) -> npt.NDArray[np.float64]:
    """Rows to predict, with six decimals, so that JSON and Arrow carry the same numbers."""
    drawn: npt.NDArray[np.float64] = np.random.default_rng(7).normal(size=(count, FEATURES)).round(6)
    return drawn
