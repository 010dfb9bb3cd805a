"""What rows of estimates look like beside those of training: counted values beside shares of the plan."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

from gateway.web.representations import moment
from tasks.registry.drift import OTHERS, ColumnSample, Sample

#: The parts of training's rows that lie below the plan's quantiles.
LEVELS: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: In place of a share of nothing, whose logarithm is nothing.
LEAST: Final = 1e-4


class PlannedColumn(msgspec.Struct):
    """What a plan says of a column, as far as it is needed here."""

    name: str
    type: str | None = None
    rows: int = 0
    missing: int = 0
    min: Any = None
    max: Any = None
    quantiles: list[float] = []
    shares: list[tuple[str, float]] = []


class Planned(msgspec.Struct):
    """The columns of a plan."""

    columns: list[PlannedColumn] = []


read_plan = msgspec.json.Decoder(Planned).decode


def drift_document(samples: Sequence[Sample], plan: Planned) -> dict[str, Any]:
    """The newest version's samples together, set against the plan of the model's data."""
    version = max((one.version for one in samples), default=None)
    own = [one for one in samples if one.version == version]
    planned = {column.name: column for column in plan.columns}
    seen = {name: [one.columns[name] for one in own if name in one.columns] for name in (own[0].columns if own else ())}
    return {
        "version": version,
        "rows": sum(one.rows for one in own),
        "since": moment(min((one.at for one in own), default=None)),
        "until": moment(max((one.at for one in own), default=None)),
        "columns": [_column(planned[name], found) for name, found in seen.items() if name in planned],
    }


def _column(planned: PlannedColumn, samples: Sequence[ColumnSample]) -> dict[str, Any]:
    missing = sum(one.missing for one in samples)
    bins = _numbers(planned, samples) if planned.type == "number" else _values(planned, samples)
    counted = sum(one["rows"] for one in bins)
    lived = counted + missing
    trained_missing = planned.missing / planned.rows if planned.rows else 0.0
    for one in bins:
        one["live"] = one.pop("rows") / counted if counted else 0.0
    return {
        "name": planned.name,
        "type": planned.type,
        "rows": lived,
        "missing": {"trained": _rounded(trained_missing), "live": _rounded(missing / lived if lived else 0.0)},
        "bins": [{**one, "trained": _rounded(one["trained"]), "live": _rounded(one["live"])} for one in bins],
        "psi": _rounded(_psi(bins)) if bins and counted else None,
    }


def _numbers(planned: PlannedColumn, samples: Sequence[ColumnSample]) -> list[dict[str, Any]]:
    """Parts of training's range with what lies in each; below and above it, too."""
    last = samples[-1] if samples else None
    if last is None or not last.parts or not planned.quantiles or last.high <= last.low:
        return []
    alike = [one.parts for one in samples if len(one.parts) == len(last.parts)]
    parts = [sum(counts) for counts in zip(*alike, strict=True)]
    width = last.high / len(parts) - last.low / len(parts)
    edges = [last.low + width * place for place in range(len(parts))] + [last.high]
    known = _distribution(planned)
    found = [
        {"from": low, "to": high, "trained": max(0.0, _below(known, high) - _below(known, low)), "rows": rows}
        for (low, high), rows in zip(pairwise(edges), parts, strict=True)
    ]
    below, above = sum(one.below for one in samples), sum(one.above for one in samples)
    before = [{"from": None, "to": last.low, "trained": 0.0, "rows": below}] if below else []
    after = [{"from": last.high, "to": None, "trained": 0.0, "rows": above}] if above else []
    return [*before, *found, *after]


def _distribution(planned: PlannedColumn) -> list[tuple[float, float]]:
    """Values, upwards, and the part of training's rows that is not above each."""
    inner = list(zip(planned.quantiles, LEVELS, strict=False))
    low = planned.min if isinstance(planned.min, int | float) else inner[0][0]
    high = planned.max if isinstance(planned.max, int | float) else inner[-1][0]
    return [(float(low), 0.0), *inner, (float(high), 1.0)]


def _below(known: Sequence[tuple[float, float]], value: float) -> float:
    """The part that is not above a value, as if rows lay evenly between two quantiles."""
    if value <= known[0][0]:
        return 0.0
    for (low, before), (high, after) in pairwise(known):
        if value <= high:
            return after if high <= low else before + (after - before) * (value - low) / (high - low)
    return 1.0


def _values(planned: PlannedColumn, samples: Sequence[ColumnSample]) -> list[dict[str, Any]]:
    """The values that the plan names, and all others together."""
    counted = sum((Counter(one.values) for one in samples), Counter[str]())
    named: Mapping[str, float] = dict(planned.shares)
    if not named:
        return []
    found = [{"value": name, "trained": share, "rows": counted.pop(name, 0)} for name, share in named.items()]
    rest = max(0.0, 1.0 - sum(named.values()))
    if counted.total() or rest > LEAST:
        found.append({"value": OTHERS, "trained": rest, "rows": counted.total()})
    return found


def _psi(bins: Sequence[Mapping[str, Any]]) -> float:
    """The population stability index: the sum of (live - trained) ln(live / trained) over the parts."""
    shares = [(max(one["live"], LEAST), max(one["trained"], LEAST)) for one in bins]
    return math.fsum((live - trained) * math.log(live / trained) for live, trained in shares)


def _rounded(value: float) -> float:
    return round(value, 5)
