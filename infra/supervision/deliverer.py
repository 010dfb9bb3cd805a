"""The process that delivers webhooks, and what it asks of accounts."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from redis.asyncio import Redis

from gateway.identity.account import Account
from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.scopes import VIEWING, allows, meet
from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.storage.connection import connect
from tasks.telemetry import logs
from tasks.webhooks.addresses import Allowed
from tasks.webhooks.deliverer import LEAD_SECONDS, Deliverer
from tasks.webhooks.happenings import OF_MODELS, Event
from tasks.webhooks.outbox import Outbox
from tasks.webhooks.records import Webhook
from tasks.webhooks.sending import Sender
from tasks.webhooks.store import MOST, Webhooks

#: What it is called in logs.
PROGRAM: Final = "deliverer"
#: How long an account is remembered (seconds).
REMEMBERED_SECONDS: Final = 2.0
#: Where who runs only while there are webhooks finds the socket on which it is rung for.
STDIN: Final = 0


class Standings:
    """What the accounts of webhooks may see now."""

    def __init__(self, accounts: Accounts, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._ticks = ticks
        self._known: dict[str, tuple[Account | None, float]] = {}

    async def over(self, webhook: Webhook) -> str:
        """Why the webhook may hear nothing any more; nothing if it may. Raises RedisError."""
        account = await self._account(webhook.owner)
        if account is None:
            # Who calls by an outside issuer's word needs no account here.
            return "" if webhook.owner.startswith(OUTSIDE) else "its account was removed"
        if account.disabled:
            return "its account is disabled"
        return "" if account.id == webhook.account else "its account was replaced by another one of its name"

    async def may(self, webhook: Webhook, event: Event, model: str) -> bool:
        """Whether its account may see this of this model. Raises RedisError."""
        if await self.over(webhook):
            return False
        account = await self._account(webhook.owner)
        scopes = frozenset(webhook.scopes) if account is None else meet(webhook.scopes, account.scopes)
        return allows(scopes, VIEWING, model=model) if event in OF_MODELS else allows(scopes, "admin")

    async def _account(self, name: str) -> Account | None:
        known = self._known.get(name)
        if known is None or self._ticks() > known[1]:
            account = await asyncio.to_thread(self._accounts.get, name)
            known = self._known[name] = account, self._ticks() + REMEMBERED_SECONDS
        return known[0]


def run(args: argparse.Namespace) -> int:
    """Deliver webhooks until SIGTERM, or, `on_demand`, until there is none."""
    settings = Settings.load()
    logs.setup(settings, PROGRAM)
    bell = _bell() if args.on_demand else None
    threads = ThreadPoolExecutor(MOST, thread_name_prefix="resolve")
    with suppress(asyncio.CancelledError):
        asyncio.run(_deliver(settings, threads, ends=(lambda: _answer(bell)) if bell else lambda: False))
    return 0


async def _deliver(settings: Settings, threads: ThreadPoolExecutor, *, ends: Callable[[], bool]) -> None:
    client = connect(settings)
    # It waits for what happens longer than others for an answer.
    patience = settings.redis_timeout_seconds + LEAD_SECONDS
    listening = Redis.from_url(settings.redis_url, socket_timeout=patience, socket_connect_timeout=patience)
    holder = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
    deliverer = Deliverer(
        Outbox(listening, settings, holder=holder),
        Sender(Allowed(settings.webhook_allowed), threads=threads),
        Webhooks(client, settings),
        standing=Standings(Accounts(client)),
        root=settings.root_path,
    )
    working = asyncio.ensure_future(deliverer.run(ends=ends))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        deliverer.stop()
        working.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await working
    finally:
        # Names that are being looked up are waited for by nobody.
        threads.shutdown(wait=False, cancel_futures=True)
        await listening.aclose()
        client.close()


def _bell() -> socket.socket:
    """The socket that is the standard input. Raises SettingsError if it is none."""
    try:
        bell = socket.socket(fileno=STDIN)
        bell.setblocking(False)
        bell.getsockname()
    except OSError as error:
        raise SettingsError(f"--on-demand wants a listening socket as standard input: {error}") from error
    return bell


def _answer(bell: socket.socket) -> bool:
    """Take note of all who have rung. True: who rings later has this begun anew."""
    while True:
        try:
            bell.accept()[0].close()
        except OSError:
            return True
