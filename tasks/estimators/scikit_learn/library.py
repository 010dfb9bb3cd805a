"""scikit-learn and skops, imported when a model of theirs is first asked for, and how many threads they use."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from tasks.errors import EstimatorFailed
from tasks.importing import COPIED, empty, hidden

log = logging.getLogger(__name__)

#: What scikit-learn imports if it is there, for tables and arrays that it is not given here.
_UNUSED: Final = ("pandas", "polars", "matplotlib", "dask")
#: The packages whose versions decide whether a stored model can be read.
PACKAGES: Final = ("scikit-learn", "skops", "numpy", "scipy")


@cache
def load_module(name: str) -> Any:
    """A module of scikit-learn's, without what it takes along. Starts no thread, makes no process."""
    import numpy as np

    with hidden(*_UNUSED), empty(np, *COPIED):
        return import_module(name)


@cache
def load_skops() -> Any:
    """The module `skops.io`. It imports all of scikit-learn: seconds and some 150 MB, once a process."""
    try:
        return load_module("skops.io")
    except ImportError as error:
        raise EstimatorFailed(f"models are stored with skops, which is missing here: {error}") from error


@cache
def versions() -> dict[str, str]:
    """The versions of `PACKAGES` here."""
    return {name: version(name) for name in PACKAGES}


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Have scikit-learn, and the libraries below it, use so many threads and no process of their own."""
    joblib = load_module("joblib")
    with joblib.parallel_config(backend="threading", n_jobs=threads), _pools().limit(limits=threads):
        yield


@contextmanager
def warnings_logged() -> Iterator[list[str]]:
    """Log what is warned of, each thing once; the list has it when this is over."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("default")
        yield told
    told += dict.fromkeys(" ".join(str(one.message).split()) for one in heard)
    for message in told:
        log.info("scikit-learn warns: %s", message)


@cache
def _pools() -> Any:
    load_module("sklearn.ensemble")
    return load_module("threadpoolctl").ThreadpoolController()
