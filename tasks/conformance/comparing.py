"""Whether two answers for the same rows are the same."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

#: By how much numbers may differ, as a part of the largest one: what libraries add up differs with the size of a batch
#: in the last digits, in single precision by some 1e-7.
TOLERANCE: Final = 1e-6


def difference(first: pa.Table, second: pa.Table, *, ways: tuple[str, str]) -> str | None:
    """What differs, in words, of the first row that does; None if nothing does. `ways`: how either was asked for."""
    if first.column_names != second.column_names:
        return f"the columns are {first.column_names} {ways[0]} and {second.column_names} {ways[1]}"
    if first.num_rows != second.num_rows:
        return f"there are {first.num_rows} answers {ways[0]} and {second.num_rows} {ways[1]}"
    close = _close_calls(first)
    for name in first.column_names:
        one, two = (table.column(name).to_pylist() for table in (first, second))
        wrong = ~_same(one, two)
        if name == "prediction":
            wrong &= ~close
        if wrong.any():
            row = int(wrong.argmax())
            share = f"; {int(wrong.sum())} of {len(wrong)} rows differ" if len(wrong) > 1 else ""
            return f"{name} of row {row} is {shown(one[row])} {ways[0]} and {shown(two[row])} {ways[1]}{share}"
    return None


def shown(value: Any) -> str:
    """A value, with as many digits as matter."""
    return f"{value:.7g}" if isinstance(value, float) else repr(value)


def _same(one: list[Any], two: list[Any]) -> Any:
    if all(isinstance(value, float) for value in [*one, *two]):
        first, second = np.array(one), np.array(two)
        finite = np.abs(first[np.isfinite(first)])
        most = TOLERANCE * float(finite.max(initial=0.0))
        return np.isclose(first, second, rtol=TOLERANCE, atol=most, equal_nan=True)
    return np.array([a == b for a, b in zip(one, two, strict=True)], dtype=bool)


def _close_calls(answer: pa.Table) -> Any:
    """The rows whose two most probable classes are so close that either may be given."""
    names = [name for name in answer.column_names if name.startswith("probability_")]
    if len(names) < 2:
        return np.zeros(answer.num_rows, dtype=bool)
    chances = np.sort(np.column_stack([_floats(answer.column(name)) for name in names]))
    return chances[:, -1] - chances[:, -2] <= TOLERANCE


def _floats(column: pa.ChunkedArray) -> Any:
    return np.array([value if isinstance(value, float) else np.nan for value in column.to_pylist()])
