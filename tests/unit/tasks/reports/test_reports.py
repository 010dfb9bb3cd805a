"""The report of a version: what it shows for each problem, that it escapes, and what it does with odd data."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators.base import Dataset
from tasks.estimators.features.wrapping import with_features
from tasks.estimators.lightgbm import LightGBM
from tasks.formatting import compact, duration, percent, plain, shortened
from tasks.learning.measuring import outcomes_on
from tasks.learning.recording import Recorder
from tasks.registry.curve import Best, Curve, Line
from tasks.registry.records import Version
from tasks.reports.comparable import CALIBRATION, SEGMENTS
from tasks.reports.figures import learning_curve
from tasks.reports.judging import Judged, calibration, confusion, judge, thinned
from tasks.reports.making import About, write
from tasks.reports.thresholds import ELEMENT, POINTS, at_thresholds
from tests.unit.tasks.estimators.test_estimators import PROBLEMS, data

EVIL = "<script>alert(1)</script>\"'&$x$_{}"
#: Elements without an end.
VOID = {"meta", "link"}


class Page(HTMLParser):
    """A document read strictly: every element is ended, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def version(dataset: Dataset, estimator: Any, artefact: Any, recorder: Recorder, **changes: Any) -> Version:
    made = Version(
        estimator="lightgbm",
        schema=msgspec.Raw(msgspec.json.encode(dataset.schema)),
        fingerprint="f" * 64,
        artefact="a" * 64,
        params={},
        metrics={"rmse": 1.0},
        importance=estimator.importance(artefact),
        curve=recorder.curve,
        seconds=0.5,
        created_at=time.time(),
        task="",
    )
    return msgspec.structs.replace(made, **changes)


def shown(
    table: pa.Table, *, options: dict[str, Any] | None = None, bare: bool = False, estimator: Any = None, **params: Any
) -> Page:
    """The report of the second version on a table; `bare`: of a model that tells neither curve nor importance."""
    estimator = estimator or LightGBM()
    dataset = estimator.prepare(table, {"target": table.column_names[-1], **(options or {})})
    recorder = Recorder(lambda _: None, grows=estimator.grows)
    artefact = estimator.fit(dataset, {"num_iterations": 12, **params}, recorder)
    changes: dict[str, Any] = {"importance": {}, "curve": Curve()} if bare else {}
    old = version(dataset, estimator, artefact, recorder, params={"num_leaves": 5}, metrics={"rmse": 2.0})
    new = version(dataset, estimator, artefact, recorder, params=params, **changes)
    return Page(write(About("m", 3, new, before=(2, old)), estimator=estimator, artefact=artefact, dataset=dataset))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_all_parts_are_there(problem: str) -> None:
    page = shown(data(problem))
    headings = ["What it learned", "How good it is", "Where it errs", "Compared with version 2", "The data", "Params"]
    assert all(heading in page.text for heading in headings)
    figures = 4 if problem == "regression" else 3
    drawings = [svg for svg in page.all("svg") if svg.get("class") != "spark"]
    assert len(drawings) == figures
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    assert ("Residuals" in page.text) == (problem == "regression")
    assert ("Confusion" in page.text) == (problem != "regression")
    # 5 rows: the target and four columns.
    assert sum(svg.get("class") == "spark" for svg in page.all("svg")) == 5
    assert "1 better" in page.text
    assert "num_leaves" in page.text


@pytest.mark.parametrize("problem", PROBLEMS)
def test_it_loads_nothing_and_runs_nothing(problem: str) -> None:
    page = shown(data(problem))
    assert not {tag for tag, _ in page.seen} & {"script", "img", "iframe", "object", "image", "a", "form", "base"}
    for tag, attrs in page.seen:
        for name, value in attrs.items():
            assert not name.startswith("on")
            if name in ("href", "xlink:href", "src"):
                assert re.fullmatch(r"#\w+|data:,", value or ""), (tag, value)
            assert "url(" not in (value or "") or re.search(r"url\(#\w+\)", value or "")
    ids = [attrs["id"] for _, attrs in page.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert len([meta for meta in page.all("meta") if "default-src 'none'" in (meta.get("content") or "")]) == 1


def test_what_users_chose_is_text() -> None:
    table = data("binary").rename_columns([EVIL, "$$", "a" * 300, "t", EVIL + "y"])
    target = pa.array([f"</td>{value}" for value in table.column(4).to_pylist()])
    colours = pa.array([f"<b onload=x>{value}" for value in table.column(3).to_pylist()])
    page = shown(table.set_column(4, EVIL + "y", target).set_column(3, "t", colours))
    assert "script" not in {tag for tag, _ in page.seen}
    assert not [attrs for _, attrs in page.seen if "onload" in attrs]
    assert page.text.count(EVIL) >= 3
    assert "</td>yes" in page.text
    assert any("<script>" in (svg["aria-label"] or "") for svg in page.all("svg"))


def test_tables_have_headings() -> None:
    page = shown(data("multiclass"))
    assert len(page.all("table")) == len(page.all("caption")) >= 6
    heads = page.all("th")
    assert heads
    assert {head["scope"] for head in heads} == {"col", "row"}


def test_the_curve_shows_where_the_holdout_was_best() -> None:
    page = shown(data("binary"), num_iterations=400, learning_rate=0.3, early_stopping_rounds=100, metric="auc")
    said = re.search(r"The dot is where the holdout is at its best: ([\d.]+) at iteration (\d+)", page.text)
    assert said is not None
    assert float(said[1]) > 0.5
    drawn = next(label for svg in page.all("svg") if "auc by iteration" in (label := svg["aria-label"] or ""))
    assert f"the holdout is best at iteration {said[2]}, with {said[1]}" in drawn
    lines = {"train": Line([1, 3], {"l2": [2.0, 1.0]}), "holdout": Line([1, 2, 3], {"l2": [3.0, 2.0, 1.5]})}
    before = learning_curve(Curve(lines), "l2")
    assert "train from 2 to 1; holdout from 3 to 1.5." in before
    dot = learning_curve(Curve(lines, {"l2": Best(3, 1.5, higher_is_better=False)}), "l2")
    assert dot.count("<use ") == before.count("<use ") + 1


def test_without_curve_and_importance() -> None:
    page = shown(data("regression"), bare=True)
    assert "What it learned" not in page.text
    assert "Where it errs" not in page.text
    assert "Residuals" in page.text


@pytest.mark.parametrize("missing", [False, True])
def test_texts_and_dates_are_described(*, missing: bool) -> None:
    count = 300
    texts: list[Any] = [f"{'nice' if i % 2 else 'old'} house by the sea, number {i}" for i in range(count)]
    days: list[Any] = [datetime(2026, 1, 1) + timedelta(hours=6 * i) for i in range(count)]
    if missing:
        texts[7], days[7] = None, None
    table = pa.table({"told": texts, "day": days, "y": [float(i % 2 + i / count) for i in range(count)]})
    page = shown(table, options={"columns": {"told": "text"}}, estimator=with_features(LightGBM()))
    assert "told text" in page.text
    assert re.search(r"told text (none|0.3 %) 30 to 33 characters, median 32 ", page.text)
    assert re.search(r"day date (none|0.3 %) 2026-01-01 to 2026-03-16 18:00:00, median 2026-02-07", page.text)
    # Where it errs, by how long the texts are and by time.
    assert re.search(r"\b30 to \d\d characters \d+ ", page.text)
    assert re.search(r"\b2026-01-01 to 2026-01-\d\d \S+ \d+ ", page.text)


@pytest.mark.parametrize("name", ["constant", "one class", "many classes", "all missing", "huge", "few"])
def test_odd_data(name: str) -> None:
    rng, count = np.random.default_rng(3), 300
    x, y = rng.normal(size=count), rng.normal(size=count)
    tables = {
        "constant": pa.table({"x": x, "z": np.ones(count), "y": np.where(x > 2, 2.0, 1.0)}),
        "one class": pa.table({"x": x, "y": ["no"] * (count - 3) + ["yes"] * 3}),
        "many classes": pa.table({"x": x, "y": [f"class {i % 30}" for i in range(count)]}),
        "all missing": pa.table({"x": x, "z": [None] * (count - 1) + [1.0], "y": y}),
        "huge": pa.table({"x": x * 1e12, "y": y * 1e30}),
        "few": pa.table({"x": x[:12], "y": y[:12]}),
    }
    assert "version 3" in shown(tables[name]).text


def test_a_chance_that_is_kept_is_well_calibrated() -> None:
    rng = np.random.default_rng(1)
    chance = rng.uniform(size=50_000)
    truth = (rng.uniform(size=50_000) < chance).astype(np.int64)
    judged = Judged(
        pa.table({}), truth, (chance > 0.5).astype(np.int64), ["a", "b"], np.column_stack([1 - chance, chance]), 50_000
    )
    found = calibration(judged)
    assert found.counts == [5000] * 10
    np.testing.assert_allclose(found.true, found.given, atol=0.03)


def test_rare_classes_are_others() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2, 3])
    given = np.array([0, 0, 1, 1, 1, 3, 0])
    judged = Judged(pa.table({}), truth, given, ["a", "b", "c", "d"], np.empty((7, 4)), 7)
    names, counts = confusion(judged, most=3)
    assert names == ["a", "b", "others"]
    assert counts.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert confusion(judged, most=4)[0] == ["a", "b", "c", "d"]


def test_large_tables_are_thinned_evenly() -> None:
    table = pa.table({"x": list(range(1000))})
    assert thinned(table, 5).column("x").to_pylist() == [0, 249, 499, 749, 999]
    assert thinned(table, 1000) is table


def test_numbers_as_people_read_them() -> None:
    values = (0, 1234567, 0.5, 1234.5678, 20752.34, -0.0123456, 0.532664, 1e-9, 3e20, float("nan"))
    said = ["0", "1,234,567", "0.5", "1,234.6", "20,752", "-0.012346", "0.53266", "1.000e-9", "3.000e+20", "nan"]
    assert [plain(v) for v in values] == said
    assert [compact(v) for v in (0, 9999, 150_000, -2_500_000, 3e9)] == ["0", "9999", "150k", "-2.5M", "3G"]
    assert [percent(v) for v in (0, 0.0004, 0.5, 0.1234, 1)] == ["0 %", "< 0.1 %", "50 %", "12.3 %", "100 %"]
    assert [duration(v) for v in (0.0421, 2, 150, 7300)] == ["42 ms", "2.0 s", "2 min 30 s", "2 h 1 min"]
    assert (shortened("abcdef", 4), shortened("abcd", 4)) == ("abc…", "abcd")


def test_known_outcomes_are_judged_as_they_would_be_anew() -> None:
    for target in ("y", "flag"):
        rng = np.random.default_rng(3)
        x = rng.normal(size=2000)
        table = pa.table(
            {"x": x, target: 2 * x + rng.normal(size=2000) if target == "y" else x > rng.normal(size=2000)}
        )
        estimator = LightGBM()
        dataset = estimator.prepare(table, {"target": target})
        artefact = estimator.fit(dataset, {"num_iterations": 5}, lambda *_: None)
        outcomes = outcomes_on(dataset.tested, estimator, artefact, dataset.schema)
        known, anew = judge(estimator, artefact, dataset, outcomes), judge(estimator, artefact, dataset)
        for name in ("truth", "given", "chances"):
            np.testing.assert_array_equal(getattr(known, name), getattr(anew, name))


def test_thresholds_are_told_as_they_would_decide() -> None:
    rng = np.random.default_rng(3)
    chance = np.concatenate([[0.0, 1.0, 0.5, 0.5], rng.random(500).round(2)])
    truth = (rng.random(504) < chance).astype(np.int64)
    chances = np.column_stack([1 - chance, chance])
    judged = Judged(pa.table({}), truth, truth, ["no", "yes"], chances, 504)
    told = at_thresholds(judged)
    assert (told["class"], told["other"], told["rows"], told["positives"]) == ("yes", "no", 504, int(truth.sum()))
    assert told["thresholds"] == sorted(set(told["thresholds"]))
    assert (told["thresholds"][0], told["thresholds"][-1]) == (0.0, 1.0)
    assert len(told["thresholds"]) <= POINTS + 2
    for threshold, right, wrong in zip(told["thresholds"], told["true"], told["false"], strict=True):
        given = chance >= threshold
        assert (right, wrong) == (int((given & (truth == 1)).sum()), int((given & (truth == 0)).sum()))


@pytest.mark.parametrize(("problem", "there"), [("binary", True), ("multiclass", False), ("regression", False)])
def test_a_choice_between_two_classes_has_its_thresholds(problem: str, *, there: bool) -> None:
    found = [attrs for attrs in shown(data(problem)).all("div") if attrs.get("id") == ELEMENT]
    assert len(found) == there
    if there:
        told = msgspec.json.decode(found[0]["data-held"] or "")
        assert told["threshold"] is None
        assert len(told["true"]) == len(told["false"]) == len(told["thresholds"])
        assert "hidden" in found[0]


@pytest.mark.parametrize(
    ("problem", "held"),
    [("binary", {SEGMENTS, CALIBRATION}), ("multiclass", {SEGMENTS, CALIBRATION}), ("regression", {SEGMENTS})],
)
def test_a_report_holds_what_is_set_beside_that_of_another(problem: str, held: set[str]) -> None:
    found = {
        attrs["id"]: msgspec.json.decode(attrs["data-held"] or "")
        for attrs in shown(data(problem)).all("div")
        if attrs.get("id") in {SEGMENTS, CALIBRATION}
    }
    assert found.keys() == held
    for split in found[SEGMENTS]["splits"]:
        assert len(split["segments"]) > 1
        assert all(segment["rows"] > 0 and segment["error"] >= 0 for segment in split["segments"])
    if CALIBRATION in held:
        given, came = found[CALIBRATION]["given"], found[CALIBRATION]["true"]
        assert given == sorted(given)
        assert len(given) == len(came)
        assert all(0 <= chance <= 1 for chance in given + came)
