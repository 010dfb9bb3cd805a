"""Imports without what a library takes along."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from tasks.importing import empty, hidden


def test_hidden_packages_cannot_be_imported_and_come_back() -> None:
    import tomllib

    with hidden("tomllib", "mailbox"):
        for name in ("tomllib", "mailbox"):
            with pytest.raises(ImportError):
                __import__(name)
    assert sys.modules["tomllib"] is tomllib
    assert __import__("mailbox").Mailbox


def test_parts_are_empty_for_as_long_as_it_lasts() -> None:
    package = ModuleType("package")
    package.there = there = object()  # type: ignore[attr-defined]
    with empty(package, "there", "missing", "loaded"):
        assert package.there is there
        assert isinstance(package.missing, ModuleType)
        package.loaded = loaded = object()  # type: ignore[attr-defined]
    assert not hasattr(package, "missing")
    assert (package.there, package.loaded) == (there, loaded)


def test_redis_comes_without_opentelemetry() -> None:
    code = (
        "import sys; from tasks.importing import load_redis; load_redis(); assert 'redis.client' in sys.modules;"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]; import opentelemetry.sdk.trace"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_celery_comes_without_what_it_takes_along() -> None:
    code = (
        "import sys; from tasks.importing import load_celery; load_celery(); import celery.apps.worker, tasks.app;"
        "assert 'kombu.serialization' in sys.modules; assert not {'psutil', 'yaml'} & sys.modules.keys();"
        "import psutil, yaml"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
