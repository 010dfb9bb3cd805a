"""What is done once an outcome is written."""

from __future__ import annotations

from tasks.worker.afterwards import Afterwards


def test_it_is_done_once_in_order_and_not_before() -> None:
    done: list[int] = []
    afterwards = Afterwards()
    afterwards.add(lambda: done.append(1))
    afterwards.add(lambda: done.append(2))
    assert done == []
    afterwards.run()
    afterwards.run()
    assert done == [1, 2]
