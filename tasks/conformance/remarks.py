"""What a check says: faults, warnings and figures."""

from __future__ import annotations

from typing import Literal

import msgspec

#: `fault`: it cannot serve so. `warning`: it can, and somebody will be surprised. `figure`: nothing is wrong.
Severity = Literal["fault", "warning", "figure"]


class Remark(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was found, in a sentence, and what to do."""

    severity: Severity
    message: str
    remedy: str = ""


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was looked at, and all that was found there; nothing if all is well."""

    name: str
    remarks: list[Remark] = []

    @property
    def verdict(self) -> Literal["fault", "warning", "ok"]:
        """The worst of it."""
        found = {remark.severity for remark in self.remarks}
        return "fault" if "fault" in found else "warning" if "warning" in found else "ok"


class Findings(msgspec.Struct, frozen=True):
    """What all checks found."""

    checks: list[Check]
    #: False: after the last one nothing more could be looked at.
    whole: bool

    @property
    def faults(self) -> list[Check]:
        """The checks that found a fault."""
        return [check for check in self.checks if check.verdict == "fault"]


def fault(message: str, remedy: str) -> Remark:
    """What must be mended."""
    return Remark("fault", message, remedy)


def warning(message: str, remedy: str) -> Remark:
    """What should be looked at."""
    return Remark("warning", message, remedy)


def figure(message: str) -> Remark:
    """What was measured."""
    return Remark("figure", message)
