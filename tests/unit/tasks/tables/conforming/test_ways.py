"""What an estimate's query says of its rows."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import InvalidField
from tasks.tables.conforming.ways import FORGIVING, Ways, query_of, ways_of


@pytest.mark.parametrize(
    ("query", "ways"),
    [
        ({}, FORGIVING),
        ({"version": "3"}, FORGIVING),
        ({"unknown": "ignore", "missing": "fill"}, FORGIVING),
        ({"unknown": "refuse"}, Ways(refuses_unknown=True)),
        ({"missing": "refuse"}, Ways(refuses_missing=True)),
        ({"keep": "id,day,id"}, Ways(keep=("id", "day"))),
        ({"keep": '"a,b", c,"say ""x"""'}, Ways(keep=("a,b", " c", 'say "x"'))),
    ],
)
def test_ways(query: dict[str, str], ways: Ways) -> None:
    assert ways_of(query) == ways


@pytest.mark.parametrize(("query", "pointer"), [({"unknown": "no"}, "?unknown"), ({"missing": ""}, "?missing")])
def test_words_that_are_none(query: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidField, match="must be") as caught:
        ways_of(query)
    assert caught.value.pointer == pointer


def test_a_list_that_is_none() -> None:
    with pytest.raises(InvalidField, match="keep is no list of names") as caught:
        ways_of({"keep": '"a'})
    assert caught.value.pointer == "?keep"


@pytest.mark.parametrize("keep", [["a,b", 'say "x"', "", "größe"], ("one",), "one"])
def test_names_survive_the_query(keep: Any) -> None:
    assert ways_of(query_of(keep=keep)).keep == ((keep,) if isinstance(keep, str) else tuple(keep))


@pytest.mark.parametrize("wrong", [{"keep": 5}, {"keep": [1]}, {"unknown": True}, {"missing": ["refuse"]}])
def test_what_is_no_text_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidField, match=f"{next(iter(wrong))} must be text"):
        query_of(**wrong)
    assert query_of(unknown=None, missing="", keep=[]) == {}
