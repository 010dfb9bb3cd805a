"""Pieces of one piece of work, done by several threads: worth it where most of the time is spent in code that holds no
lock of Python's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock, Thread
from typing import Final, Generic, TypeVar

#: A table of more columns is wide: what each of them costs is most of what is done with it.
WIDE_COLUMNS: Final = 1000
#: How many threads take what is to be done with wide tables: of each column a part is done in Python, whose lock more
#: threads would wait for.
FEW: Final = 2

Piece = TypeVar("Piece")
Found = TypeVar("Found")


def each(work: Callable[[Piece], Found], pieces: Iterable[Piece], *, threads: int) -> list[Found]:
    """What `work` makes of each piece, in order. The calling thread is one of the threads.

    Raises the first error; then, and when the calling thread is interrupted, no further piece is begun, and none is in
    work any more.
    """
    turns = _Turns(work, pieces)
    others = [Thread(target=turns.take, daemon=True) for _ in range(threads - 1)]
    try:
        for thread in others:
            thread.start()
        turns.run()
    finally:
        turns.stopped = True
        for thread in others:
            if thread.ident is not None:
                thread.join()
    if turns.failed:
        raise turns.failed[0]
    return [turns.found[place] for place in range(len(turns.found))]


class _Turns(Generic[Piece, Found]):
    """The pieces, of which each is taken once."""

    def __init__(self, work: Callable[[Piece], Found], pieces: Iterable[Piece]) -> None:
        self._work = work
        self._left: Iterator[tuple[int, Piece]] = enumerate(pieces)
        self._lock = Lock()
        self.found: dict[int, Found] = {}
        self.failed: list[BaseException] = []
        self.stopped = False

    def run(self) -> None:
        """Take pieces until there is none."""
        while not self.stopped:
            with self._lock:
                taken = next(self._left, None)
            if taken is None:
                return
            self.found[taken[0]] = self._work(taken[1])

    def take(self) -> None:
        """The same in a thread of its own: an error ends all."""
        try:
            self.run()
        except BaseException as error:
            self.failed.append(error)
            self.stopped = True
