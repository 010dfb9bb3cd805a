"""A steady mixed load: estimates in three lanes, waiting and not, over HTTP and through the client; trains; inits."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final

import redis

from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.contract import Kind, Lane
from tasks.errors import ServiceError, Unavailable
from tests.chaos import orders
from tests.chaos.account import Account, Entry
from tests.chaos.face import Face, Site, Unanswered
from tests.chaos.orders import MOVING, STEADY, Order

#: How long a submit waits for its result, where it does, and the client for its own (seconds).
WAIT_SECONDS: Final = 5.0
#: Longest wait for any answer of HTTP (seconds).
ANSWER_SECONDS: Final = 15.0
#: Pauses between two trains and between two inits (seconds).
TRAIN_SECONDS: Final = 4.0
INIT_SECONDS: Final = 6.0


def place(face: Face, account: Account, order: Order, *, wait: float | None = None) -> Entry | None:
    """Send an order and note how it was answered. Returns what was accepted, None if it was not."""
    return send(face, account, order, wait=wait)[0]


def send(face: Face, account: Account, order: Order, *, wait: float | None = None) -> tuple[Entry | None, str]:
    """The same, with how it was answered in words."""
    sent_at, era = time.time(), account.era
    try:
        answer = face.submit(order, wait=wait)
    except Unanswered as error:
        account.give_up()
        return None, f"no answer: {error}"
    if answer.handle is None:
        refusal = f"{answer.status}{' with Retry-After' if answer.retry_after else ''}"
        account.refuse(refusal)
        return None, refusal
    entry = Entry(order=order, handle=answer.handle, source="http", era=era, sent_at=sent_at, accepted_at=time.time())
    entry.answer = answer.result
    account.accept(entry)
    return entry, str(answer.status)


def place_through(client: Client, account: Account, order: Order) -> tuple[Entry, Handle] | None:
    """The same through the Python client."""
    sent_at, era = time.time(), account.era
    try:
        if order.kind is Kind.TRAIN:
            handle = client.train(order.model, params=dict(order.document["params"]), lane=order.lane)
        else:
            handle = client.estimate(order.model, rows=order.document["rows"], lane=order.lane)
    except Unavailable as error:
        if isinstance(error.__cause__, (redis.RedisError, OSError)):
            account.give_up()
        else:
            account.refuse("the client's Unavailable")
        return None
    except (redis.RedisError, OSError):
        account.give_up()
        return None
    entry = Entry(order=order, handle=handle.id, source="client", era=era, sent_at=sent_at, accepted_at=time.time())
    account.accept(entry)
    return entry, handle


class Load:
    """Runs from `start` to `stop`, each kind of caller in a thread of its own."""

    def __init__(self, site: Site, account: Account, *, rate: float, seed: int) -> None:
        """`rate`: estimates a second, over all lanes and ways together."""
        self._site = site
        self._account = account
        self._stopping = threading.Event()
        self._faces: list[Face] = []
        callers: list[tuple[Callable[[random.Random], None], float]] = [(self._train, TRAIN_SECONDS)]
        callers.append((self._init, INIT_SECONDS))
        pause = (2 * len(Lane) + 1) / rate
        for lane in Lane:
            callers += [(self._http(lane, wait=WAIT_SECONDS), pause), (self._http(lane, wait=None), pause)]
        callers.append((self._client, pause))
        self._threads = [
            threading.Thread(target=self._run, args=(call, pause, random.Random(f"{seed}-{number}")))
            for number, (call, pause) in enumerate(callers)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, when what each thread is about has its answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for face in self._faces:
            face.close()

    def _run(self, call: Callable[[random.Random], None], pause: float, rng: random.Random) -> None:
        try:
            while not self._stopping.wait(rng.uniform(0, 2 * pause)):
                call(rng)
        except Exception as error:
            self._account.find(f"a thread of the load ended: {type(error).__name__}: {error}")
            raise

    def _http(self, lane: Lane, *, wait: float | None) -> Callable[[random.Random], None]:
        face = Face(self._site, seconds=ANSWER_SECONDS)
        self._faces.append(face)

        def call(rng: random.Random) -> None:
            order = orders.estimate(rng, model=rng.choice((STEADY, MOVING)), lane=lane)
            place(face, self._account, order, wait=wait)

        return call

    def _client(self, rng: random.Random) -> None:
        client = Client(self._site.redis_url, owner="chaos")
        order = orders.estimate(rng, model=rng.choice((STEADY, MOVING)), lane=rng.choice(list(Lane)))
        placed = place_through(client, self._account, order)
        if placed is None or rng.random() < 0.5:
            return
        entry, handle = placed
        # How it ends otherwise is looked at later.
        with suppress(ServiceError, TimeoutError, redis.RedisError):
            entry.answer = handle.result(timeout=WAIT_SECONDS)

    def _train(self, rng: random.Random) -> None:
        if rng.random() < 0.3:
            place_through(Client(self._site.redis_url, owner="chaos"), self._account, orders.train(rng))
            return
        with closing(Face(self._site, seconds=ANSWER_SECONDS)) as face:
            place(face, self._account, orders.train(rng, trees=rng.choice((60, 60, orders.LONG))))

    def _init(self, rng: random.Random) -> None:
        with closing(Face(self._site, seconds=ANSWER_SECONDS)) as face:
            place(face, self._account, orders.init(rng, rows=rng.randrange(50, orders.ROWS)))
