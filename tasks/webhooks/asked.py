"""What somebody asks a webhook to be: the fields of a request, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE, Kind
from tasks.errors import InvalidField
from tasks.formatting import meant
from tasks.webhooks.addresses import read_url
from tasks.webhooks.happenings import Event, read_event
from tasks.webhooks.records import KINDS, Webhook
from tasks.webhooks.signing import check_secret

#: What may be said of a webhook, when it is made and later.
NEW: Final = ("url", "events", "kinds", "models", "description", "secret")
LATER: Final = ("url", "events", "kinds", "models", "description", "enabled")
#: Longest description (characters), and most models that are named.
DESCRIPTION_LENGTH: Final = 500
MODELS: Final = 100


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was said; None where nothing was."""

    url: str | None = None
    events: tuple[Event, ...] | None = None
    kinds: tuple[Kind, ...] | None = None
    models: tuple[str, ...] | None = None
    description: str | None = None
    secret: str | None = None
    enabled: bool | None = None

    def changed(self, webhook: Webhook) -> Webhook:
        """The webhook with what was said."""
        said = {name: getattr(self, name) for name in LATER if getattr(self, name) is not None}
        if self.enabled is not None:
            said["ended_because"] = ""
        return msgspec.structs.replace(webhook, **said)


def read_asked(body: Any, *, known: Sequence[str]) -> Asked:
    """What a JSON object says. Raises InvalidField, which names the field. What the URL leads to is not looked at."""
    if not isinstance(body, Mapping):
        raise InvalidField('the body must be a JSON object, such as {"url": "https://example.com/hooks"}').at("")
    for name in body:
        if name not in known:
            raise InvalidField(f"there is no field {str(name)[:80]!r}: {meant(name, known)}").at(f"/{str(name)[:80]}")
    if known is NEW and "url" not in body:
        raise InvalidField("url is missing: where is the webhook to be sent?").at("/url")
    readers: dict[str, Callable[[Any], Any]] = {
        "url": _url,
        "events": _events,
        "kinds": _kinds,
        "models": _models,
        "description": _description,
        "secret": check_secret,
        "enabled": _enabled,
    }
    return Asked(**{name: readers[name](body[name]) for name in body})


def _url(value: Any) -> str:
    read_url(value)
    return str(value)


def _events(value: Any) -> tuple[Event, ...]:
    given = _list("events", value, of="names of events")
    return tuple(dict.fromkeys(read_event(name, pointer=f"/events/{at}") for at, name in enumerate(given)))


def _kinds(value: Any) -> tuple[Kind, ...]:
    given = _list("kinds", value, of="kinds of work")
    for at, kind in enumerate(given):
        if kind not in [one.value for one in Kind]:
            raise InvalidField(f"kinds are {', '.join(Kind)}, not {str(kind)[:40]!r}").at(f"/kinds/{at}")
    return tuple(dict.fromkeys(map(Kind, given))) or KINDS


def _models(value: Any) -> tuple[str, ...]:
    given = _list("models", value, of="names of models")
    if len(given) > MODELS:
        raise InvalidField(f"models may name at most {MODELS}; leave it out for all").at("/models")
    for at, model in enumerate(given):
        if not isinstance(model, str) or MODEL_NAME.fullmatch(model) is None:
            raise InvalidField(f"no model is called {str(model)[:80]!r}: {MODEL_NAME_RULE}").at(f"/models/{at}")
    return tuple(dict.fromkeys(given))


def _description(value: Any) -> str:
    if not isinstance(value, str) or len(value) > DESCRIPTION_LENGTH:
        raise InvalidField(f"description must be a text of at most {DESCRIPTION_LENGTH} characters").at("/description")
    return value


def _enabled(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidField("enabled must be true or false").at("/enabled")
    return value


def _list(name: str, value: Any, *, of: str) -> Collection[Any]:
    if not isinstance(value, list):
        raise InvalidField(f"{name} must be a list of {of}").at(f"/{name}")
    return value
