"""Makes the report of a version, stores it, and says in the registry where it is or why there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tasks.errors import ModelNotInitialised, Unavailable
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.outcomes import Outcomes
from tasks.registry.records import Version
from tasks.registry.schemas import with_schema
from tasks.registry.snapshots import read_dataset
from tasks.registry.version_reports import Report
from tasks.reports import sections
from tasks.reports.comparable import comparable
from tasks.reports.comparing import comparison
from tasks.reports.judging import judge
from tasks.reports.markup import page
from tasks.reports.subject import Subject
from tasks.reports.thresholds import operating_points
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import interruptible

log = logging.getLogger(__name__)


#: Said while it is made, so that it is said of one whose worker ended over it. It is not tried again: no worker shall
#: end over and over because of a picture.
BEGUN: Final = "its worker ended while it was made"


class About(NamedTuple):
    """The version that a report is about, and the one before it with its number."""

    model: str
    number: int
    version: Version
    before: tuple[int, Version] | None


def begin_report(runtime: Runtime, model: str, number: int) -> None:
    """Say that the report of a version is being made. Said before the result of its train, so that nobody who has that
    is told that there is none. Nothing is raised where it cannot be said."""
    try:
        runtime.registry.reports.set(model, number, Report(reason=BEGUN, began=time.time()))
    except Exception as error:
        log.warning("the report of %s version %s could not be announced", model, number, exc_info=error)


def add_report(
    runtime: Runtime,
    model: str,
    number: int,
    *,
    estimator: Estimator[Any],
    artefact: Any,
    dataset: Dataset,
    outcomes: Outcomes | None = None,
) -> None:
    """Make and store the report of a version that is stored. A report that cannot be made is no reason to fail: what
    stood in the way is stored instead, and nothing is raised. `outcomes`: of the rows that measure, if known."""
    _add(
        runtime,
        model,
        number,
        lambda about: write(about, estimator=estimator, artefact=artefact, dataset=dataset, outcomes=outcomes),
    )


def add_missing_report(runtime: Runtime, model: str, number: int) -> None:
    """The same for a version whose train ended before its result was written; nothing if there is one."""

    def written(about: About) -> str:
        try:
            snapshot = runtime.registry.snapshot(model)
        except ModelNotInitialised:
            snapshot = None
        if snapshot is None or snapshot.fingerprint != about.version.fingerprint:
            raise Unavailable("its worker ended before it was made, and the data has been replaced since")
        loaded, dataset = runtime.models.get(model, number), read_dataset(runtime.blobs, snapshot)
        digest = about.version.measured_artefact
        artefact = loaded.estimator.load(runtime.blobs.get(digest)) if digest else loaded.artefact
        return write(about, estimator=loaded.estimator, artefact=artefact, dataset=dataset)

    _add(runtime, model, number, written)


def _add(runtime: Runtime, model: str, number: int, written: Callable[[About], str]) -> None:
    told = {"model": model, "version": number}
    try:
        about = About(model, number, _read(runtime, model, number), _before(runtime, model, number))
        with interruptible(runtime.disconnect):
            html = written(about)
        report = Report(digest=runtime.blobs.put(html.encode()))
    except Exception as error:
        # The time limit of the train may be among these: it has its result, and ends with it.
        log.warning("there will be no report of %s version %s", model, number, exc_info=error, extra=told)
        report = Report(reason=f"{type(error).__name__}: {error}"[:1000])
    try:
        runtime.registry.reports.set(model, number, report)
    except Exception as error:
        log.warning("the report of %s version %s could not be noted", model, number, exc_info=error, extra=told)


def write(
    about: About,
    *,
    estimator: Estimator[Any],
    artefact: Any,
    dataset: Dataset,
    outcomes: Outcomes | None = None,
) -> str:
    """The report as one HTML document that loads nothing."""
    judged = judge(estimator, artefact, dataset, outcomes) if dataset.tested.num_rows else None
    subject = Subject(about.model, about.number, about.version, dataset, judged, about.before)
    return page(
        f"{about.model} version {about.number}",
        sections.heading(subject),
        sections.tiles(subject),
        sections.findings(subject),
        sections.learning(subject),
        sections.quality(subject),
        sections.errors(subject),
        comparison(subject),
        sections.data(subject),
        sections.params(subject),
        sections.search(subject),
        sections.footer(subject),
        operating_points(subject),
        comparable(subject),
    )


def _before(runtime: Runtime, model: str, number: int) -> tuple[int, Version] | None:
    earlier = next(iter(runtime.registry.listing.versions(model, limit=1, below=number).versions), None)
    return None if earlier is None else (earlier, _read(runtime, model, earlier))


def _read(runtime: Runtime, model: str, number: int) -> Version:
    return with_schema(runtime.blobs, runtime.registry.version(model, number))
