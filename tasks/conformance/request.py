"""What is to be checked."""

from __future__ import annotations

from typing import Any, Final

import msgspec

#: So many rows of a table are used: enough to learn something of, few enough for several fits.
MOST_ROWS: Final = 2000
#: Longest time for each of the two processes (seconds).
MOST_SECONDS: Final = 300.0
#: Longest time for the prediction of a forked process (seconds).
FORK_SECONDS: Final = 20.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An estimator, and the table with which it is tried."""

    #: `package.module:Class`.
    path: str
    #: The file of the table, and its target; empty for an estimator that needs no rows.
    data: str = ""
    target: str = ""
    #: Those of a train.
    params: dict[str, Any] = {}
    #: Those of an init.
    options: dict[str, Any] = {}
    rows: int = MOST_ROWS
    seconds: float = MOST_SECONDS
    fork_seconds: float = FORK_SECONDS
    #: A folder in which modules are looked for that are not installed; empty: none.
    beside: str = ""
