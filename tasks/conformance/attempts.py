"""Calls of the estimator's code, whatever that raises."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from tasks.conformance.remarks import Remark, fault
from tasks.errors import ServiceError

#: The packages whose frames are not the estimator's own.
OURS: Final = Path(__file__).parents[1]
#: Longest part of an error's message that is shown (characters).
MOST_SAID: Final = 300

Value = TypeVar("Value")


class Failed(Exception):
    """Raised when a check cannot be gone on with, as when the estimator's code raised; has what is to be said of it."""

    def __init__(self, *remarks: Remark) -> None:
        super().__init__("; ".join(remark.message for remark in remarks))
        self.remarks = remarks


def attempt(what: str, call: Callable[[], Value], *, remedy: str) -> Value:
    """What the call returns. Raises Failed, which says `what` raised which error where."""
    try:
        return call()
    except (Failed, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Failed(fault(f"{what} raised {told(error)}", remedy)) from error


def told(error: BaseException) -> str:
    """An error as the caller of a service sees it, and the line of the estimator's code that it comes from."""
    lines = str(error).splitlines()
    said = f"{type(error).__name__}: {lines[0][:MOST_SAID]}" if lines else type(error).__name__
    place = "" if isinstance(error, ServiceError) else _place(error)
    return f"{said}{place}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_others(Path(frame.filename))]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _is_others(file: Path) -> bool:
    return file.is_relative_to(OURS) or bool({"site-packages", "dist-packages"} & set(file.parts)) or not file.exists()
