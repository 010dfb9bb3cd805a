"""What integration tests share: a running service for all that do not harm it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests import slow
from tests.service import Service

#: What the shared service has beside its defaults: an estimator whose trains take their time, and the same number of
#: processes on each machine.
SHARED: Final = {**slow.ENVIRONMENT, "MLSERVICE_GATEWAY_PROCESSES": "2", "MLSERVICE_TRAIN_PROCESSES": "2"}


@pytest.fixture(scope="session", autouse=True)
def authorities() -> Iterator[None]:
    """The certificates of the authorities are read once; httpx reads them for each client and each call without one,
    which is 18 ms of the processor's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The whole stack, started once; who needs models or accounts gives them names of their own."""
    with Service(env=SHARED) as running:
        yield running
