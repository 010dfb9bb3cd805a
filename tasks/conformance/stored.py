"""Checks of `dump`: bytes, no pickle, how many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeVar

from tasks.conformance.attempts import Failed, attempt
from tasks.conformance.remarks import Remark, fault, figure
from tasks.conformance.trial import Trial
from tasks.formatting import bytes_shown

#: Modules whose functions make objects of bytes in ways that let bytes run code.
PICKLES: Final = frozenset({"pickle", "_pickle", "cloudpickle.cloudpickle", "dill._dill", "joblib.numpy_pickle"})
#: What those are called.
FUNCTIONS: Final = frozenset({"dump", "dumps", "load", "loads"})
#: How pickles of protocols 4 and 5 begin.
SIGNS: Final = (b"\x80\x04\x95", b"\x80\x05\x95")
#: What to do about them.
NO_PICKLE: Final = (
    "such bytes can run code in your workers: dump JSON, the library's own format, or skops for scikit-learn"
)

Value = TypeVar("Value")


def dump(trial: Trial) -> Iterator[Remark]:
    """The model becomes bytes that hold no pickle."""
    with trial.watch() as seen, pickling() as used:
        data: Any = attempt(
            "dump", lambda: trial.estimator.dump(trial.model), remedy="mend dump: no version can be stored"
        )
    yield from seen
    if not isinstance(data, bytes):
        remedy = "return bytes: text by .encode(), a bytearray by bytes()"
        raise Failed(fault(f"dump returned {type(data).__name__}", remedy))
    if used or any(sign in data for sign in SIGNS):
        yield fault(f"dump makes a pickle{_by(used)}", NO_PICKLE)
    rows = trial.learned.train.num_rows
    each = f", {len(data) / rows:.3g} for each row learned" if rows else ""
    yield figure(f"{bytes_shown(len(data))}{each}")
    trial.dumped = data
    trial.other_dumped = attempt("dump", lambda: trial.estimator.dump(trial.other), remedy="mend dump")


def loaded(call: Callable[[], Value]) -> tuple[Value, list[Remark]]:
    """What `load` returns, and what is wrong with its way."""
    with pickling() as used:
        value = attempt(
            "load", call, remedy="mend load: it must read what dump made, in a process that has fitted nothing"
        )
    return value, [fault(f"load reads a pickle{_by(used)}", NO_PICKLE)] if used else []


@contextmanager
def pickling() -> Iterator[list[str]]:
    """The functions of PICKLES that this thread calls while it lasts."""
    used: list[str] = []

    def look(frame: FrameType, event: str, function: Any) -> None:
        name = module = None
        if event == "call":
            name, module = frame.f_code.co_name, frame.f_globals.get("__name__")
        elif event == "c_call":
            owner = getattr(function, "__self__", None)
            name, module = function.__name__, function.__module__ or type(owner).__module__
        if name in FUNCTIONS and module in PICKLES:
            used.append(f"{module}.{name}".removeprefix("_"))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield used
    finally:
        sys.setprofile(before)


def _by(used: list[str]) -> str:
    return f" (by {used[0]})" if used else ""
