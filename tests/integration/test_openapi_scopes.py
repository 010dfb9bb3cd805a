"""The scopes that `gateway/ml-service.yml` names are those that the service asks for, on every route."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from gateway.identity.accounts import SCOPES
from tests.commands import add_account
from tests.definition import definition
from tests.service import Service

#: What stands for the parts of a path.
PARTS: Final = {
    **{"model": "nothing", "version": "1", "alias": "a", "webhook": "wh_nothing", "message": "msg_nothing"},
    "account": "nobody",
    **dict.fromkeys(("handle", "task_id"), f"{'0' * 32}-0"),
}
#: Sets of scopes with which every route is called: none that is needed, each alone, and what needs two.
SETS: Final = [*((scope,) for scope in SCOPES), ("init", "train")]


def guarded() -> list[tuple[str, str, list[set[str]]]]:
    """Method, path, and the sets of scopes of which one is enough, of every operation with a token."""
    paths: dict[str, dict[str, Any]] = definition()["paths"]
    return [
        (method, path.format(**PARTS), [set(way["token"]) for way in operation["security"] if "token" in way])
        for path, item in paths.items()
        for method, operation in item.items()
        # These would end the token with which the others are called.
        if (method, path) not in (("delete", "/v1/token"), ("delete", "/v1/session"))
        and method != "parameters"
        and any("token" in way for way in operation["security"])
        and {} not in operation["security"]
    ]


def token(service: Service, scopes: tuple[str, ...]) -> str:
    """A token of a new account with these scopes."""
    name = "-".join(["only", *scopes]).replace(":", ".")
    add_account(name, *scopes, home=service.home, password="a long secret")
    answer = httpx.post(f"{service.url}/v1/token", auth=(name, "a long secret"))
    return str(answer.raise_for_status().json()["access_token"])


@pytest.mark.parametrize("scopes", SETS, ids="+".join)
def test_a_route_asks_for_the_scopes_that_are_written(service: Service, scopes: tuple[str, ...]) -> None:
    headers = {"Authorization": f"Bearer {token(service, scopes)}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=70) as client:
        for method, path, ways in guarded():
            allowed = "admin" in scopes or any(way <= set(scopes) for way in ways)
            answer = client.request(method, path)
            assert answer.status_code != 401, (method, path)
            assert (answer.status_code != 403) is allowed, (method, path, answer.text)


def test_every_guarded_route_is_called() -> None:
    assert len(guarded()) >= 12
