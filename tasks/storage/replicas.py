"""That replicas of Redis have what was written: a failover keeps that, and may lose the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from redis.commands.core import Script

from tasks.config.settings import Settings
from tasks.errors import Unavailable

#: What the answer of a primary that has too few replicas begins with: another may be the primary by now.
LONELY: Final = "NOREPLICAS"
#: What is said where they did not confirm in time. What was written may have been done, or may be lost.
UNCONFIRMED: Final = (
    "the work was written, but no replica of Redis confirmed it in time, so that it may be done, or be lost; send it"
    " again in a moment, under an Idempotency-Key if it must not be done twice"
)


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """How many replicas must confirm a write before it counts, and how long that is waited for.

    Redis confirms what the connection that asks has seen written; another connection may be one to another primary.
    """

    count: int
    seconds: float

    @property
    def command(self) -> tuple[str | int, ...]:
        """What is sent behind the writes, on the same connection."""
        return ("WAIT", self.count, round(self.seconds * 1000))

    def check(self, confirmed: int) -> None:
        """Raise Unavailable if these are too few."""
        if confirmed < self.count:
            raise Unavailable(UNCONFIRMED)


def replicas_of(settings: Settings) -> Replicas | None:
    """Those that these settings ask for; None: a write counts when the primary has it."""
    if not settings.redis_replicas:
        return None
    return Replicas(count=settings.redis_replicas, seconds=settings.redis_replica_seconds)


def confirmed(script: Script, replicas: Replicas | None) -> Callable[..., Any]:
    """The script, called with `keys` and `args`, as what these replicas must have; it raises Unavailable as well."""
    if replicas is None:
        return script

    def run(*, keys: list[str], args: list[Any]) -> Any:
        # Anything else may use another connection for each.
        with script.registered_client.pipeline(transaction=False) as pipe:
            script(keys=keys, args=args, client=pipe)
            pipe.execute_command(*replicas.command)
            reply, there = pipe.execute()
        replicas.check(there)
        return reply

    return run
