"""Scopes, for all models and for one."""

from __future__ import annotations

import itertools

import pytest

from gateway.identity.auth import requires
from gateway.identity.scopes import (
    MODEL_SCOPES,
    SCOPES,
    VIEWING,
    Needed,
    allows,
    check_scopes,
    covers,
    known,
    meet,
    seen_models,
)
from tasks.errors import InvalidField


@pytest.mark.parametrize(
    ("scopes", "needed", "model", "allowed"),
    [
        ({"train"}, "train", None, True),
        ({"train"}, "train", "housing", True),
        ({"train"}, "estimate", "housing", False),
        ({"train:housing"}, "train", "housing", True),
        ({"train:housing"}, "train", "iris", False),
        ({"train:housing"}, "train", None, False),
        ({"train:housing"}, "estimate", "housing", False),
        ({"models:write:housing"}, "models:write", "housing", True),
        ({"models:write:housing"}, "models:write", "iris", False),
        ({"estimate:read"}, "tasks:read", "read", False),
        ({"monitor:x"}, "monitor", "x", False),
        ({"admin:x"}, "train", "x", False),
        ({"train:housing"}, ("estimate", "train"), "housing", True),
        ({"train:housing"}, ("estimate", "train"), "iris", False),
        (set(), None, None, True),
        (set(), "train", None, False),
    ],
)
def test_what_scopes_allow(scopes: set[str], needed: Needed, model: str | None, allowed: bool) -> None:
    assert allows(scopes, needed, model=model) is allowed


def test_admin_allows_everything() -> None:
    assert all(allows({"admin"}, scope, model=model) for scope in SCOPES for model in (None, "housing"))
    assert seen_models({"admin"}) is None


def test_who_may_use_a_model_sees_it_and_no_other() -> None:
    for scope in VIEWING:
        assert seen_models({scope}) is None
    for scope in MODEL_SCOPES:
        assert seen_models({f"{scope}:housing", "tasks:read"}) == frozenset({"housing"})
    assert seen_models({"tasks:read"}) == frozenset()


@pytest.mark.parametrize("scope", [*SCOPES, "estimate:housing", "models:write:a-b_C", "init:" + "x" * 63])
def test_scopes_that_exist(scope: str) -> None:
    assert known(scope)
    check_scopes([scope])


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "fly",
        "estimate:",
        "estimate:-x",
        "estimate:a b",
        "estimate:a:b",
        "estimate:" + "x" * 64,
        "estimate:\u00e4",
        "estimate:x\n",
        "monitor:x",
        "admin:x",
        "tasks:read:x",
        "models:write:",
        "models:",
        ":x",
    ],
)
def test_scopes_that_do_not(scope: str) -> None:
    assert not known(scope)
    with pytest.raises(InvalidField, match="scope"):
        check_scopes(["train", scope])


def test_no_scope_is_none() -> None:
    with pytest.raises(InvalidField, match="at least one"):
        check_scopes([])


@pytest.mark.parametrize(
    ("token", "account", "both"),
    [
        ({"estimate"}, {"estimate", "train"}, {"estimate"}),
        ({"estimate:a"}, {"estimate"}, {"estimate:a"}),
        ({"estimate"}, {"estimate:a", "estimate:b"}, {"estimate:a", "estimate:b"}),
        ({"estimate:a"}, {"estimate:b"}, set()),
        ({"train"}, {"estimate"}, set()),
        ({"admin"}, {"estimate:a"}, {"estimate:a"}),
        ({"train"}, {"admin"}, {"train"}),
        ({"admin"}, {"admin"}, {"admin"}),
        ({"admin", "train"}, {"monitor"}, {"monitor"}),
        ({"models:write"}, {"models:write:a"}, {"models:write:a"}),
    ],
)
def test_what_token_and_account_both_have(token: set[str], account: set[str], both: set[str]) -> None:
    assert meet(token, account) == meet(account, token) == both


def test_both_never_have_more_than_either() -> None:
    every = [*SCOPES, "estimate:a", "estimate:b", "train:a", "models:write:a"]
    for some, others in itertools.product(itertools.combinations(every, 2), repeat=2):
        both = meet(some, others)
        assert all(covers(some, scope) and covers(others, scope) for scope in both), (some, others)
        for needed, model in itertools.product(SCOPES, (None, "a", "b")):
            alike = allows(some, needed, model=model) and allows(others, needed, model=model)
            assert allows(both, needed, model=model) == alike, (some, others, needed, model)


def test_a_scope_that_does_not_exist_cannot_be_required() -> None:
    for wanted in ("fly", ("train", "fly")):
        with pytest.raises(ValueError, match="fly"):
            requires(wanted)
