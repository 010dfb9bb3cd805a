"""What Flower, and whoever else hears of a task, is told: what the task is about, never data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any, Final

from tasks.contract import MODEL_NAME, PRIORITY, Lane
from tasks.errors import by_name, repeats

#: Most models that are named of a group.
MODELS: Final = 5
#: What is told of the result of a direct call, where it is there.
TOLD: Final = ("model", "version", "rows", "seconds")


def of_group(group: str, lane: Lane, *, models: Iterable[str], items: int) -> str:
    """What is told of a group of accepted work."""
    named = list(dict.fromkeys(models))
    about: dict[str, Any] = {"model": named[0]} if len(named) == 1 else {"models": _some(named)}
    about |= {"items": items, "lane": lane.value}
    about |= {"handle": f"{group}-0"} if items == 1 else {"handles": f"{group}-0..{group}-{items - 1}"}
    return repr(about)


def of_call(task_id: str, *, priority: Any, kwargs: Any) -> str:
    """What is told of a direct call with this Celery priority; whatever a stranger has sent."""
    given: Mapping[str, Any] = kwargs if isinstance(kwargs, dict) else {}
    model, rows = given.get("model"), _rows(given)
    about: dict[str, Any] = {}
    if isinstance(model, str) and MODEL_NAME.fullmatch(model):
        about["model"] = model
    if rows is not None:
        about["rows"] = rows
    return repr({**about, "lane": _lane(priority).value, "handle": task_id})


def of_error(told: str) -> str:
    """What is told of an error, of which Celery would tell this, as `Name('words')`: without the words of one that may
    repeat what was sent."""
    name = told.partition("(")[0]
    return f"{name}()" if repeats(by_name(name)) else told


class Result:
    """The result of a direct call: JSON for who asked for it; in the eyes of others only what it is about."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __json__(self) -> Any:
        """Called by kombu, which writes it."""
        return self._value

    def __repr__(self) -> str:
        """Shown by Flower, and in the log."""
        value: Mapping[str, Any] = self._value if isinstance(self._value, dict) else {}
        about = {name: value[name] for name in TOLD if isinstance(value.get(name), (str, int, float))}
        predictions = value.get("predictions")
        return repr({**about, "rows": len(predictions)} if isinstance(predictions, list) else about)


def _some(models: list[str]) -> str:
    more = f" and {len(models) - MODELS} more" if len(models) > MODELS else ""
    return ", ".join(models[:MODELS]) + more


def _rows(given: Mapping[str, Any]) -> int | None:
    rows, columns = given.get("rows"), given.get("columns")
    if isinstance(rows, Sized):
        return len(rows)
    if isinstance(columns, dict):
        return max((len(column) for column in columns.values() if isinstance(column, Sized)), default=0)
    return None


def _lane(priority: Any) -> Lane:
    """The lane in which kombu put a message of this priority; 9, which bare clients may use, comes after `low`."""
    number = priority if isinstance(priority, int) else 0
    return next((lane for lane in reversed(Lane) if number >= PRIORITY[lane]), Lane.HIGH)
