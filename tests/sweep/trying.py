"""One table through the service: init, train, the same rows estimated as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.sweep.catalogue import Entry
from tests.sweep.peer import METRIC, read_frame

#: Rows that are estimated.
_ROWS: Final = 20
_WAIT: Final = {"Prefer": "wait=60"}
#: Two predictions that differ by less are the same (relative).
_SAME: Final = 1e-9


@dataclass(slots=True)
class Tried:
    """What became of a table."""

    entry: Entry
    rows: int = 0
    columns: int = 0
    problem: str = ""
    findings: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    #: Where it ended and why; empty if all went through.
    fault: str = ""

    @property
    def value(self) -> float:
        """The metric that is compared; NaN if there is none."""
        return self.metrics.get(METRIC.get(self.problem, ""), math.nan)

    @property
    def problem_said(self) -> bool:
        """Whether the problem is what a person would say, or a finding says how it was guessed."""
        return self.problem in self.entry.problems or any("problem" in finding["code"] for finding in self.findings)


class Refused(Exception):
    """The service refused a step, or failed in it."""


def try_table(http: httpx.Client, entry: Entry, data: bytes, media: str) -> Tried:
    """Init, train and estimate it; what goes wrong is in `fault`."""
    tried = Tried(entry)
    model = "".join(letter if letter.isalnum() else "-" for letter in f"{entry.source}-{entry.name}").strip("-")
    try:
        path = f"/v1/models/{model}"
        query = {"target": entry.target}
        init = _done(http, f"{path}/init", content=data, params=query, headers={"Content-Type": media})
        tried.rows, tried.columns = init["rows"], len(init["columns"])
        tried.problem, tried.findings = init["problem"], init["plan"].get("findings", [])
        train = _done(http, f"{path}/train", json={})
        tried.metrics = train["metrics"]
        tried.findings = tried.findings + train.get("findings", [])
        _estimates(http, path, entry, data, media)
    except Refused as refused:
        tried.fault = str(refused)
    return tried


def _estimates(http: httpx.Client, path: str, entry: Entry, data: bytes, media: str) -> None:
    """Raise Refused unless the first rows, without the target, are predicted alike from CSV and JSON."""
    records = _records(entry, data, media)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    by_csv = _done(http, f"{path}/estimate", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"})
    by_json = _done(http, f"{path}/estimate", json={"rows": records})
    for row, (one, other) in enumerate(zip(by_csv["predictions"], by_json["predictions"], strict=True)):
        same = math.isclose(one, other, rel_tol=_SAME) if isinstance(one, float) else one == other
        if not same:
            raise Refused(f"estimate: row {row} is {one} from CSV and {other} from JSON")


def _records(entry: Entry, data: bytes, media: str) -> list[dict[str, Any]]:
    frame = read_frame(data, media).head(_ROWS).drop(columns=[entry.target])
    frame.columns = ["" if str(name).startswith("Unnamed") else name for name in frame.columns]
    found: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
    return found


def _done(http: httpx.Client, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> dict[str, Any]:
    answer = http.post(path, headers=_WAIT | (headers or {}), **given)
    while answer.status_code == 202:
        answer = http.get(f"/v1/tasks/{answer.json()['id']}/result", headers=_WAIT)
    step = path.rpartition("/")[2]
    if answer.status_code != 200:
        raise Refused(f"{step}: {answer.status_code} {answer.json().get('detail', answer.text[:200])}")
    found: dict[str, Any] = answer.json()
    return found
