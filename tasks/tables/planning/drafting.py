"""The steps of planning, in their order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

import pyarrow as pa

from tasks.tables.arrow_kinds import type_of
from tasks.tables.columns import ColumnType
from tasks.tables.planning import emptiness
from tasks.tables.planning import options as asked
from tasks.tables.planning.alike import look_for_copies
from tasks.tables.planning.beside import check_carried
from tasks.tables.planning.draft import Draft, Drafted
from tasks.tables.planning.naming import distinct_names
from tasks.tables.planning.numbering import look_for_numbering
from tasks.tables.planning.ranking import check_ranking
from tasks.tables.planning.row_numbers import leave_out_row_numbers
from tasks.tables.planning.source import Source
from tasks.tables.planning.targets import keep_rows_with_target, look_at_target
from tasks.tables.planning.telling import look_for_tales
from tasks.tables.planning.texts import look_at_texts
from tasks.tables.value_types.typing import format_of, typed

#: What an estimator may learn from.
ALL_TYPES: Final[tuple[ColumnType, ...]] = get_args(ColumnType)


def draft_of(
    table: pa.Table,
    options: Mapping[str, Any],
    *,
    source: Source | None = None,
    takes: Collection[ColumnType] = ALL_TYPES,
) -> Draft:
    """What the columns of a table are, and what was found. `options`: `target`, `problem`, `columns`. `source`: where a
    table comes from whose columns are typed; without it they are typed here. `takes`: the types that the estimator
    learns from.

    Findings that are errors are left to the caller (`refuse_faults`). Raises InvalidTable for names given twice, and
    InvalidField for options that cannot be.
    """
    wishes = asked.wishes_of(options)
    if source is None:
        table, found = typed(table, wishes)
        source = Source(findings=found)
    table, unnamed = distinct_names(table)
    draft = Draft(table, options.get("target"), wishes=wishes, source=source)
    draft.findings += [*source.findings, *unnamed]
    asked.check_wished(draft.wishes, table.column_names, target=draft.target)
    draft.columns = {name: _drafted(draft, name) for name in table.column_names}
    leave_out_row_numbers(draft)
    keep_rows_with_target(draft)
    emptiness.look_at_numbers(draft)
    emptiness.look_at_others(draft)
    look_at_texts(draft)
    _leave_out_untaken(draft, takes)
    look_at_target(draft, asked.problem_of(options, queries=bool(draft.with_role("query"))))
    check_carried(draft)
    check_ranking(draft)
    _look_for_features(draft)
    if not draft.faults:
        look_for_numbering(draft)
        look_for_copies(draft)
        look_for_tales(draft)
    return draft


def _drafted(draft: Draft, name: str) -> Drafted:
    field = draft.table.schema.field(name)
    kind, form = type_of(field.type), format_of(field)
    if name == draft.target:
        return Drafted("target", kind, form)
    wish = draft.wishes.get(name)
    if wish is None:
        return Drafted("feature", kind, form)
    return Drafted(wish.role, wish.type or kind, wish.format or form, given=True)


def _leave_out_untaken(draft: Draft, takes: Collection[ColumnType]) -> None:
    for name in draft.features():
        kind = draft.columns[name].type
        if kind not in takes:
            draft.leave_out(name, "type_not_used", f"column {name!r} is of type {kind}")


def _look_for_features(draft: Draft) -> None:
    if draft.features():
        return
    left_out = [found.message for found in draft.findings if found.column and found.severity == "warning"]
    beside = f" beside the target {draft.target!r}" if draft.target is not None else ""
    message = f"the table has no column{beside} to learn from; add at least one feature"
    draft.find("no_features", message + (f" ({'; '.join(left_out[:5])})" if left_out else ""))
