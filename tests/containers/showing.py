"""What is shown of a stack: the demo, a fleet that grows under load, kills and a rolling restart, and the account."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.demo.data import shipped
from infra.demo.http_api import HttpApi
from infra.demo.view import View
from infra.demo.walkthrough import estimate, follow, params, show_case
from infra.host.home import FIRST_ACCOUNT
from tasks.config.settings import Settings
from tests.chaos import orders
from tests.chaos.account import Account
from tests.chaos.face import Face, Site
from tests.chaos.follow import Follower, look_again
from tests.chaos.load import ANSWER_SECONDS, Load, place
from tests.chaos.orders import MOVING, STEADY, Order
from tests.chaos.truth import Truth
from tests.chaos.verdict import Verdict, judge
from tests.servers import eventually

#: Estimates a second of the load.
RATE: Final = 15.0
#: Longest wait for the end of one piece of work, and of all (seconds).
END_SECONDS: Final = 300.0


def demo(url: str, password: str, redis_url: str) -> None:
    """The demo's init, train and estimate, over HTTP and by bare Celery. Raises ServiceError for a step that fails."""
    with HttpApi(url) as api:
        api.log_in(FIRST_ACCOUNT, password)
        broker = Settings(redis_url=redis_url).broker.shown_url
        show_case(shipped()[0], View(), api, broker_url=broker)


def over_http(url: str, password: str) -> str:
    """The demo's init, train and estimate over HTTP alone; the model's name."""
    case, view = shipped()[0], View()
    with HttpApi(url) as api:
        api.log_in(FIRST_ACCOUNT, password)
        api.result(api.init(case.model, target=case.target, data=case.body, media=case.media), seconds=END_SECONDS)
        trained = follow(api, api.train(case.model, params=params(case.learned.num_rows)), view)
        estimate(case, view, api, version=trained["version"])
    return case.model


def knows(url: str, password: str, model: str) -> None:
    """The service has the model yet. Raises WorkFailed if not."""
    with HttpApi(url) as api:
        api.log_in(FIRST_ACCOUNT, password)
        case = next(case for case in shipped() if case.model == model)
        estimate(case, View(), api, version=1)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A service under load, and what is noted of it."""

    site: Site
    account: Account
    truth: Truth

    def unserved(self) -> int:
        """Requests that were refused, or not answered."""
        return self.account.unanswered + sum(self.account.refused.values())

    def serves(self) -> None:
        """Wait until an estimate is answered."""
        rng = random.Random(time.monotonic_ns())

        def answered() -> bool:
            with closing(Face(self.site, seconds=ANSWER_SECONDS)) as face:
                entry = place(face, self.account, orders.estimate(rng), wait=5)
            return entry is not None and entry.answer is not None

        eventually(answered, seconds=END_SECONDS, what="an estimate that is answered")


def site(url: str, password: str, redis_url: str, blobs: Path) -> Site:
    """Where the load finds the service."""
    with HttpApi(url) as api:
        token = str(api.log_in(FIRST_ACCOUNT, password)["access_token"])
    return Site(url=url, redis_url=redis_url, blobs=blobs, token=token)


@contextmanager
def loaded(where: Site) -> Iterator[Loaded]:
    """A load runs inside; after it everything that was accepted is waited for."""
    account = Account()
    with ExitStack() as stack:
        truth = stack.enter_context(closing(Truth(where)))
        for source in ("http", "client"):
            follower = Follower(where, account, truth, source="http" if source == "http" else "client")
            follower.start()
            stack.callback(follower.stop)
        found = Loaded(site=where, account=account, truth=truth)
        _learn(found)
        load = Load(where, account, rate=RATE, seed=17)
        load.start()
        try:
            yield found
        finally:
            load.stop()
        eventually(
            lambda: all(e.first is not None for e in account.since(0)), seconds=END_SECONDS, what="the end of all work"
        )
    with closing(Truth(where)) as truth:
        look_again(where, account, truth, account.since(0))


def judged(found: Loaded) -> Verdict:
    """The account of all that was accepted. Raises AssertionError if something was lost, done twice, or wrong."""
    with closing(Truth(found.site)) as truth:
        verdict = judge(found.account, truth, [], skipped={})
    assert verdict.good, verdict
    return verdict


def _learn(found: Loaded) -> None:
    rng = random.Random(1)
    for model in (STEADY, MOVING):
        for order in (orders.init(rng, model=model), orders.train(rng, model=model)):
            _achieve(found, order)


def _achieve(found: Loaded, order: Order) -> None:
    with closing(Face(found.site, seconds=ANSWER_SECONDS)) as face:
        entry = place(face, found.account, order)
    assert entry is not None, f"the {order.kind} was not accepted"
    eventually(lambda: entry.first, seconds=END_SECONDS, what=f"the end of {order.kind}")
