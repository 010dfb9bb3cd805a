"""What an administrator may ask of an account."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.identity.account_requests import LATER, NEW, TOKEN, Asked, read_account
from tasks.errors import InvalidField


def test_what_is_said_is_read_and_nothing_else() -> None:
    assert read_account({}, known=NEW) == Asked()
    body = {"name": "ada", "password": "correct horse", "scopes": ["train"], "limits": {"queued_items": None}}
    asked = read_account(body, known=NEW)
    assert asked == Asked(name="ada", password="correct horse", scopes=("train",), limits={"queued_items": None})
    assert read_account({"disabled": False}, known=LATER).disabled is False


@pytest.mark.parametrize(
    ("body", "known", "pointer", "words"),
    [
        ([], NEW, "", "must be a JSON object"),
        ({"nmae": "ada"}, NEW, "/nmae", "did you mean 'name'?"),
        ({"name": "ada"}, LATER, "/name", "no field 'name'"),
        ({"password": "x"}, TOKEN, "/password", "known are scopes"),
        ({"name": 1}, NEW, "/name", "must be a text"),
        ({"password": None}, LATER, "/password", "must be a text"),
        ({"scopes": "train"}, NEW, "/scopes", "list of names"),
        ({"scopes": ["train", 1]}, NEW, "/scopes", "list of names"),
        ({"disabled": 1}, LATER, "/disabled", "true or false"),
        ({"limits": []}, LATER, "/limits", "must be an object"),
        ({"limits": {"rows": 1}}, LATER, "/limits/rows", "no limit 'rows'"),
        ({"limits": {"queued_items": 1.5}}, LATER, "/limits/queued_items", "whole number"),
        ({"limits": {"queued_items": True}}, LATER, "/limits/queued_items", "whole number"),
    ],
)
def test_what_cannot_be_is_named(body: Any, known: tuple[str, ...], pointer: str, words: str) -> None:
    with pytest.raises(InvalidField, match=words.replace("?", "[?]")) as error:
        read_account(body, known=known)
    assert error.value.pointer == pointer
