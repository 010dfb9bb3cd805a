"""Groups as the script that accepts them makes them, for tests of the others."""

from __future__ import annotations

from typing import Any, Final

from tasks.contract import Kind, Lane
from tasks.ledger.work_counts import accepted_offsets
from tests.lua import Lua, packed

ACCEPT: Final = "tasks/ledger/lua/accept.lua"
#: The keys of accepted work; nothing else is beside them.
GROUP: Final = "group"
ACCEPT_KEYS: Final = (GROUP, "pending", "queue", "depth", "unfinished", "deadlines", "", "counts", "", "list", "other")

#: Which of them is the idempotency key.
ONCE_KEY: Final = 6


def accept_args(
    *,
    items: int = 1,
    owners: tuple[Any, ...] = ("ada", 1),
    deadline: object = "",
    once: tuple[str, int] = ("", 0),
    limits: tuple[Any, ...] = (),
    assignee: str = "assignee",
    record: tuple[Any, ...] = (),
) -> list[Any]:
    """The arguments with which the group `g` is accepted."""
    known = {"kind": "estimate", "lane": "normal", "reply": "p", "bodies": "b", "models": "m"}
    known |= dict(zip(record[::2], record[1::2], strict=True))
    # They are the last.
    known["models"] = known.pop("models")
    return [
        *("g", "message", "estimate:normal", items, packed(*owners), "id", deadline, *once),
        *(packed(*limits) if limits else "", *accepted_offsets((Kind.ESTIMATE, Lane.NORMAL), items)),
        *("resting", "leases", "model:", "estimate:high", "estimate:low", assignee),
        *(part for pair in known.items() for part in pair),
    ]


def accept(lua: Lua, *, once_key: str = "", **args: Any) -> Any:
    """Accept the group `g`, of an item of ada's unless `args` say otherwise."""
    keys = list(ACCEPT_KEYS)
    keys[ONCE_KEY] = once_key
    return lua.run(ACCEPT, keys=keys, args=accept_args(**args))


def claim(lua: Lua, *, holder: str = "h", seconds: int = 60) -> Any:
    """Claim it."""
    keys = [GROUP, "leases", "counts"]
    return lua.run("tasks/ledger/lua/claim.lua", keys=keys, args=claim_args("g", seconds=seconds, holder=holder))


def claim_args(group: str, *, seconds: int = 60, holder: str = "h", share: int = 0, prefix: str = "") -> list[Any]:
    """The arguments with which a group is claimed; `share`: how many of an owner's may be in work."""
    return [
        group,
        "model:",
        seconds,
        holder,
        prefix,
        "turns:",
        "running:",
        " init train ",
        share,
        "resting",
        "queue",
        "queue9",
    ]
