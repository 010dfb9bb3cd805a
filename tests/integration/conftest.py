"""What integration tests share: a running service for all that do not harm it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import httpx
import pytest

from tests.service import Service


@pytest.fixture(scope="session", autouse=True)
def authorities() -> Iterator[None]:
    """The certificates of the authorities are read once; httpx reads them for each client and each call without one,
    which is 18 ms of the processor's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The whole stack, started once."""
    with Service() as running:
        yield running
