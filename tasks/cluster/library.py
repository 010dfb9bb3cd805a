"""The package distributed of Dask, which an extra installs, imported when a train is to run over a cluster."""

from __future__ import annotations

from functools import cache
from typing import Any

from tasks.errors import InvalidField


@cache
def load_distributed() -> Any:
    """The module `distributed`. Raises InvalidField, with the remedy, where it is missing."""
    try:
        import distributed
    except ImportError:
        raise InvalidField(
            "distributed needs Dask, which is not installed where the workers run: pip install 'mlservice[dask]'"
        ).at("/distributed") from None
    return distributed
