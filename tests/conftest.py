"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import redis

from tests.servers import Valkey

if TYPE_CHECKING:
    from tests.postgresql import PostgreSQL

INTEGRATION: Final = Path(__file__).parent / "integration"
CONTRACT: Final = Path(__file__).parent / "contract"
#: The modules under tests/integration that take longest, by the processor's time and a part of the time that they wait,
#: the longest first. One of them at the end of a run would keep all processes but one idle.
LONGEST: Final = (
    "test_console",
    "test_leases",
    "test_backup",
    "test_chaos",
    "test_examples",
    "test_console_models",
    "test_refusals",
    "test_no_pickle",
    "test_events",
    "test_canvas",
    "test_small_bodies",
    "test_models_life",
    "test_repair",
    "test_traces",
    "test_accounts",
    "test_outside_redis",
    "test_fairness",
    "test_restarts",
    "test_reports",
    "test_demo",
    "test_tutorial",
    "test_new_project",
    "test_outages",
    "test_watch",
    "test_monitoring",
    "test_odd_homes",
    "test_poison",
    "test_soak",
    "test_promotion",
    "test_resource_v0",
    "test_clocks",
    "test_settling",
    "test_upkeep",
    "test_large_bodies",
    "test_lanes",
    "test_logs",
    "test_docs",
    "test_old_homes",
    "test_redis_users",
    "test_up",
    "test_secrets",
    "test_tasks",
    "test_loading",
    "test_slow_disk",
    "test_bad_input",
    "test_formats",
    "test_dead",
    "test_retention",
    "test_search_goes_on",
    "test_flower",
    "test_tls",
    "test_searching",
    "test_slow_and_large_requests",
    "test_console_curve",
    "test_relief",
    "test_celery",
    "test_nginx",
    "test_concurrency",
    "test_openapi_scopes",
    "test_install",
    "test_cancelling",
    "test_retries",
    "test_sources",
    "test_client",
    "test_definition",
    "test_types",
    "test_readme",
)


def pytest_configure() -> None:
    """Have OpenMP's threads, with which LightGBM computes, sleep while they wait; have commands end at an interrupt.

    They spin otherwise, and beside other busy processes a test of a second takes minutes. Read when LightGBM is loaded.
    A shell has what it starts in the background ignore interrupts, and so would all that the tests start. While tests
    are collected there is no garbage, and looking for it takes a fifth of the time.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies under tests/integration, and put what takes long before the rest."""
    for item in items:
        if item.path.is_relative_to(INTEGRATION):
            item.add_marker(pytest.mark.integration)
    items.sort(key=turn)


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not among what is there as long as the tests are."""
    gc.freeze()
    gc.enable()


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
def postgresql() -> Iterator[PostgreSQL]:
    """One for the whole run; each test makes tables of its own names."""
    from tests.postgresql import PostgreSQL

    with PostgreSQL() as server:
        yield server


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
