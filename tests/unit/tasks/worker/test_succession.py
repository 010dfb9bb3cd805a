"""Who holds a lock is alive, whoever else looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.worker.succession import UNREADY, dead, hold


def test_who_holds_a_lock_is_not_dead(tmp_path: Path) -> None:
    lock = hold(tmp_path / "holders", "me")
    path = tmp_path / "holders" / "me"
    with dead(path) as ours:
        assert not ours
    os.close(lock)
    with dead(path) as ours:
        assert ours
        with dead(path) as theirs:
            assert not theirs, "somebody sees to it"
    assert not path.exists()
    with dead(path) as ours:
        assert not ours


def test_what_could_not_be_seen_to_is_seen_to_again(tmp_path: Path) -> None:
    (tmp_path / "x").touch()

    def fail() -> None:
        with dead(tmp_path / "x") as ours:
            assert ours
            raise OSError

    with pytest.raises(OSError):
        fail()
    with dead(tmp_path / "x") as ours:
        assert ours


def test_who_is_about_to_lock_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{UNREADY}x").touch()
    with dead(tmp_path / f"{UNREADY}x") as ours:
        assert not ours
    assert (tmp_path / f"{UNREADY}x").exists()
