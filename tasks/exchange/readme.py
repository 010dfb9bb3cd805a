"""What a package says to people: what it is, what lies where, and how to use it without this service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tasks.registry.records import Version
from tasks.tables.columns import Schema

#: What each file is.
FILES: Final = {
    "manifest.json": "what this is, and the SHA-256 of every other file",
    "version.json": "all that the service keeps of the version; its threshold, its calibration",
    "schema.json": "the columns in order, with the categories that training knew, and the target's classes",
    "plan.json": "what each column of the training table was taken for",
    "metrics.json": "how good it is, on which rows that was measured, and its learning curve",
    "params.json": "the params as they were given, and as they were used",
    "report.html": "the report; a page that loads nothing",
}


def readme(model: str, number: int, *, record: Version, schema: Schema, use: str, names: Sequence[str]) -> str:
    """The text, in Markdown. `use`: how the model is used without this service, as its estimator says. `names`: of the
    files there are."""
    when = datetime.fromtimestamp(record.created_at, UTC).isoformat(timespec="seconds")
    kind = "regression" if not schema.classes else f"{len(schema.classes)} classes"
    figures = ", ".join(f"{name} {value:.6g}" for name, value in sorted(record.metrics.items()))
    told = "\n".join(f"- `{name}`: {FILES.get(name, 'the model')}" for name in ["manifest.json", *names])
    return (
        f"# {model}, version {number}\n\n"
        f"It predicts `{schema.target}` ({kind}) from {len(schema.columns)} columns. Made by the estimator"
        f" `{record.estimator}` at {when}. Metrics: {figures or 'none'}.\n\n"
        f"{told}\n\n"
        "## In a service of this kind\n\n"
        f"    mlservice import {model}-{number}.zip --model {model}\n\n"
        "It answers there as it did here.\n\n"
        f"## Without it\n\n{use}"
    )
