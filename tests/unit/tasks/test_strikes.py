"""Clocks that strike at the same time in all processes."""

from __future__ import annotations

import time

import pytest

from tasks.strikes import until_strike


@pytest.mark.parametrize("seconds", [0.05, 5.0, 30.0])
def test_who_waits_until_then_waits_with_all_others(seconds: float) -> None:
    first = time.monotonic() + until_strike(seconds)
    time.sleep(0.01)
    second = time.monotonic() + until_strike(seconds)
    assert 0 < until_strike(seconds) <= seconds
    assert second - first == pytest.approx(0.0, abs=0.005) or second - first >= seconds - 0.005
