"""What may be said with a model that is brought in, as the query of its work."""

from __future__ import annotations

from typing import Required, TypedDict, Unpack

from tasks.contract import IMPORT, Promote


class Said(TypedDict, total=False):
    """What may be said with a model."""

    #: What it is called where it comes from.
    source: Required[str]
    #: What it predicts, if it does not say so.
    target: str
    #: Whether it becomes the current version: always or never; always if nothing is said.
    promote: Promote | str
    #: Lets a model in use get another target, problem or other columns.
    replace: bool


def import_query(**said: Unpack[Said]) -> dict[str, str]:
    """The query."""
    return {
        IMPORT: said["source"],
        "promote": Promote(said.get("promote", Promote.ALWAYS)).value,
        **({"target": said["target"]} if said.get("target") else {}),
        **({"replace": "true"} if said.get("replace") else {}),
    }
