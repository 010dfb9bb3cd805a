"""What each program asks, and how it tells what it has seen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

#: The columns of the model that every program asks, and rows of them.
COLUMNS: Final = ("x", "kind", "flag")
ROWS: Final = [[3.0, "a", True], [150.5, "b", False], [77.25, "é", True]]
#: The model's name, of numbers alone, and rows of it.
NUMBERS_SUFFIX: Final = "-numbers"
NUMBERS: Final = [[3.0, 4.5], [15.25, 2.0], [0.1, 0.7]]
#: A name that no model has.
MISSING: Final = "missing"


class Asked(NamedTuple):
    """Where the service is, and which model to ask."""

    url: str
    #: A model of `COLUMNS`, and one of numbers.
    model: str
    numbers: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What says who calls."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def place(self) -> str:
        """HOST:PORT."""
        return self.url.partition("://")[2]


def asked() -> Asked:
    """What the program was told."""
    url, model = sys.argv[1:]
    return Asked(url, model, model + NUMBERS_SUFFIX, os.environ["TOKEN"])


@contextmanager
def refused(*words: str) -> Iterator[None]:
    """What is done in the block fails, with these words."""
    said = ""
    try:
        yield
    except Exception as error:  # whichever the client raises
        said = str(error)
    if not said or any(word not in said for word in words):
        raise AssertionError(f"it said {said!r}, not {words}")


def columns() -> dict[str, list[Any]]:
    """The rows as columns."""
    return {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}


def learn(client: Any, model: str, frame: Any) -> None:
    """Have a model made, by our own client, of a frame with a date `day`, a category `kind` and the target `y`."""
    told = client.init(model, data=frame, target="y").result(timeout=60)
    types = {column["name"]: column["type"] for column in told["columns"]}
    assert types == {"day": "date", "kind": "category"}, told["columns"]


def tell(**seen: Any) -> None:
    """Tell what was seen: predictions for `ROWS`, of names that begin with `numbers` for `NUMBERS`."""
    print(json.dumps({name: [float(value) for value in found] for name, found in seen.items()}))
