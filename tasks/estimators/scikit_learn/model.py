"""A fitted model of scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.tables.columns import Schema


@dataclass(frozen=True, slots=True)
class ScikitModel:
    """A fitted Pipeline, whose first step takes a `Frame`, and whose classes are places in `schema.classes`."""

    pipeline: Any
    schema: Schema
    importance: dict[str, float]
    #: All params of the fit; empty if it was loaded.
    params: Mapping[str, Any] = field(default_factory=dict)
    #: The versions of the packages that made it; empty if those that are here did.
    made_by: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> Any:
        """What makes one matrix of columns."""
        return self.pipeline.steps[0][1]

    @property
    def final(self) -> Any:
        """What predicts."""
        return self.pipeline.steps[-1][1]
