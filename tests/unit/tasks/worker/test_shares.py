"""Which queues a worker asks Redis for, by what it has."""

from __future__ import annotations

from types import SimpleNamespace

from tasks.worker.shares import Shares


def made(taken: list[str]) -> Shares:
    """Of two trains and two inits, with these tasks taken."""
    shares = Shares({"init": 2, "train": 2}, taken=lambda: [SimpleNamespace(name=f"tasks.{kind}") for kind in taken])
    shares.update(["init", "train", "other"])
    return shares


def test_what_has_room_is_asked_for() -> None:
    assert made([]).consume(3) == ["init", "train", "other"]
    assert made(["train", "init"]).consume(3) == ["init", "train", "other"]


def test_what_has_none_is_left_out() -> None:
    assert made(["train", "train"]).consume(3) == ["init", "other"]
    assert made(["init", "train", "init"]).consume(3) == ["train", "other"]


def test_a_worker_is_late_when_what_was_left_out_has_room() -> None:
    taken = ["train", "train"]
    shares = made(taken)
    assert not shares.late(), "nothing was asked"
    shares.consume(3)
    assert not shares.late()
    taken.pop()
    assert shares.late()
    shares.consume(3)
    assert not shares.late(), "now all is asked for"
