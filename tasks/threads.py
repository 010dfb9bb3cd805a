"""Work in a thread for a task of the event loop that may be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

#: How long a task that is cancelled waits for its thread (seconds): longer than Redis may take for an answer.
LEAVING_SECONDS: Final = 2.0

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As `asyncio.to_thread`; but a task that is cancelled ends when its thread has, or after a while: what the thread
    uses is closed then, and a connection that is in use would be made anew."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait((work,), timeout=LEAVING_SECONDS)
        raise
