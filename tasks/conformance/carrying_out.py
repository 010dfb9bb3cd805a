"""One check after the other, of which each is told when it begins and when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tasks.conformance.attempts import Failed
from tasks.conformance.remarks import Check, Remark
from tasks.conformance.trial import Trial

Value = TypeVar("Value")
#: Called with a check's name when it begins, with the check when it has ended.
Tell = Callable[[str | Check], None]


@dataclass(frozen=True)
class Step:
    """A check by name. After a `vital` one that cannot be gone on with nothing else can be looked at."""

    name: str
    look: Callable[[Trial], Iterable[Remark]]
    vital: bool = False


def carry_out(steps: Sequence[Step], trial: Trial, tell: Tell) -> bool:
    """Carry them out; whether all could be."""
    for step in steps:
        done = begun(step.name, partial(_looked, step, trial), tell)
        if step.vital and not done:
            return False
    return True


def _looked(step: Step, trial: Trial, remarks: list[Remark]) -> bool:
    # What was found before it could not go on stays in the list.
    remarks.extend(step.look(trial))
    return True


def begun(name: str, make: Callable[[list[Remark]], Value], tell: Tell) -> Value | None:
    """What `make` returns, which notes its remarks in the list; None if it raised Failed."""
    remarks: list[Remark] = []
    tell(name)
    value = None
    try:
        value = make(remarks)
    except Failed as failed:
        remarks += failed.remarks
    tell(Check(name, remarks))
    return value
