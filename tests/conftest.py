"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.servers import Valkey

INTEGRATION: Final = Path(__file__).parent / "integration"
CONTRACT: Final = Path(__file__).parent / "contract"
#: The modules under tests/integration that take longest, over ten seconds each, the longest first. One of them at the
#: end of a run would keep all processes but one idle.
LONGEST: Final = (
    "test_leases",
    "test_console",
    "test_accounts",
    "test_monitoring",
    "test_events",
    "test_upkeep",
    "test_chaos",
    "test_poison",
    "test_soak",
    "test_restarts",
    "test_outages",
    "test_tls",
    "test_logs",
    "test_traces",
    "test_up",
    "test_redis_users",
    "test_resource_v0",
    "test_watch",
    "test_reports",
    "test_retries",
    "test_tasks",
    "test_secrets",
    "test_demo",
    "test_tutorial",
    "test_readme",
    "test_old_homes",
    "test_waiting",
    "test_auth",
    "test_flower",
    "test_openapi_scopes",
    "test_lanes",
    "test_dead",
    "test_nginx",
    "test_large_bodies",
)


def pytest_configure() -> None:
    """Have OpenMP's threads, with which LightGBM computes, sleep while they wait for each other.

    They spin otherwise, and beside other busy processes a test of a second takes minutes. Read when LightGBM is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies under tests/integration, and put what takes long before the rest."""
    for item in items:
        if item.path.is_relative_to(INTEGRATION):
            item.add_marker(pytest.mark.integration)
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """When the module of a test is begun, among all: long ones, other integration tests, promises, the rest."""
    if not item.path.is_relative_to(INTEGRATION):
        return len(LONGEST) + (1 if item.path.is_relative_to(CONTRACT) else 2)
    return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape what is no Unicode in what a test wrote, over which the processes of a run would end."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode("utf-8")) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    """One Valkey for the whole run."""
    with Valkey() as server:
        yield server


@pytest.fixture
def redis_client(valkey_server: Valkey) -> Iterator[redis.Redis]:
    """A client of an empty Valkey; what the test leaves is flushed."""
    with valkey_server.client() as client:
        client.flushall()
        yield client
        client.flushall()
