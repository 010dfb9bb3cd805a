"""`mlservice webhooks`: who is told what happens, and what became of it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import redis

from gateway.identity.accounts import Accounts
from gateway.web.webhook_documents import delivery_document, webhook_document
from gateway.wiring.ringing import ring
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from infra.supervision.programs import DELIVERER_SOCKET
from tasks.config.settings import Settings
from tasks.errors import InvalidField, NotFound, Unavailable
from tasks.webhooks.addresses import Allowed, read_url, refusal, resolve
from tasks.webhooks.asked import NEW, read_asked
from tasks.webhooks.journal import Journal
from tasks.webhooks.records import KINDS, Delivery, Progress, Webhook, new_id
from tasks.webhooks.signing import Secret, new_secret
from tasks.webhooks.store import Webhooks

#: How many deliveries are read together.
PAGE: Final = 200


class Hooks:
    """Webhooks and their messages in one Redis."""

    def __init__(self, client: redis.Redis, settings: Settings, home: Home) -> None:
        self.accounts = Accounts(client)
        self.allowed = Allowed(settings.webhook_allowed)
        self.webhooks = Webhooks(client, settings)
        self.journal = Journal(client)
        self._root = settings.root_path
        self._home = home

    def document(self, webhook: Webhook) -> dict[str, Any]:
        """What is shown of one."""
        waiting = self.journal.waiting(webhook.id)
        return webhook_document(webhook, root=self._root, waiting=waiting, now=self.webhooks.now())

    def deliveries(self, webhook: str, progress: Progress | None) -> list[Delivery]:
        """All that are so far."""
        found, after = self.journal.page(webhook, limit=PAGE, progress=progress)
        while after is not None:
            more, after = self.journal.page(webhook, limit=PAGE, after=after, progress=progress)
            found += more
        return found

    def ring(self) -> None:
        """Have the deliverer begun where the service of this home starts it."""
        try:
            ring(str(Path(self._home.service().sockets) / DELIVERER_SOCKET))
        except Unavailable:
            # It runs elsewhere, and by itself.
            return


def show_all(args: argparse.Namespace) -> int:
    """Print every webhook, one a line: id, account, whether it is enabled, how much waits, URL, events."""
    with _hooks(args) as hooks:
        found = [hooks.document(webhook) for webhook in hooks.webhooks.all()]
    if args.json:
        _print(found)
        return 0
    for one in found:
        state = "enabled" if one["enabled"] else "ended" if one["ended_because"] else "disabled"
        print(one["id"], one["owner"], state, one["waiting"], one["url"], ",".join(one["events"]) or "-", sep="\t")
    return 0


def add(args: argparse.Namespace) -> int:
    """Add one, and print its id and its secret. Raises InvalidField, NotFound, Conflict."""
    said = {"url": args.url, "events": args.event, "kinds": args.kind, "models": args.model}
    asked = read_asked({**said, "description": args.description}, known=NEW)
    secret = new_secret()
    with _hooks(args) as hooks:
        account = hooks.accounts.get(args.account)
        if account is None:
            raise NotFound(f"there is no account {args.account!r}; `mlservice user list` lists them")
        _check_url(hooks, args.url)
        made = Webhook(
            id=new_id(),
            url=args.url,
            owner=account.name,
            account=account.id,
            since=account.owns_since,
            scopes=tuple(sorted(account.scopes)),
            events=asked.events or (),
            kinds=asked.kinds or KINDS,
            models=asked.models or (),
            description=asked.description or "",
            secrets=(Secret(secret),),
            created_at=hooks.webhooks.now(),
        )
        hooks.webhooks.add(made)
        hooks.ring()
    print(made.id, secret, sep="\t")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print one. Raises NotFound."""
    with _hooks(args) as hooks:
        document = hooks.document(hooks.webhooks.get(args.id))
    if args.json:
        _print(document)
        return 0
    for name, value in document.items():
        if name != "links":
            print(
                name, ",".join(value) if isinstance(value, list | tuple) else "-" if value is None else value, sep="\t"
            )
    return 0


def rotate(args: argparse.Namespace) -> int:
    """Sign with a new secret, and print it. Raises NotFound, Conflict."""
    secret = new_secret()
    with _hooks(args) as hooks:
        hooks.webhooks.rotate(args.id, secret, at_once=args.at_once)
    print(secret)
    return 0


def ping(args: argparse.Namespace) -> int:
    """Have a message sent that says nothing, and print its id. Raises NotFound."""
    with _hooks(args) as hooks:
        hooks.webhooks.get(args.id)
        print(hooks.journal.ping(args.id).id)
        hooks.ring()
    return 0


def enable(args: argparse.Namespace) -> int:
    """Have one go on. Raises NotFound, Conflict."""
    return _set(args, enabled=True)


def disable(args: argparse.Namespace) -> int:
    """Have one wait. Raises NotFound, Conflict."""
    return _set(args, enabled=False)


def remove(args: argparse.Namespace) -> int:
    """Remove one. Raises NotFound, Conflict."""
    with _hooks(args) as hooks:
        hooks.webhooks.remove(args.id)
    return 0


def deliveries(args: argparse.Namespace) -> int:
    """Print its messages, one a line: id, when it was made, type, state, tries, the last status and error."""
    with _hooks(args) as hooks:
        hooks.webhooks.get(args.id)
        found = hooks.deliveries(args.id, Progress(args.state) if args.state else None)
    documents = [delivery_document(args.id, one, root="") for one in found]
    if args.json:
        _print(documents)
        return 0
    for one in documents:
        last = one["attempts"][-1] if one["attempts"] else {"status": None, "error": None}
        tried = len(one["attempts"]), last["status"] or "-", last["error"] or "-"
        print(one["id"], one["created_at"], one["type"], one["state"], *tried, sep="\t")
    return 0


def replay(args: argparse.Namespace) -> int:
    """Send messages again, and print their ids. Raises NotFound, Conflict."""
    with _hooks(args) as hooks:
        hooks.webhooks.get(args.id)
        for message in args.message or [one.id for one in hooks.deliveries(args.id, Progress.FAILED)]:
            # At once: what was replayed must be known, also if the next one fails.
            print(hooks.journal.replay(args.id, message).id, flush=True)
        hooks.ring()
    return 0


def _set(args: argparse.Namespace, *, enabled: bool) -> int:
    with _hooks(args) as hooks:
        hooks.webhooks.change(args.id, lambda old: msgspec.structs.replace(old, enabled=enabled, ended_because=""))
        hooks.ring()
    return 0


def _check_url(hooks: Hooks, url: str) -> None:
    target = read_url(url)
    try:
        found = resolve(target)
    except (OSError, UnicodeError) as error:
        raise InvalidField(f"url names a host that cannot be resolved: {error}").at("/url") from None
    if not hooks.allowed.fit(found, target):
        raise InvalidField(f"url {refusal(target, found)}").at("/url")


@contextmanager
def _hooks(args: argparse.Namespace) -> Iterator[Hooks]:
    home = Home(args.home)
    settings = settings_of(home, os.environ)
    with redis_of(settings) as client:
        yield Hooks(client, settings, home)


def _print(document: object) -> None:
    print(msgspec.json.encode(document).decode())
