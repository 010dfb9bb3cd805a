"""What people say of a model or a version: notes, and tags by which it is found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField

#: Most characters of notes, and of the value of a tag.
LONGEST_NOTES: Final = 10_000
LONGEST_VALUE: Final = 200
#: Most characters of why something is done.
LONGEST_REASON: Final = 1000
#: Most tags of one model or version.
MOST_TAGS: Final = 50
#: What a tag may be called.
TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
TAG_RULE: Final = "1 to 64 of A-Z, a-z, 0-9, _, . and -, of which the first is a letter or a digit"
#: Where the notes on the model itself lie, among those on its versions by their numbers.
MODEL: Final = "model"
#: What is no text: control characters but tab and line breaks.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


#: The name of a tag and its value, which may be empty: any.
Tag = tuple[str, str]


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one thing."""

    notes: str = ""
    #: Values by name.
    tags: dict[str, str] = {}


NOTHING: Final = Notes()
_read = msgspec.json.Decoder(Notes).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def written(notes: Notes) -> bytes:
    """The record of notes; empty for none."""
    return _encode(notes) if notes != NOTHING else b""


def read_notes(record: bytes | None) -> Notes:
    """What Redis has; nothing where it has nothing."""
    return _read(record) if record else NOTHING


def merged(old: Notes, given: Any) -> Notes:
    """The old notes as a JSON merge patch (RFC 7396) would have them: null takes away. Raises InvalidField."""
    if not isinstance(given, dict):
        raise InvalidField('the body must be an object, as {"notes": "...", "tags": {"stage": "trial"}}').at("")
    for name in given.keys() - {"notes", "tags"}:
        raise InvalidField(f"there is no field {name[:80]!r}; notes and tags can be changed").at(f"/{name[:80]}")
    return Notes(
        notes=_notes(given["notes"]) if "notes" in given else old.notes,
        tags=_tags(old.tags, given["tags"]) if "tags" in given else old.tags,
    )


def changes(old: Notes, new: Notes) -> list[str]:
    """The names of what is different."""
    tags = sorted(name for name in old.tags.keys() | new.tags.keys() if old.tags.get(name) != new.tags.get(name))
    return [*(["notes"] if old.notes != new.notes else []), *(f"tags.{name}" for name in tags)]


def reason(given: Any) -> str:
    """Why somebody wants something, out of a body that may say it; empty if it does not. Raises InvalidField."""
    if not isinstance(given, dict) or given.keys() - {"reason"}:
        raise InvalidField('the body must be {"reason": "..."}, or none').at("")
    return check_reason(given.get("reason", ""))


def check_reason(given: Any) -> str:
    """The reason that history is to tell. Raises InvalidField."""
    return _checked("reason", given, LONGEST_REASON, "/reason")


def tag_of(text: str) -> Tag:
    """The tag that a filter names, as NAME or NAME:VALUE. Raises InvalidField."""
    name, _, value = text.partition(":")
    _check_tag(name, "?tag")
    return name, _checked("a tag's value", value, LONGEST_VALUE, "?tag")


def tagged(notes: Notes, tag: Tag) -> bool:
    """Whether it has the tag of a filter."""
    name, value = tag
    return name in notes.tags and value in ("", notes.tags[name])


def _notes(given: Any) -> str:
    return "" if given is None else _checked("notes", given, LONGEST_NOTES, "/notes")


def _tags(old: Mapping[str, str], given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidField('tags must be an object of texts by name, as {"stage": "trial"}').at("/tags")
    tags = dict(old)
    for name, value in given.items():
        _check_tag(name, "/tags")
        if value is None:
            tags.pop(name, None)
        else:
            tags[name] = _checked(f"the tag {name}", value, LONGEST_VALUE, f"/tags/{name}")
    if len(tags) > MOST_TAGS:
        raise InvalidField(f"there may be {MOST_TAGS} tags, not {len(tags)}: take some away with null").at("/tags")
    return tags


def _check_tag(name: str, pointer: str) -> None:
    if TAG.fullmatch(name) is None:
        raise InvalidField(f"no tag can be called {name[:80]!r}: use {TAG_RULE}").at(pointer)


def _checked(what: str, text: Any, longest: int, pointer: str) -> str:
    if not isinstance(text, str):
        raise InvalidField(f"{what} must be a text").at(pointer)
    if len(text) > longest:
        raise InvalidField(f"{what} may have {longest:,} characters, not {len(text):,}").at(pointer)
    if found := _CONTROL.search(text):
        raise InvalidField(f"{what} must not have the character {found.group()!r}").at(pointer)
    return text
