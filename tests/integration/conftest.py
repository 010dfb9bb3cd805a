"""One running service for all integration tests that do not harm it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service import Service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The whole stack, started once."""
    with Service() as running:
        yield running
