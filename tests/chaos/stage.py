"""Where a fault happens: the running service, its processes, its Valkey, and the account."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import redis

from infra.host.control import Supervisor
from tasks.contract import State
from tasks.errors import Unavailable
from tasks.redis_keys import LOOKED_KEY
from tests.chaos import orders
from tests.chaos.account import Account, Entry
from tests.chaos.face import Face, Site
from tests.chaos.load import ANSWER_SECONDS, place
from tests.chaos.options import Options
from tests.chaos.orders import MOVING, STEADY, Order
from tests.chaos.truth import Truth
from tests.moved_clock import MovedClock
from tests.servers import children_of, eventually
from tests.service import Service
from tests.slow_disk import SlowDisk

#: Longest time from a fault until somebody looks for lost work (seconds).
UPKEEP_SECONDS: Final = 30.0
#: Longest time in which a piece of work that a fault needs must be done, and a program be back (seconds).
PATIENCE_SECONDS: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a fault may use."""

    options: Options
    service: Service
    #: The environment that the service was started with.
    settings: Mapping[str, str]
    site: Site
    account: Account
    truth: Truth
    #: The disk of the append-only file, which can be made slow; None if it cannot.
    disk: SlowDisk | None
    #: The clock of the service; None if it cannot be moved.
    clock: MovedClock | None
    rng: random.Random

    def face(self) -> Face:
        """A new connection to the service."""
        return Face(self.site, seconds=ANSWER_SECONDS)

    @contextmanager
    def admin(self) -> Iterator[redis.Redis]:
        """Valkey, as the user that may do all."""
        with self.service.master() as client:
            yield client

    @property
    def sockets(self) -> Path:
        """The folder of the service's sockets."""
        return Path(self.service.home.service().sockets)

    def pid(self, program: str) -> int:
        """The first process of a program; 0 if it does not run."""
        try:
            states = Supervisor(self.sockets).states()
        except Unavailable:
            return 0
        return next(state.pid for state in states if state.name == program)

    def children(self, program: str) -> set[int]:
        """The processes that a program has started."""
        first = self.pid(program)
        return children_of(first) if first else set()

    @contextmanager
    def frozen(self, program: str) -> Iterator[int]:
        """All processes of a program stand still inside. Gives the first one."""
        first = self.pid(program)
        # The supervisor makes each program the leader of a group.
        os.killpg(first, signal.SIGSTOP)
        try:
            yield first
        finally:
            # One that was killed meanwhile is gone, and has a successor.
            with suppress(ProcessLookupError):
                os.killpg(first, signal.SIGCONT)

    def place(self, order: Order, *, wait: float | None = None) -> Entry | None:
        """Send one order over HTTP."""
        with closing(self.face()) as face:
            return place(face, self.account, order, wait=wait)

    def must_place(self, order: Order) -> Entry:
        """Send an order until it is accepted."""
        return eventually(lambda: self.place(order), seconds=PATIENCE_SECONDS, what=f"an accepted {order.kind}")

    def ended(self, entry: Entry) -> State:
        """The state in which the entry ends, when it does."""

        def seen() -> State | None:
            return entry.first.state if entry.first else None

        return eventually(seen, seconds=PATIENCE_SECONDS, what=f"the end of {entry.order.kind} {entry.handle}")

    def achieve(self, order: Order) -> Entry:
        """Send an order until it succeeds."""

        def done() -> Entry | None:
            entry = self.must_place(order)
            return entry if self.ended(entry) is State.SUCCEEDED else None

        return eventually(done, seconds=PATIENCE_SECONDS, what=f"a successful {order.kind}")

    def readiness(self) -> str:
        """What the service says of its readiness: "ready", or what is missing; nothing if it does not answer."""
        try:
            answer: dict[str, str] = httpx.get(f"{self.site.url}/health/ready", timeout=ANSWER_SECONDS).json()
        except (httpx.TransportError, ValueError):
            return ""
        return "ready" if answer["status"] == "ready" else answer["detail"]

    def upkeep_seconds(self) -> float:
        """Wait until somebody looks again for work that nobody will finish. Returns for how long that was."""
        began = time.monotonic()
        with self.admin() as client:
            before = client.get(LOOKED_KEY)
            eventually(
                lambda: client.get(LOOKED_KEY) not in (None, before),
                seconds=UPKEEP_SECONDS,
                what="a look for lost work after the fault",
            )
        return round(time.monotonic() - began, 2)

    def revive(self, after: str) -> None:
        """Start the service again if the whole of it has ended, which is a broken promise."""
        if self.service.popen.poll() is None:
            return
        self.account.find(f"{after}: the whole service ended; it was started again")
        self.service.start_again()
        self.site.url, self.site.token = self.service.url, self.service.token()

    def learn(self) -> None:
        """Make the models of the load."""
        for model in (STEADY, MOVING):
            self.achieve(orders.init(self.rng, model=model))
            self.achieve(orders.train(self.rng, model=model))
