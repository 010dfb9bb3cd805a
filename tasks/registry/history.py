"""What happened to a model, and who wanted it: facts that are only ever added, each together with what it tells of."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import redis

from tasks.ledger.groups import Claim
from tasks.redis_keys import HISTORY_KEY

#: `data`: a snapshot was stored; `version`: a version was added; `promoted`: one was made current later; `noted`:
#: notes or tags were changed; `retention`: one was removed as it was past its retention; the others: somebody deleted a
#: version, the data, or the model.
What = Literal[
    "data",
    "version",
    "promoted",
    "noted",
    "alias set",
    "alias removed",
    "retention",
    "version deleted",
    "data deleted",
    "model deleted",
]

#: Who is named where no account asked.
DIRECT: Final = "a direct call"
COMMAND_LINE: Final = "the command line"
RETENTION: Final = "retention"
#: In how many of the newest facts it is looked for who removed a version.
LOOKED_AT: Final = 1000


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened."""

    #: Seconds since the epoch, by the clock of Redis; 0 until it is written.
    at: float = 0.0
    what: What
    #: The account that asked for it, or what else did.
    who: str
    why: str = ""
    version: int | None = None
    #: Whether a version that was added became current with it.
    promoted: bool = False
    alias: str = ""
    #: The task that did it.
    task: str = ""


_read = msgspec.json.Decoder(Fact).decode
_encode = msgspec.json.Encoder().encode


def fact(what: What, *, who: str, why: str = "", promoted: bool = False, alias: str = "", task: str = "") -> bytes:
    """What a script of the registry notes; it adds the time and the version's number."""
    return _encode(Fact(what=what, who=who, why=why, promoted=promoted, alias=alias, task=task))


def who_asked(claim: Claim | None) -> str:
    """Whose work it is."""
    return claim.heads[0].owner if claim else DIRECT


def task_of(claim: Claim | None) -> str:
    """The id of the task whose work it is; empty for a direct call."""
    return f"{claim.group}-0" if claim else ""


def history(client: redis.Redis, model: str, *, limit: int, before: int | None = None) -> tuple[list[Fact], int | None]:
    """(facts, the newest first; what to give as `before` for those that came earlier, None if there are none)."""
    key = HISTORY_KEY.format(model=model)
    size: Any = client.llen(key)
    end = size if before is None else min(before, size)
    start = max(0, end - limit)
    records: Any = client.lrange(key, start, end - 1) if end > 0 else []
    return [_read(record) for record in reversed(records)], start or None


def last_fact(client: redis.Redis, model: str) -> Fact | None:
    """The newest fact, if there is any."""
    record: Any = client.lindex(HISTORY_KEY.format(model=model), -1)
    return _read(record) if record is not None else None


def removal_of(client: redis.Redis, model: str, version: int) -> Fact | None:
    """The fact that a version was deleted, or was past its retention, if it is among the newest `LOOKED_AT`."""
    facts, _ = history(client, model, limit=LOOKED_AT)
    return next((one for one in facts if one.version == version and one.what in ("version deleted", "retention")), None)
