"""Who asks a Redis that does not answer, and who is refused."""

from __future__ import annotations

import pytest
import redis

from gateway.wiring.circuit_breaker import PROBE_SECONDS, CircuitBreaker, Refused
from tests.clocks import Clock


def call(circuit: CircuitBreaker, error: Exception | None = None) -> None:
    with circuit.guarding():
        if error:
            raise error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broken(clock: Clock) -> CircuitBreaker:
    """A circuit after a call that took too long."""
    circuit = CircuitBreaker(clock=clock)
    with pytest.raises(redis.exceptions.TimeoutError):
        call(circuit, redis.exceptions.TimeoutError())
    return circuit


def test_after_a_call_that_took_too_long_others_are_refused_at_once(broken: CircuitBreaker) -> None:
    for _ in range(3):
        with pytest.raises(Refused):
            call(broken)


def test_one_probe_at_a_time_is_let_through_and_an_answer_ends_the_refusals(
    broken: CircuitBreaker, clock: Clock
) -> None:
    clock.now += PROBE_SECONDS
    with broken.guarding(), pytest.raises(Refused):
        call(broken)
    call(broken)


@pytest.mark.parametrize("error", [redis.exceptions.TimeoutError(), redis.exceptions.ConnectionError()])
def test_a_probe_that_fails_changes_nothing(broken: CircuitBreaker, clock: Clock, error: Exception) -> None:
    clock.now += PROBE_SECONDS
    with pytest.raises(type(error)):
        call(broken, error)
    with pytest.raises(Refused):
        call(broken)


def test_a_refusal_by_redis_is_an_answer(broken: CircuitBreaker, clock: Clock) -> None:
    clock.now += PROBE_SECONDS
    with pytest.raises(redis.exceptions.ResponseError):
        call(broken, redis.exceptions.ResponseError("MISCONF"))
    call(broken)


@pytest.mark.parametrize("error", [redis.exceptions.ConnectionError(), redis.exceptions.OutOfMemoryError(), KeyError()])
def test_other_errors_refuse_nobody(error: Exception) -> None:
    circuit = CircuitBreaker()
    with pytest.raises(type(error)):
        call(circuit, error)
    call(circuit)
