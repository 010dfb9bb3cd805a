"""`mlservice dead`: work that was given up."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from gateway.web.representations import letter_document
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from tasks.ledger.dead_letters import DeadLetter, DeadLetters
from tasks.ledger.store import Ledger
from tasks.storage.stores import blobs_of

#: How many letters are read together.
PAGE: Final = 200


def show_all(args: argparse.Namespace) -> int:
    """Print every dead letter, one a line: id, when it was given up, kind, model, owner, error."""
    with _letters(args) as letters:
        found = _all(letters)
        if args.json:
            _print([letter_document(letter) for letter in found])
            return 0
        for letter in found:
            document = letter_document(letter)
            named = (document[name] for name in ("id", "finished_at", "kind", "model", "owner"))
            print(*named, letter.error.type, letter.error.detail, sep="\t")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print one letter, and write its body to a file if asked. Raises UnknownTask, FileExistsError."""
    with _letters(args) as letters:
        document = letter_document(letters.show(args.id))
        if args.body is not None:
            body = letters.body(args.id)
            # Bodies are the owner's data: for nobody else on this machine.
            with open(os.open(args.body, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
                file.write(body)
    if args.json:
        _print(document)
        return 0
    error = msgspec.to_builtins(document.pop("error"))
    document |= {f"error {name}": value for name, value in error.items() if value is not None}
    for name, value in document.items():
        if name != "links":
            print(name, "-" if value is None else value, sep="\t")
    return 0


def replay(args: argparse.Namespace) -> int:
    """Accept each anew and print the new ids. Raises UnknownTask at the first that is no letter."""
    with _letters(args) as letters:
        for letter in args.id:
            again = letters.replay(letter)
            # At once: what was replayed must be known, also if the next one fails.
            print(msgspec.json.encode({"id": letter, "task": again}).decode() if args.json else again, flush=True)
    return 0


def drop(args: argparse.Namespace) -> int:
    """Remove each. Raises UnknownTask at the first that is no letter."""
    with _letters(args) as letters:
        for letter in args.id:
            letters.drop(letter)
            if args.json:
                _print({"id": letter})
    return 0


@contextmanager
def _letters(args: argparse.Namespace) -> Iterator[DeadLetters]:
    settings = settings_of(Home(args.home), os.environ)
    with redis_of(settings) as client:
        ledger = Ledger(client, blobs_of(settings, client), settings=settings)
        yield DeadLetters(client, ledger, settings=settings)


def _all(letters: DeadLetters) -> list[DeadLetter]:
    found, after = letters.list(limit=PAGE)
    while after is not None:
        more, after = letters.list(limit=PAGE, after=after)
        found += more
    return found


def _print(document: object) -> None:
    print(msgspec.json.encode(document).decode())
