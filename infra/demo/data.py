"""The tables of the demonstration: what is learned from, and what is held back to be estimated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.contract import Media
from tasks.errors import InvalidRequest, InvalidTable, InvalidTarget
from tasks.tables import formats
from tasks.tables.reading.bodies import read_table
from tasks.tables.schema import kind_of, numbers, plain

#: Fewest rows of a file: half of them are learned from, and the service wants ten.
FEWEST_ROWS: Final = 20
#: Fewest and most rows that are held back; in between it is one in ten.
FEWEST_HELD: Final = 10
MOST_HELD: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One table to learn from."""

    #: What the model is called.
    model: str
    title: str
    target: str
    learned: pa.Table
    held: pa.Table
    #: How the learned rows travel.
    media: Media
    #: The user's file, if it is one.
    file: Path | None = None

    @property
    def body(self) -> bytes:
        """The learned rows, with the target."""
        return formats.write(self.learned, self.media)

    @property
    def learned_targets(self) -> list[Any]:
        """The target of the learned rows."""
        return list(plain(self.learned.column(self.target)).to_pylist())

    @property
    def truth(self) -> list[Any]:
        """The target of the rows held back."""
        return list(plain(self.held.column(self.target)).to_pylist())

    def rows(self, most: int | None = None) -> list[dict[str, Any]]:
        """The rows held back, or the first of them, without the target, as JSON knows them."""
        features = self.held.drop_columns([self.target]).slice(0, most)
        columns = {name: plain(features.column(name)) for name in features.column_names}
        rows: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(pa.table(columns).to_pylist()))
        return rows


def shipped() -> list[Case]:
    """The tables that scikit-learn ships: breast cancer (two classes) and diabetes (a number)."""
    from sklearn.datasets import load_breast_cancer, load_diabetes

    cancer, diabetes = load_breast_cancer(), load_diabetes(scaled=False)
    diagnosis = np.asarray(cancer.target_names)[cancer.target].tolist()
    return [
        _case(
            _table(cancer, "diagnosis", diagnosis),
            model="breast-cancer",
            title="Breast cancer: is it malignant or benign?",
            target="diagnosis",
            media=Media.CSV,
        ),
        _case(
            _table(diabetes, "progression", diabetes.target.tolist()),
            model="diabetes",
            title="Diabetes: how far is it after a year?",
            target="progression",
            media=Media.CSV,
        ),
    ]


def from_file(path: Path, target: str | None) -> Case:
    """The user's table. Raises InvalidTable or InvalidTarget, which name the file."""
    table = read(path)
    if target is None or target not in table.column_names:
        what = "--target is missing" if target is None else f"there is no column {target!r} in {path}"
        raise InvalidTarget(f"{what}; the columns are {', '.join(table.column_names)}")
    if table.num_rows < FEWEST_ROWS:
        raise InvalidTable(f"{path} has {table.num_rows} rows; at least {FEWEST_ROWS} are needed")
    # Arrow keeps the types that the whole file has, whichever rows are held back.
    return _case(table, model=model_name(path), title=str(path), target=target, media=Media.ARROW, file=path)


def read(path: Path) -> pa.Table:
    """The table in a file. Raises InvalidTable, which names the file."""
    try:
        table = read_table(path.read_bytes(), "")
    except OSError as error:
        raise InvalidTable(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except InvalidRequest as error:
        raise InvalidTable(f"{path} cannot be read: {error}") from error
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise InvalidTable(f"{path} has the column {twice[0]!r} more than once; give every column a name of its own")
    return table


def model_name(path: Path) -> str:
    """A name for the model of a file, of the characters that a name may have."""
    return re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:63] or "data"


def hold_back(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(learned, held): one row in ten is held back, spread over the table, because many files are sorted.

    A row is learned from after all if it misses a value in a column where no other learned row misses one: a model
    that never saw a missing value there refuses to guess.
    """
    rows = table.num_rows
    count = min(max(FEWEST_HELD, rows // 10), MOST_HELD)
    held = np.zeros(rows, dtype=bool)
    held[np.linspace(0, rows - 1, count).astype(int)] = True
    for column in table.itercolumns():
        missing = _missing(plain(column))
        if not (missing & ~held).any():
            held &= ~missing
    if not held.any():
        raise InvalidTable("no rows can be held back: some column misses its value in all of them; leave it out")
    return table.filter(pa.array(~held)), table.filter(pa.array(held))


def _missing(values: pa.ChunkedArray) -> Any:
    if kind_of(values) == "number":
        return np.isnan(numbers(values))
    return np.asarray(pc.is_null(values).to_numpy(), dtype=bool)


def _table(bunch: Any, target: str, values: list[Any]) -> pa.Table:
    columns = {str(name): bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
    return pa.table({**columns, target: values})


def _case(table: pa.Table, *, model: str, title: str, target: str, media: Media, file: Path | None = None) -> Case:
    learned, held = hold_back(table)
    return Case(model=model, title=title, target=target, learned=learned, held=held, media=media, file=file)
