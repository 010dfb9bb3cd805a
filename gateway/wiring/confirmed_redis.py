"""A connection whose scripts count when replicas have what they wrote."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from redis import exceptions

from gateway.wiring.async_redis import AsyncRedis, by_hash, by_text
from tasks.storage.replicas import Replicas


@dataclass(slots=True)
class _Run:
    """A script that is to run, and who waits for its reply."""

    script: str
    keys: list[str]
    args: list[Any]
    reply: asyncio.Future[Any]
    is_known: bool = True

    @property
    def command(self) -> tuple[Any, ...]:
        return (by_hash if self.is_known else by_text)(self.script, self.keys, self.args)


class ConfirmedRedis(AsyncRedis):
    """Scripts that wait run together, and one confirmation behind them is that of all.

    Redis does nothing else on a connection that waits for replicas: what comes meanwhile is held here, so that it does
    not wait for one confirmation after the other.
    """

    def __init__(self, *args: Any, replicas: Replicas, **options: Any) -> None:
        super().__init__(*args, **options)
        self._replicas = replicas
        self._runs: list[_Run] = []
        self._turns: asyncio.Task[None] | None = None

    async def run(self, script: str, *, keys: list[str], args: list[Any]) -> Any:
        """As the base class. Raises Unavailable if too few replicas confirm in time."""
        reply = asyncio.get_running_loop().create_future()
        self._runs.append(_Run(script, keys, args, reply))
        if self._turns is None:
            self._turns = asyncio.get_running_loop().create_task(self._take_turns())
        return await reply

    async def _take_turns(self) -> None:
        while self._runs:
            # Who was told already, of a script that Redis did not know, is not to have it run after all.
            runs, self._runs = [run for run in self._runs if not run.reply.done()], []
            if not runs:
                continue
            try:
                await self._turn(runs)
            except Exception as error:
                for run in runs:
                    _tell(run, error)
        self._turns = None

    async def _turn(self, runs: list[_Run]) -> None:
        *replies, confirmed = await self.together([*(run.command for run in runs), self._replicas.command])
        for run, reply in zip(runs, replies, strict=True):
            if isinstance(reply, exceptions.NoScriptError):
                run.is_known = False
                self._runs.append(run)
            elif isinstance(reply, Exception):
                _tell(run, reply)
        if isinstance(confirmed, Exception):
            raise confirmed
        self._replicas.check(confirmed)
        for run, reply in zip(runs, replies, strict=True):
            if not isinstance(reply, Exception) and not run.reply.done():
                run.reply.set_result(reply)


def _tell(run: _Run, error: Exception) -> None:
    if not run.reply.done():
        run.reply.set_exception(error)
