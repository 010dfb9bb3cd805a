"""How much memory a fit of LightGBM takes by its params and its table, so that one which takes too much is refused
before it begins. Measured with LightGBM 4.7.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.lightgbm_alpha import levels_of
from tasks.estimators.lightgbm_params import ITERATIONS
from tasks.tables.checks import json_pointer
from tasks.tables.columns import Column, Schema

#: What LightGBM takes where a param is not given.
LEAVES: Final = 31
BINS: Final = 255
ROWS_IN_BIN: Final = 3
BOOLEAN_BINS: Final = 2
#: A bin of a histogram: two doubles (bytes). There is one of each column's bins for each leaf, whatever the depth:
#: 8,192 leaves x 20 columns x 255 bins took 687 MB. There is one more for each thread.
BIN_BYTES: Final = 16
#: A leaf that a tree may have, with the node above it (bytes): room is taken for all (84 to 116 measured); and its
#: text, thrice while a model is dumped.
LEAF_BYTES: Final = 100
TEXT_BYTES: Final = 330
#: What the advanced method of monotone constraints keeps for each leaf and column (bytes).
CONSTRAINT_BYTES: Final = 1100
#: A coefficient in the equations of a linear leaf (bytes), which each thread has for itself, and all together.
EQUATION_BYTES: Final = 8
#: A value of the table, as it comes and in its bin (bytes); a row's label; a row's score, gradient and hessian for each
#: class.
VALUE_BYTES: Final = 10
#: The same of a sparse table, with its place; there only what is not 0 takes room.
SPARSE_BYTES: Final = 18
LABEL_BYTES: Final = 8
SCORE_BYTES: Final = 16
#: Most features that interaction constraints may name in all: every node asks all of them (100,000 take three times as
#: long as none with 31 leaves).
MOST_INTERACTIONS: Final = 100_000
#: What params may always take of the memory, however large the table (a part).
PARAMS_PART: Final = 0.5
#: The least value of the params of which it is said how large they may be.
_LEAST: Final = {"num_leaves": 2, "max_bin": 2, "num_iterations": 1}
_DEFAULTS: Final = {"num_leaves": LEAVES, "max_bin": BINS}
_MB: Final = 1e6


def check_memory(
    params: Mapping[str, Any],
    schema: Schema,
    *,
    rows: int,
    holdout_rows: int,
    most_bytes: int,
    given: Mapping[str, str],
    filled: float | None = None,
) -> None:
    """Raise InvalidParams if a fit with these complete params takes more than `most_bytes`; 0: any amount.

    The error names the param that takes most, and how large it may be for this table. A table that is too large by
    itself is no fault of the params. `given`: what they were called by who gave them. `filled`: how many values of a
    row are not 0, if the table is sparse.
    """
    _check_interactions(params, given)
    if not most_bytes:
        return
    values = len(schema.columns) * VALUE_BYTES if filled is None else filled * SPARSE_BYTES
    table = table_bytes(params, values, rows=rows + holdout_rows)
    room = max(most_bytes - table, int(most_bytes * PARAMS_PART))

    def needed(**changed: int) -> int:
        return sum(params_bytes({**params, **changed}, schema, rows=rows).values())

    if needed() <= room:
        return
    parts = params_bytes(params, schema, rows=rows)
    name = max(parts, key=parts.__getitem__)
    reason = (
        f"the fit would take about {(table + needed()) / _MB:,.0f} MB of memory, most of it by {given.get(name, name)};"
        f" a worker may use {most_bytes / _MB:,.0f} MB for it (see MLSERVICE_WORKER_MEMORY_BYTES)"
    )
    raise InvalidParams(f"{reason}; {_remedy(params, name, needed, room)}").at(_pointer(name, given))


def _check_interactions(params: Mapping[str, Any], given: Mapping[str, str]) -> None:
    named = sum(len(group) for group in params.get("interaction_constraints", ()))
    if named > MOST_INTERACTIONS:
        raise InvalidParams(
            f"interaction_constraints may name {MOST_INTERACTIONS:,} features in all at most, not {named:,}; leave out"
            " groups that are part of others"
        ).at(_pointer("interaction_constraints", given))


def _pointer(name: str, given: Mapping[str, str]) -> str:
    return json_pointer("params", given[name]) if name in given else "/params"


def table_bytes(params: Mapping[str, Any], values: float, *, rows: int) -> int:
    """What a fit takes for the rows to learn from and to measure on, whatever its params. `values`: what those of a
    row take (bytes)."""
    row = values + LABEL_BYTES + int(_number(params, "num_class", 1)) * SCORE_BYTES
    return int(rows * row)


def params_bytes(params: Mapping[str, Any], schema: Schema, *, rows: int) -> dict[str, int]:
    """What it takes beside, by the param that has most to do with it."""
    columns, leaves = len(schema.columns), int(_number(params, "num_leaves", LEAVES))
    threads, iterations = int(_number(params, "num_threads", 1)), int(_number(params, "num_iterations", 1))
    of_leaves, of_bins = leaves / LEAVES, _number(params, "max_bin", BINS) / BINS
    trees = iterations * int(_number(params, "num_class", 1)) * max(1, len(levels_of(params)))
    # A fit that stops early has fewer trees in the end, as a rule.
    text = 0 if params.get("early_stopping_round") else TEXT_BYTES * min(leaves, rows)
    bins = sum(_bins(params, schema, rows=rows))
    found = Counter({"num_leaves" if of_leaves >= of_bins else "max_bin": (leaves + threads) * bins * BIN_BYTES})
    found["num_leaves" if of_leaves >= iterations / ITERATIONS else "num_iterations"] += trees * (
        leaves * LEAF_BYTES + text
    )
    if params.get("linear_tree"):
        most = min(columns, leaves)
        found["linear_tree"] += (threads + 1) * leaves * (most + 1) * (most + 2) // 2 * EQUATION_BYTES
    if params.get("monotone_constraints_method") == "advanced" and any(params.get("monotone_constraints", ())):
        found["monotone_constraints_method"] += leaves * columns * CONSTRAINT_BYTES
    return found


def _bins(params: Mapping[str, Any], schema: Schema, *, rows: int) -> list[int]:
    """How many bins each column may have: never more than it has values, or groups of so few rows as one may have."""
    widest, own = int(_number(params, "max_bin", BINS)), params.get("max_bin_by_feature")
    most = own if isinstance(own, list) and len(own) == len(schema.columns) else [widest] * len(schema.columns)
    groups = rows // max(1, int(_number(params, "min_data_in_bin", ROWS_IN_BIN))) + 1
    return [_bins_of(column, min(int(bins), groups)) + 1 for column, bins in zip(schema.columns, most, strict=True)]


def _bins_of(column: Column, most: int) -> int:
    if column.type == "category":
        return len(column.categories)
    return min(most, BOOLEAN_BINS) if column.type == "boolean" else most


def _remedy(params: Mapping[str, Any], name: str, needed: Callable[..., int], room: int) -> str:
    """How large the param may be, where it is a number and another value would do."""
    low, high = _LEAST.get(name, 0), int(_number(params, name, _DEFAULTS.get(name, 0)))
    if not low or needed(**{name: low}) > room:
        return "give fewer num_leaves, max_bin or num_iterations"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if needed(**{name: middle}) <= room else (low, middle)
    return f"with this table and the other params {name} may be at most {low}"


def _number(params: Mapping[str, Any], name: str, default: int) -> float:
    value = params.get(name, default)
    return value if isinstance(value, int | float) else default
