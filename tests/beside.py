"""What goes on in a thread while something else is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """`work` goes on inside, until the event that it is given is set. What it raises is raised at the end."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work, over)
        try:
            yield
        finally:
            over.set()
    running.result()
