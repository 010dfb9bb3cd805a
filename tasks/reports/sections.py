"""The parts of a report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from tasks.estimators.base import Dataset
from tasks.estimators.metrics import MAIN
from tasks.formatting import duration, percent, plain
from tasks.registry.curve import Curve
from tasks.registry.measured import Measured
from tasks.reports import figures
from tasks.reports.comparable import event, measure
from tasks.reports.judging import Judged, calibration, confusion
from tasks.reports.markup import as_json, bar, figure, section, shaded, spark, table, text
from tasks.reports.segments import Split
from tasks.reports.subject import METRICS, Subject
from tasks.reports.summary import COLUMNS, describe
from tasks.tables.findings import Finding

#: Most classes in a confusion matrix.
CLASSES: Final = 12
_AS_THEY_WERE: Final = '<span class="quiet">as they were</span>'


def heading(subject: Subject) -> str:
    """Which version this is, and when it was made of what."""
    version, schema = subject.version, subject.dataset.schema
    made = datetime.fromtimestamp(version.created_at, UTC)
    rows = subject.dataset.rows
    facts = (
        f"{schema.problem} of <b>{text(schema.target)}</b> by {text(version.estimator)}, trained "
        f'<time datetime="{made.isoformat(timespec="seconds")}">{made:%-d %B %Y, %H:%M} UTC</time> '
        f"in {duration(version.seconds)} on {rows:,} rows with {len(schema.columns):,} columns"
    )
    name = f"{text(subject.model)} <small>version {subject.number}</small>"
    return f"<header><h1>{name}</h1><p>{facts}.</p></header>"


def tiles(subject: Subject) -> str:
    """The metrics on the holdout, the main one first to be seen."""
    main, _ = MAIN.get(subject.dataset.schema.problem, ("", False))
    measured = subject.version.measured
    main, parts = measured.metric or main, []
    for name, value in subject.version.metrics.items():
        said = METRICS[name][0] if name in METRICS else "on the holdout"
        css = ' class="main"' if name == main else ""
        shown = (
            f"{text(name.replace('_', ' '))}</dt><dd>{plain(value)}<small>{text(said)}</small>{_beside(name, measured)}"
        )
        parts.append(f"<div{css}><dt>{shown}</dd></div>")
    said = _measured(measured)
    lead = f'<p class="lead">{text(said)}</p>' if said else ""
    return f'<dl class="tiles">{"".join(parts)}</dl>{lead}' if parts else ""


def findings(subject: Subject) -> str:
    """What is to be known of the version before it is used, and on what it was measured."""
    rows = [
        [f'<span class="{"bad" if one.severity == "warning" else "quiet"}">{text(one.severity)}</span>',
         text(one.message), text(one.done), text(one.remedy)]
        for one in msgspec.json.decode(subject.version.findings, type=list[Finding])
    ]  # fmt: skip
    heads = [("", ""), ("What was found", "full"), ("What was done", "full"), ("What helps", "full")]
    cards = [table("Findings", "", heads, rows, kind="wide")] if rows else []
    return section("What to know first", *cards)


def _measured(measured: Measured) -> str:
    ways = {
        "test": f"The metrics are of {measured.rows:,} test rows, which nothing else has seen.",
        "holdout": "The metrics are of rows by which the fit stopped, too, and look better than they are.",
        "cross_validation": f"The metrics are of {measured.rows:,} rows, each by one of {measured.folds} models that"
        f" has not seen it; the model that answers has learned from {measured.fitted_on} rows.",
    }
    return ways[measured.by] if measured.rows else ""


def _beside(name: str, measured: Measured) -> str:
    parts = []
    if name in measured.intervals:
        low, high = measured.intervals[name]
        parts.append(f"95 % interval {plain(low)} to {plain(high)}")
    if name in measured.baseline:
        parts.append(f"a guess has {plain(measured.baseline[name])}")
    if name in measured.spread:
        parts.append(f"between folds &plusmn;{plain(measured.spread[name])}")
    return f"<small>{'; '.join(parts)}</small>" if parts else ""


def learning(subject: Subject) -> str:
    """How the metrics went, and which columns count."""
    cards, curve = [], subject.version.curve
    names = curve.names
    if names and any(len(line.iterations) > 1 for line in curve.lines.values()):
        title = f"Learning curve, {names[0].replace('_', ' ')}"
        cards.append(figure(title, _best(curve, names[0]), figures.learning_curve(curve, names[0])))
    if any(subject.version.importance.values()):
        caption = "How much of the gain in the training loss the splits on each column brought."
        cards.append(figure("Importance", caption, figures.importance(subject.version.importance)))
    return section("What it learned", *cards)


def quality(subject: Subject) -> str:
    """How its predictions compare with the truth."""
    judged = subject.judged
    if judged is None:
        return ""
    if subject.dataset.schema.problem == "ranking":
        cards = [_by_place(judged)] if judged.by_place else []
    elif not judged.classes:
        cards = [
            figure("Prediction and truth", "On the dashed line they are equal.", figures.scatter(judged)),
            figure("Residuals", "Around 0, and narrow, is good; a long tail is rare and large errors.",
                   figures.residuals(judged)),
        ]  # fmt: skip
    else:
        drawn = figures.calibration(calibration(judged), event=event(judged))
        cards = [figure("Calibration", "On the dashed line, what it calls 70 % is so in 70 % of the rows.", drawn)]
        cards.append(_confusion(judged))
    seen = f"On {len(judged.truth):,} rows of the holdout, which the fit has not learned from"
    part = f", evenly chosen out of {judged.whole:,}" if judged.whole > len(judged.truth) else ""
    return section("How good it is", *cards, lead=f"{seen}{part}.")


def errors(subject: Subject) -> str:
    """Where it errs more than elsewhere."""
    judged = subject.judged
    if judged is None or subject.dataset.schema.problem == "ranking":
        return ""
    found = subject.splits
    worst = max((segment.error for split in found for segment in split.segments), default=0.0) or 1.0
    cards = [_split(split, worst, classes=bool(judged.classes)) for split in found]
    return section(
        "Where it errs", *cards, kind="three", lead=f"{measure(judged)} on the holdout, by the columns that count most."
    )


def data(subject: Subject) -> str:
    """What it was trained on; nothing where that has no rows."""
    schema = subject.dataset.schema
    if not subject.dataset.rows:
        return ""
    rows = []
    for column in describe(subject.dataset):
        mark = ' <span class="quiet">(target)</span>' if column.name == schema.target else ""
        missing = percent(column.missing / column.rows) if column.missing else '<span class="quiet">none</span>'
        drawn = spark(column.bars, alt=f"distribution of {column.name}")
        rows.append([f"{text(column.name)}{mark}", column.kind, missing, text(column.values), drawn])
    heads = [("Column", ""), ("Type", ""), ("Missing", "n missing"), ("Values", "full"), ("Distribution", "full")]
    left = len(schema.columns) - COLUMNS
    caption = _parts(subject.dataset)
    caption += f"; {left:,} further columns are not shown" if left > 0 else ""
    return section("The data", table("Columns", caption, heads, rows, kind="wide"))


def _parts(dataset: Dataset) -> str:
    if dataset.test is None:
        return f"{dataset.train.num_rows:,} rows to learn from, {dataset.holdout.num_rows:,} held out"
    stop, test = dataset.holdout.num_rows, dataset.test.num_rows
    return f"{dataset.train.num_rows:,} rows to learn from, {stop:,} to stop and choose by, {test:,} that only measure"


def params(subject: Subject) -> str:
    """What the train was asked for."""
    rows = [[text(name), as_json(value)] for name, value in sorted(subject.version.params.items())]
    if not rows:
        return section("Params", '<p class="card">None were given: all are the estimator\'s defaults.</p>')
    return section(
        "Params", table("Given", "The rest are the estimator's defaults.", [("Param", ""), ("Value", "")], rows)
    )


def search(subject: Subject) -> str:
    """What was tried to find its params."""
    found = subject.version.search
    if found is None:
        return ""
    counts = ", ".join(f"{count:,} {state}" for state, count in found.trials.items())
    ways = {"cross_validation": "by cross-validation of the rows to learn from and to stop by"}
    judged = ways.get(found.judged_by, "on the rows to stop by")
    lead = (
        f"{sum(found.trials.values()):,} trials ({counts}) in {duration(found.seconds)}, judged by {text(found.metric)}"
        f" {judged}: {plain(found.value)}, with the params as they were {plain(found.default)}."
    )
    order = sorted(found.best, key=lambda trial: trial.value or 0.0, reverse=found.higher_is_better)
    rows = [
        [f"{trial.number}", plain(trial.value or 0.0), duration(trial.seconds),
         "<br>".join(f"{text(name)} {as_json(value)}" for name, value in trial.params.items()) or _AS_THEY_WERE]
        for trial in order
    ]  # fmt: skip
    heads = [("Trial", "n"), (found.metric, "n"), ("Took", "n"), ("Params", "full")]
    return section("Search", table("Trials", "The best first.", heads, rows, kind="wide"), lead=lead)


def footer(subject: Subject) -> str:
    """Where it comes from."""
    version = subject.version
    parts = [f"Data <code>{version.fingerprint[:16]}</code>", f"model <code>{version.artefact[:16]}</code>"]
    parts += [f"task <code>{text(version.task)}</code>"] if version.task else []
    return f"<footer>{', '.join(parts)}.</footer>"


def _best(curve: Curve, metric: str) -> str:
    best = curve.best.get(metric)
    if best is None:
        return "By iteration."
    return (
        f"The dot is where the holdout is at its best: {plain(best.value)} at iteration {best.iteration:,}. What train "
        "gains from there on is learned by heart."
    )


def _by_place(judged: Judged) -> str:
    usual, highest = float(judged.truth.mean()), max(*judged.by_place, 1e-300)
    rows = [[f"{place}", plain(value), bar(value / highest)] for place, value in enumerate(judged.by_place, 1)]
    caption = f"How relevant the rows are that come first, over all queries; the mean of all rows is {plain(usual)}."
    return table("Relevance by place", caption, [("Place", "n"), ("Mean relevance", "n"), ("", "")], rows)


def _confusion(judged: Judged) -> str:
    names, counts = confusion(judged, most=CLASSES)
    right = counts.diagonal()
    rows = []
    for index, (name, row) in enumerate(zip(names, counts, strict=True)):
        total = int(row.sum())
        cells = [shaded(f"{count:,}", count / max(total, 1), strong=place == index) for place, count in enumerate(row)]
        rows.append([text(name), *cells, _part(right[index], total)])
    rows.append(["precision", *map(_part, right, counts.sum(axis=0)), ""])
    heads = [("truth \\ given", ""), *((name, "n") for name in names), ("recall", "n")]
    caption = "Down the true class, across the class that was given; in bold where they are the same."
    return table("Confusion", caption, heads, rows, kind="heat")


def _part(count: int, total: int) -> str:
    return f'<span class="quiet">{percent(count / total) if total else "none"}</span>'


def _split(split: Split, worst: float, *, classes: bool) -> str:
    rows = [
        [text(segment.name), f"{segment.rows:,}", percent(segment.error) if classes else plain(segment.error),
         bar(segment.error / worst)]
        for segment in split.segments
    ]  # fmt: skip
    heads = [("Values", ""), ("Rows", "n"), ("Wrong" if classes else "RMSE", "n"), ("", "")]
    return table(split.column, "", heads, rows)
