"""What a model's text, as LightGBM writes it, says of its trees; and rows that try all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.tables.checks import LARGEST

#: What decides at a node, in LightGBM's `decision_type`: whether it is a category, and what counts as missing.
_IS_CATEGORY: Final = 1
_MISSING_SHIFT, _MISSING_IS_ZERO = 2, 1
#: What LightGBM takes for 0 in rows: numbers that are no farther from it (`kZeroThreshold`). It decides right above and
#: below it, where a column has both signs.
_ZERO: Final = float(np.float32(1e-35))
#: Categories beyond those that trees know.
_MORE_CODES: Final = 3
#: How many rows in ten have a value that is missing or 0, and how many one at a threshold or right above it.
_ODD_TENTHS, _EDGE_TENTHS = 1, 5


def refusal(text: str) -> str | None:
    """Why lleaves cannot have this model, where it would not say so itself; None if nothing is known against it."""
    if "is_linear=1" in text:
        return "it has linear trees, which lleaves takes for others"
    for line in _lines(text, "decision_type"):
        if any((int(kind) >> _MISSING_SHIFT) & 3 == _MISSING_IS_ZERO for kind in line):
            return "0 counts as missing in it, and with it numbers that lleaves tells from 0"
    return None


def with_zeros(text: str) -> str:
    """The model for what compares rows as they are: its thresholds are such that numbers that LightGBM takes for 0 go
    where 0 goes."""
    head, *trees = text.split("\nTree=")
    return "\nTree=".join([head, *map(_with_zeros, trees)])


def _with_zeros(tree: str) -> str:
    kinds = next(_lines(tree, "decision_type"), [])
    found = next(_lines(tree, "threshold"), [])
    moved = [one if int(kind) & _IS_CATEGORY else _moved(one) for one, kind in zip(found, kinds, strict=True)]
    return tree.replace("\nthreshold=" + " ".join(found), "\nthreshold=" + " ".join(moved), 1)


def _moved(threshold: str) -> str:
    number = float(threshold)
    if abs(number) > _ZERO:
        return threshold
    return repr(_ZERO if number >= 0 else float(np.nextafter(-_ZERO, -np.inf)))


def trying_rows(text: str, count: int, width: int) -> npt.NDArray[np.float64]:
    """Rows with the numbers at which the model's trees decide, those right above them, numbers between and beyond them,
    categories that they know and others, and missing values. The same ones at each call."""
    drawn = np.random.default_rng(0)
    edges, codes = _decided(text, width)
    rows = np.empty((count, width))
    for place in range(width):
        rows[:, place] = _column(drawn, np.array(edges[place]), codes[place], count)
    return rows


def _column(drawn: np.random.Generator, edges: Any, code: int, count: int) -> Any:
    if code >= 0:
        values = drawn.integers(0, code + 1 + _MORE_CODES, count).astype(np.float64)
    elif edges.size:
        # Where only what is missing goes another way, the threshold is the largest double.
        usual = edges[np.abs(edges) <= LARGEST]
        low, high = usual.min(initial=0), usual.max(initial=0)
        reach = max(high - low, abs(high), 1e-3) / 4
        values = drawn.uniform(low - reach, high + reach, count)
        picked = drawn.choice(edges, count)
        picked = np.where(drawn.integers(0, 2, count) == 1, np.nextafter(picked, np.inf), picked)
        values = np.where(drawn.integers(0, 10, count) < _EDGE_TENTHS, picked, values)
    else:
        values = drawn.normal(size=count)
    odd = drawn.integers(0, 10, count) < _ODD_TENTHS
    return np.where(odd, drawn.choice([np.nan, 0.0, -0.0], count), values)


def _decided(text: str, width: int) -> tuple[list[list[float]], list[int]]:
    """For each number of a row the thresholds of the trees, and the highest category that they know (-1: none)."""
    edges: list[list[float]] = [[] for _ in range(width)]
    codes = [-1] * width
    names = ("split_feature", "threshold", "decision_type", "cat_boundaries", "cat_threshold")
    for tree in text.split("\nTree=")[1:]:
        said = {name: next(_lines(tree, name), []) for name in names}
        for feature, threshold, kind in zip(said[names[0]], said[names[1]], said[names[2]], strict=True):
            if int(kind) & _IS_CATEGORY:
                first, last = (int(end) for end in said["cat_boundaries"][int(threshold) : int(threshold) + 2])
                highest = (last - first - 1) * 32 + int(said["cat_threshold"][last - 1]).bit_length() - 1
                codes[int(feature)] = max(codes[int(feature)], highest)
            else:
                edges[int(feature)].append(float(threshold))
    return edges, codes


def _lines(text: str, name: str) -> Iterator[list[str]]:
    """What each line says that begins so, as words."""
    for line in text.splitlines():
        if line.startswith(f"{name}="):
            yield line.partition("=")[2].split()
