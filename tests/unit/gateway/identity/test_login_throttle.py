"""Logins that fail make the next ones wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from gateway.identity.login_throttle import DRAIN_SECONDS, LONGEST_SECONDS, LoginThrottle, client_address
from tests.clocks import Clock

HERE = "192.0.2.1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(redis_client: redis.Redis, clock: Clock) -> LoginThrottle:
    return LoginThrottle(redis_client, free_pair=3, free_account=20, free_address=6, clock=clock)


def fail(attempts: LoginThrottle, *names: str, address: str | None = HERE) -> list[float]:
    """The waits of one failing attempt after the other."""
    return [attempts.begin(name, address) for name in names]


def test_some_failures_are_free_and_then_pauses_grow(attempts: LoginThrottle, clock: Clock) -> None:
    assert fail(attempts, "ada", "ada", "ada", address=None) == [0, 0, 0]
    pauses = []
    for _ in range(12):
        pauses.append(attempts.begin("ada", None))
        assert attempts.begin("ada", None) == pauses[-1], "a refused attempt does not count"
        clock.now += pauses[-1]
        assert attempts.begin("ada", None) == 0
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]


def test_a_name_that_no_account_has_waits_like_any_other(attempts: LoginThrottle) -> None:
    assert fail(attempts, *["ada"] * 4) == fail(attempts, *["nobody"] * 4, address="192.0.2.2")


def test_one_account_does_not_slow_another(attempts: LoginThrottle) -> None:
    assert fail(attempts, *["ada"] * 4)[-1] > 0
    assert attempts.begin("bob", HERE) == 0


def test_an_address_that_tries_many_names_waits(attempts: LoginThrottle) -> None:
    assert fail(attempts, *(f"name{n}" for n in range(7))) == [0, 0, 0, 0, 0, 0, 1]
    assert attempts.begin("ada", HERE) == 1
    assert attempts.begin("ada", "192.0.2.2") == 0
    assert attempts.begin("bob", None) == 0


def test_who_guesses_at_one_address_keeps_nobody_out_at_another(attempts: LoginThrottle, clock: Clock) -> None:
    """However long it goes on: six hours of guesses, each as soon as it may be made."""
    end = clock.now + 6 * 3600
    guesses = 0
    while clock.now < end:
        wait = attempts.begin("ada", HERE)
        guesses += wait == 0
        clock.now += wait
        assert attempts.begin("ada", None) == 0
        attempts.succeed("ada", None)
    assert 250 < guesses < 400


def test_guesses_from_many_addresses_are_slowed_together(attempts: LoginThrottle, clock: Clock) -> None:
    """Each address has free failures, but the account has only so many."""
    guesses = 0
    for second in range(3600):
        clock.now += 1
        guesses += attempts.begin("ada", f"198.51.{second // 250}.{second % 250}") == 0
    # What is free, and what is taken off meanwhile.
    assert 20 < guesses < 20 + 3600 / DRAIN_SECONDS + 10
    assert attempts.begin("ada", "192.0.2.7") > 0
    assert attempts.begin("bob", "192.0.2.7") == 0


def test_where_the_owner_was_let_in_he_is_not_slowed_by_guesses_elsewhere(attempts: LoginThrottle) -> None:
    assert attempts.begin("ada", "192.0.2.7") == 0
    attempts.succeed("ada", "192.0.2.7")
    assert not any(attempts.begin("ada", f"198.51.100.{number}") for number in range(20))
    for number in range(20):
        attempts.begin("ada", f"203.0.113.{number}")
        assert attempts.begin("ada", "192.0.2.7") == 0
        attempts.succeed("ada", "192.0.2.7")
    assert attempts.begin("ada", "192.0.2.8") > 0
    # And guesses from there wait as from anywhere.
    assert fail(attempts, *["ada"] * 4, address="192.0.2.7")[-1] > 0


def test_the_owners_logins_do_not_forgive_guesses_from_elsewhere(attempts: LoginThrottle, clock: Clock) -> None:
    guesses = 0
    for number in range(200):
        clock.now += 0.1
        guesses += attempts.begin("ada", f"198.51.100.{number}") == 0
        attempts.begin("ada", "192.0.2.7")
        attempts.succeed("ada", "192.0.2.7")
    assert guesses < 50


def test_what_is_kept_of_an_account_is_not_forgotten_before_it_is_taken_off(
    attempts: LoginThrottle, redis_client: redis.Redis
) -> None:
    for number in range(40):
        attempts.begin("ada", f"198.51.100.{number}")
    assert max(int(str(redis_client.ttl(key))) for key in redis_client.scan_iter()) >= 20 * DRAIN_SECONDS


def test_a_success_forgives_the_account(attempts: LoginThrottle, clock: Clock) -> None:
    wait = fail(attempts, *["ada"] * 4)[-1]
    clock.now += wait
    assert attempts.begin("ada", HERE) == 0
    attempts.succeed("ada", HERE)
    assert fail(attempts, *["ada"] * 3) == [0, 0, 0]


def test_a_success_takes_back_only_itself_of_its_address(attempts: LoginThrottle, clock: Clock) -> None:
    """Or who has one account could try the passwords of others for ever."""
    refused = 0
    for number in range(40):
        clock.now += 0.1
        refused += attempts.begin(f"name{number}", HERE) > 0
        if attempts.begin("mine", HERE) == 0:
            attempts.succeed("mine", HERE)
    assert refused > 20


def test_successes_alone_never_wait(attempts: LoginThrottle) -> None:
    for _ in range(50):
        assert attempts.begin("ada", HERE) == 0
        attempts.succeed("ada", HERE)


def test_attempts_at_the_same_time_are_all_counted(attempts: LoginThrottle) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: attempts.begin("ada", HERE), range(40)))
    assert waits.count(0) == 3


def test_the_pause_is_bounded_and_forgotten(attempts: LoginThrottle, clock: Clock, redis_client: redis.Redis) -> None:
    # No letter of this name is a hexadecimal digit.
    fail(attempts, *["zoo"] * 4)
    clock.now -= 10_000
    assert attempts.begin("zoo", HERE) <= LONGEST_SECONDS
    keys = redis_client.keys("*")
    assert isinstance(keys, list)
    assert len(keys) == 3
    for key in keys:
        assert 0 < int(str(redis_client.ttl(key))) <= 900
        assert b"zoo" not in key
        assert HERE.encode() not in key


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (None, None),
        ("", None),
        ("192.0.2.1", "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1,", None),
        ("unknown", None),
        ("192.0.2.1:99", None),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("x" * 10_000, None),
    ],
)
def test_the_address_is_the_last_one(header: str | None, address: str | None) -> None:
    assert client_address(header) == address


def test_names_of_any_kind_can_be_tried(attempts: LoginThrottle) -> None:
    for name in ("", "x" * 10_000, "\u00e4", "\udcff", "a\x00b", "*"):
        assert attempts.begin(name, HERE) == 0
