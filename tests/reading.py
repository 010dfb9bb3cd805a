"""An estimator that fails as a disk does until a file is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.estimators.base import Dataset, Progress
from tests.chaos.estimators import Patient


class Reading(Patient):
    """Reads the file that the param `path` names."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> bool:
        Path(params["path"]).read_bytes()
        return super().fit(dataset, params, progress)
