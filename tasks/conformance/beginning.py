"""The estimator as a worker finds it, and the table as an init makes it."""

from __future__ import annotations

import sys
import time
from functools import partial
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tasks.conformance.attempts import Failed, attempt
from tasks.conformance.observing import Observer
from tasks.conformance.preparing import prepared
from tasks.conformance.remarks import Remark, fault, figure, warning
from tasks.conformance.request import Request
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.without_rows import declared
from tasks.formatting import duration

#: What the estimator is called while it is checked.
NAME: Final = "checked"
#: What to do about a class that cannot be imported or made.
MEND_IMPORT: Final = (
    "no service starts with it: look whether module and class are spelled so, what the module imports is installed, and"
    " the class has fit, predict, dump and load"
)
#: What to do about a table that cannot be learned from.
MEND_DATA: Final = "look at --data, --target and --options; an init of this table would be refused so"


def import_estimator(request: Request, observer: Observer, remarks: list[Remark]) -> Estimator[Any]:
    """The estimator; `remarks` gets what was found of its import. Raises Failed."""
    module = request.path.partition(":")[0].partition(".")[0]
    if request.beside and _installed(module) is None:
        sys.path.insert(0, request.beside)
        if PathFinder.find_spec(module, [request.beside]) is not None:
            remarks.append(
                warning(
                    f"{module} is found only because it lies in the folder {Path(request.beside).name}",
                    "workers look among what is installed: `pip install -e .`, or put the folder into PYTHONPATH",
                )
            )
    start = time.perf_counter()
    catalogue = Catalogue({NAME: request.path}, threads=1)
    with observer.watching(at_import=True) as seen:
        estimator = attempt("the import", lambda: catalogue.get(NAME), remedy=MEND_IMPORT)
    remarks += [*seen, figure(f"imported in {duration(time.perf_counter() - start)}")]
    return estimator


def prepare(request: Request, estimator: Estimator[Any], remarks: list[Remark]) -> Dataset:
    """The data to fit, of the rows that are used. Raises Failed."""
    options = {**request.options, "target": request.target or None}
    if request.data:
        ready = partial(prepared, estimator, Path(request.data), options, rows=request.rows)
    elif estimator.needs_rows:
        raise Failed(fault("there is nothing to learn from", "give --data and --target, or say needs_rows = False"))
    else:
        ready = partial(declared, estimator, options)
    dataset = attempt("the table", ready, remedy=MEND_DATA)
    schema = dataset.schema
    types = ", ".join(f"{column.name} ({column.type})" for column in schema.columns)
    remarks.append(figure(f"{dataset.rows} rows, {schema.problem} of {schema.target} by {types}"))
    return dataset


def _installed(module: str) -> object:
    """Where a module is that packages in development offer; None if it is not there."""
    try:
        return find_spec(module)
    except (ImportError, ValueError):
        return None
