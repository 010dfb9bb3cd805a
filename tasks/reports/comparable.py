"""What of a version can be set beside that of another one, for pages around the report."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from tasks.reports.judging import Judged, calibration
from tasks.reports.markup import held
from tasks.reports.subject import Subject

#: By what the elements are found.
SEGMENTS: Final = "segments"
CALIBRATION: Final = "calibration"


def comparable(subject: Subject) -> str:
    """Elements that show nothing and hold, as JSON, where it errs, and for classes what came of its chances."""
    judged = subject.judged
    if judged is None or subject.dataset.schema.problem == "ranking":
        return ""
    parts = []
    if subject.splits:
        told = {"measure": measure(judged), "splits": [asdict(split) for split in subject.splits]}
        parts.append(held(SEGMENTS, told))
    if judged.classes:
        came = calibration(judged)
        parts.append(held(CALIBRATION, {"event": event(judged), "given": came.given, "true": came.true}))
    return "\n".join(parts)


def measure(judged: Judged) -> str:
    """What an error is in words."""
    return "Part of wrong classes" if judged.classes else "Root mean squared error"


def event(judged: Judged) -> str:
    """Of what chances are looked at."""
    return str(judged.classes[1]) if len(judged.classes) == 2 else "the class it gives"
