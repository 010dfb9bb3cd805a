"""Accounts, on a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest
import redis

from gateway.identity.accounts import REVOKED_MARGIN_SECONDS, Accounts
from gateway.identity.passwords import Passwords
from gateway.identity.quotas import Quota
from tasks.errors import Conflict, InvalidField, NotFound, Unauthenticated
from tasks.redis_keys import ACCOUNTS_CHANNEL, REVOKED_KEY, UNFINISHED_KEY, USER_KEY

PASSWORD = "correct horse"
CHEAP = Passwords(memory_kib=64, passes=1)


@pytest.fixture
def accounts(redis_client: redis.Redis) -> Accounts:
    return Accounts(redis_client, passwords=CHEAP, clock=lambda: 1000.5)


@pytest.fixture
def changes(redis_client: redis.Redis) -> Iterator[redis.client.PubSub]:
    with redis.client.PubSub(redis_client.connection_pool, ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(ACCOUNTS_CHANNEL)
        pubsub.get_message(timeout=1)
        yield pubsub


def changed(pubsub: redis.client.PubSub) -> list[str]:
    """The names published since the last look."""
    names: list[str] = []
    while (message := pubsub.get_message(timeout=0.05)) is not None:
        names.append(message["data"].decode())
    return names


def test_an_account_is_kept(accounts: Accounts, changes: redis.client.PubSub) -> None:
    made = accounts.add("ada", password=PASSWORD, scopes=["train", "tasks:read"])
    assert accounts.get("ada") == made
    assert (made.scopes, made.created_at, made.disabled) == (frozenset({"train", "tasks:read"}), 1000.5, False)
    assert accounts.names() == ["ada"]
    assert changed(changes) == ["ada"]
    assert PASSWORD not in made.password
    assert made.password not in repr(made)


def test_an_account_owns_what_is_submitted_from_now_on_by_the_clock_of_redis(
    accounts: Accounts, redis_client: redis.Redis
) -> None:
    before = redis_client.time()
    made = accounts.add("ada", password=PASSWORD, scopes=["train"])
    assert before <= divmod(round(made.owns_since * 1e6), 1_000_000) <= redis_client.time()


def test_no_two_accounts_of_a_name_are_the_same(accounts: Accounts) -> None:
    first = accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.remove("ada")
    second = accounts.add("ada", password=PASSWORD, scopes=["train"])
    assert len({first.id, first.series, second.id, second.series}) == 4


def test_a_caller_of_the_outside_issuer_is_the_same_with_an_account_and_without(
    accounts: Accounts, redis_client: redis.Redis
) -> None:
    redis_client.hset(UNFINISHED_KEY, "oidc:ada", 3)
    made = accounts.add("oidc:ada", password=None, scopes=["train"])
    assert (made.owns_since, made.id) == (0, "0.0")
    assert redis_client.hget(UNFINISHED_KEY, "oidc:ada") == b"3"


def test_a_taken_name_changes_nothing(accounts: Accounts, changes: redis.client.PubSub) -> None:
    made = accounts.add("ada", password=PASSWORD, scopes=["train"])
    changed(changes)
    with pytest.raises(Conflict, match="ada"):
        accounts.add("ada", password="another password", scopes=["admin"])
    assert accounts.get("ada") == made
    assert changed(changes) == []


@pytest.mark.parametrize(
    ("name", "password", "scopes", "pointer"),
    [
        ("", PASSWORD, ["train"], "/name"),
        ("a b", PASSWORD, ["train"], "/name"),
        ("a:b", PASSWORD, ["train"], "/name"),
        ("ada\n", PASSWORD, ["train"], "/name"),
        ("\u00e4da", PASSWORD, ["train"], "/name"),
        ("a" * 65, PASSWORD, ["train"], "/name"),
        ("ada", "seven77", ["train"], "/password"),
        ("ada", "x" * 1025, ["train"], "/password"),
        ("ada", PASSWORD, ["train", "fly"], "/scopes"),
        ("ada", PASSWORD, [], "/scopes"),
    ],
)
def test_what_cannot_be_used_is_named(
    accounts: Accounts, name: str, password: str, scopes: list[str], pointer: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        accounts.add(name, password=password, scopes=scopes)
    assert caught.value.pointer == pointer
    assert accounts.names() == []


def test_the_password_is_verified(accounts: Accounts) -> None:
    made = accounts.add("ada", password="p\u00e4ss:w\u00f6rd", scopes=["train"])
    assert accounts.verify("ada", "p\u00e4ss:w\u00f6rd") == made


def test_unknown_wrong_and_disabled_look_the_same(accounts: Accounts) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.add("off", password=PASSWORD, scopes=["train"])
    accounts.change("off", disabled=True)
    messages = set()
    for name, password in [("ada", "wrong"), ("bob", PASSWORD), ("off", PASSWORD), ("a/../b", ""), ("ada", "x" * 9999)]:
        with pytest.raises(Unauthenticated) as caught:
            accounts.verify(name, password)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_an_unknown_name_costs_a_whole_check(redis_client: redis.Redis) -> None:
    accounts = Accounts(redis_client)
    accounts.add("ada", password=PASSWORD, scopes=["train"])

    def seconds(name: str) -> float:
        begun = time.process_time()
        with pytest.raises(Unauthenticated):
            accounts.verify(name, "wrong password")
        return time.process_time() - begun

    assert min(seconds("bob") for _ in range(3)) > 0.5 * min(seconds("ada") for _ in range(3))


def test_disable_and_enable(accounts: Accounts, changes: redis.client.PubSub) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.change("ada", disabled=True)
    account = accounts.get("ada")
    assert account is not None
    assert account.disabled
    accounts.change("ada", disabled=False)
    assert accounts.verify("ada", PASSWORD)
    assert changed(changes) == ["ada"] * 3


def test_remove(accounts: Accounts, changes: redis.client.PubSub, redis_client: redis.Redis) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.remove("ada")
    assert accounts.get("ada") is None
    assert accounts.names() == []
    assert redis_client.keys("*") == []
    assert changed(changes) == ["ada", "ada"]
    for change in (accounts.remove, partial(accounts.change, disabled=True), accounts.end_tokens, accounts.known):
        with pytest.raises(NotFound, match="ada"):
            change("ada")
    assert redis_client.keys("*") == []


def test_an_old_hash_is_made_again_at_login(redis_client: redis.Redis, accounts: Accounts) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    dearer = Accounts(redis_client, passwords=Passwords(memory_kib=128, passes=1))
    dearer.verify("ada", PASSWORD)
    hashed = redis_client.hget(USER_KEY.format(name="ada"), "password")
    assert isinstance(hashed, bytes)
    assert b"m=128," in hashed
    assert dearer.verify("ada", PASSWORD)


def test_what_is_no_hash_matches_nothing() -> None:
    assert not CHEAP.matches("", "")
    assert not CHEAP.matches(CHEAP.nobody, "")


def test_another_password_ends_the_tokens(accounts: Accounts, changes: redis.client.PubSub) -> None:
    made = accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.change("ada", password="another password")
    other = accounts.verify("ada", "another password")
    assert (other.id, other.series != made.series) == (made.id, True)
    with pytest.raises(Unauthenticated):
        accounts.verify("ada", PASSWORD)
    assert changed(changes) == ["ada", "ada"]
    with pytest.raises(InvalidField, match="8 to 1024"):
        accounts.change("ada", password="short")
    with pytest.raises(NotFound):
        accounts.change("bob", password=PASSWORD)


def test_other_scopes(accounts: Accounts, changes: redis.client.PubSub) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    accounts.change("ada", scopes=["estimate:housing", "tasks:read"])
    assert accounts.verify("ada", PASSWORD).scopes == {"estimate:housing", "tasks:read"}
    assert changed(changes) == ["ada", "ada"]
    for wrong in (["fly"], []):
        with pytest.raises(InvalidField, match="scope"):
            accounts.change("ada", scopes=wrong)
    with pytest.raises(NotFound):
        accounts.change("bob", scopes=["train"])


def test_limits_come_before_the_settings(accounts: Accounts) -> None:
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    default = Quota(requests_per_second=5, bytes_per_second=7)

    def quota() -> tuple[int, int]:
        account = accounts.get("ada")
        assert account is not None
        found = account.quota(default)
        return found.requests_per_second, found.bytes_per_second

    assert quota() == (5, 7)
    accounts.change("ada", limits={"requests_per_second": 9})
    assert quota() == (9, 7)
    accounts.change("ada", limits={"requests_per_second": None, "bytes_per_second": 0})
    assert quota() == (5, 0)
    with pytest.raises(InvalidField):
        accounts.change("ada", limits={"requests_per_second": -1})
    with pytest.raises(NotFound):
        accounts.change("bob", limits={"requests_per_second": 1})


def test_a_caller_of_the_outside_issuer_has_no_password(accounts: Accounts) -> None:
    accounts.add("oidc:auth0|ada@example.org", password=None, scopes=["train"])
    assert accounts.names() == ["oidc:auth0|ada@example.org"]
    for password in ("", PASSWORD):
        with pytest.raises(Unauthenticated):
            accounts.verify("oidc:auth0|ada@example.org", password)
    for name, given in [("oidc:bob", PASSWORD), ("ada", None), ("oidc:", None), ("oidc:a b", None)]:
        with pytest.raises(InvalidField):
            accounts.add(name, password=given, scopes=["train"])
    with pytest.raises(InvalidField):
        accounts.change("oidc:auth0|ada@example.org", password=PASSWORD)


def test_a_revoked_token_is_remembered_until_it_ends(
    accounts: Accounts, changes: redis.client.PubSub, redis_client: redis.Redis
) -> None:
    assert not accounts.is_revoked("7")
    accounts.revoke_token("7", until=1042.0)
    assert accounts.is_revoked("7")
    assert redis_client.ttl(REVOKED_KEY.format(token="7")) == 42 + REVOKED_MARGIN_SECONDS
    assert changed(changes) == ["token:7"]
    accounts.revoke_token("8", until=None)
    assert accounts.is_revoked("8")
    assert redis_client.ttl(REVOKED_KEY.format(token="8")) == -1


def test_all_accounts_come_in_pages(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.identity.accounts.PAGE", 2)
    names = ["ada", "bob", "cy", "dan", "eve"]
    made = [accounts.add(name, password="correct horse", scopes=["monitor"]) for name in names]
    assert list(accounts.all()) == made
    accounts.remove("cy")
    assert [account.name for account in accounts.all()] == ["ada", "bob", "dan", "eve"]
