"""What is different from the version before."""

from __future__ import annotations

from typing import Any

import msgspec

from tasks.formatting import duration, plain
from tasks.registry.records import Version
from tasks.reports.markup import as_json, section, table, text
from tasks.reports.subject import METRICS, Subject
from tasks.tables.columns import Schema


def comparison(subject: Subject) -> str:
    """What is different from the version before."""
    if subject.before is None:
        return ""
    number, old = subject.before
    names = dict.fromkeys([*subject.version.metrics, *old.metrics])
    rows = [_compared(name, old.metrics.get(name), subject.version.metrics.get(name)) for name in names]
    rows.append(["fit took", duration(old.seconds), duration(subject.version.seconds), ""])
    heads = [("Metric", ""), (f"Version {number}", "n"), (f"Version {subject.number}", "n"), ("Change", "n")]
    same = old.fingerprint == subject.version.fingerprint
    caption = "Both on the same holdout." if same else "On different data: the two holdouts are not the same rows."
    changed = [_params(name, old, subject.version) for name in sorted({**_asked(old), **_asked(subject.version)})]
    changed = [row for row in changed if row[1] != row[2]] + _columns(old, subject.version)
    cards = [table("Metrics", caption, heads, rows)]
    said = "Params, asked for or found, and the columns it had." if changed else "Params and columns are the same."
    cards.append(table("What changed", said, [("", ""), *heads[1:3]], changed))
    return section(f"Compared with version {number}", *cards)


def _compared(name: str, old: float | None, new: float | None) -> list[str]:
    shown = ["none" if value is None else plain(value) for value in (old, new)]
    change = _change(name, new - old) if old is not None and new is not None else ""
    return [text(name.replace("_", " ")), *shown, change]


def _change(name: str, step: float) -> str:
    if not step:
        return '<span class="quiet">same</span>'
    css, said = "quiet", ""
    if name in METRICS:
        css, said = ("good", "better") if (step > 0) == METRICS[name][1] else ("bad", "worse")
    return f'<span class="{css}">{"+" if step > 0 else "&minus;"}{plain(abs(step))} {said}</span>'


def _params(name: str, old: Version, new: Version) -> list[str]:
    return [
        f"<code>{text(name)}</code>",
        *(as_json(_asked(v)[name]) if name in _asked(v) else '<span class="quiet">default</span>' for v in (old, new)),
    ]


def _asked(version: Version) -> dict[str, Any]:
    """The params that are no defaults: those that were given, and those that a search found."""
    return {**version.params, **(version.search.params if version.search else {})}


def _columns(old: Version, new: Version) -> list[list[str]]:
    """The columns that only one of them has."""
    left, right = (msgspec.json.decode(version.schema, type=Schema).names for version in (old, new))
    rows = [[text(name), "column", '<span class="quiet">none</span>'] for name in left if name not in set(right)]
    rows += [[text(name), '<span class="quiet">none</span>', "column"] for name in right if name not in set(left)]
    return rows
