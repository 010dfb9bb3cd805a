"""What a run of `make fuzz` must have shown."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.fuzz.__main__ import seeded
from tests.fuzz.verdict import CASES, Seen, complaints, successes

DEFINITION: Final[dict[str, Any]] = {
    "paths": {
        "/thing": {
            "parameters": [],
            "get": {
                "operationId": "look",
                "responses": {
                    "200": {"content": {"application/json": {}, "text/csv": {}}},
                    "202": {"$ref": "#/components/responses/Later"},
                    "404": {"description": "no"},
                },
            },
            "delete": {"operationId": "drop", "responses": {"204": {"description": "gone"}}},
        }
    },
    "components": {"responses": {"Later": {"content": {"application/json": {}}}}},
}
ALL: Final = [
    Seen("look", 200, "application/json"),
    Seen("look", 200, "text/csv"),
    Seen("look", 202, "application/json"),
    Seen("drop", 204),
]
REFUSED: Final = Seen("look", 404, "application/problem+json")


def test_every_success_is_wanted() -> None:
    assert sorted(successes(DEFINITION)) == sorted(ALL)
    assert complaints(DEFINITION, ALL + [REFUSED] * CASES) == []
    for missing in ALL:
        seen = [answer for answer in ALL if answer != missing] + [REFUSED] * CASES
        assert complaints(DEFINITION, seen) == [f"never seen: {missing}"]


def test_few_cases_show_little() -> None:
    assert complaints(DEFINITION, ALL) == [f"4 cases are fewer than {CASES}"]


def test_a_glance_wants_one_success_of_each_operation() -> None:
    assert complaints(DEFINITION, [ALL[1], ALL[3]], glance=True) == []
    assert complaints(DEFINITION, [*ALL[:3], Seen("drop", 404)], glance=True) == ["never succeeded: drop"]
    # A success that is not documented is none.
    assert complaints(DEFINITION, [*ALL[:3], Seen("drop", 200)], glance=True) == ["never succeeded: drop"]


def test_a_line_of_the_record_is_read_as_it_was_written() -> None:
    for answer in (*ALL, REFUSED, Seen("", 405, "application/problem+json")):
        assert Seen.parse(answer.line()) == answer


def test_the_seed_is_said_and_a_given_one_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    options = seeded(["-n", "3"])
    assert options[:3] == ["-n", "3", "--seed"]
    assert f'FUZZ="-n 3 --seed {options[3]}"' in capsys.readouterr().out
    assert seeded(["--seed=7"]) == ["--seed=7"]
