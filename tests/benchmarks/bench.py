"""What every part of the benchmark is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from tests.benchmarks.options import Options
from tests.benchmarks.subjects import Subject
from tests.service import Service


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One run: how it is done, and what is measured."""

    options: Options
    service: Service
    #: The service's Redis.
    client: redis.Redis
    #: The model, as LightGBM has it.
    booster: Any
    #: The service, then the yardsticks while they run.
    subjects: Sequence[Subject]
