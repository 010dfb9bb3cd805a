"""What a webhook may hear of, and where that is noted."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from tasks.contract import Kind, State
from tasks.errors import InvalidField
from tasks.redis_keys import HEARD_KEY, HEARD_OF_DEAD, HEARD_OF_MODELS


class Event(StrEnum):
    """The types of events."""

    #: A task of the webhook's account has ended.
    TASK_SUCCEEDED = "task.succeeded"
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"
    TASK_EXPIRED = "task.expired"
    #: A model has a new version, by a train or an import.
    VERSION_CREATED = "version.created"
    #: Another version of a model answers from now on.
    VERSION_PROMOTED = "version.promoted"
    #: Work of any account was given up, and is kept for inspection and replay; for administrators.
    DEAD_LETTER_CREATED = "dead_letter.created"


#: Sent to a webhook alone, when somebody asks for it.
PING: Final = "webhook.ping"
#: The event of a task that ended in a state.
ENDINGS: Final = {
    State.SUCCEEDED: Event.TASK_SUCCEEDED,
    State.FAILED: Event.TASK_FAILED,
    State.CANCELLED: Event.TASK_CANCELLED,
    State.EXPIRED: Event.TASK_EXPIRED,
}
OF_TASKS: Final = frozenset(ENDINGS.values())
OF_MODELS: Final = frozenset({Event.VERSION_CREATED, Event.VERSION_PROMOTED})
#: Where it is kept who hears of what.
ALL_HEARD: Final = tuple(HEARD_KEY.format(what=what) for what in (*Kind, HEARD_OF_MODELS, HEARD_OF_DEAD))


def heard_keys(events: Iterable[Event], kinds: Iterable[Kind]) -> list[str]:
    """Where it is noted that somebody hears of these events, of tasks of these kinds."""
    events = frozenset(events)
    places = [kind.value for kind in kinds] if events & OF_TASKS else []
    places += [HEARD_OF_MODELS] * bool(events & OF_MODELS) + [HEARD_OF_DEAD] * (Event.DEAD_LETTER_CREATED in events)
    return [HEARD_KEY.format(what=what) for what in places]


def read_event(name: object, *, pointer: str) -> Event:
    """The event of this name. Raises InvalidField, which says what may be meant."""
    try:
        return Event(str(name))
    except ValueError:
        known = [event.value for event in Event]
        near = get_close_matches(str(name)[:80], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise InvalidField(f"there is no event {str(name)[:80]!r}: {hint}").at(pointer) from None
