"""Lists of tasks by kind, model, state and time: what is asked for and no more, at the cost of what is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Poison, UnknownTask
from tasks.ledger import task_lists
from tasks.ledger.cancelling import cancel
from tasks.ledger.groups import Group, Head, Owner, new_group_id
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.task_index import list_key
from tasks.ledger.task_lists import Filter
from tasks.redis_keys import GROUP_KEY, LEASES_KEY, LISTED_KEY, OWNER_KEY, UNFINISHED_KEY, USERS_KEY
from tasks.storage.redis_clock import redis_time
from tasks.upkeep.budget import Budget
from tasks.upkeep.task_lists import look_through
from tests.servers import Valkey

pytestmark = pytest.mark.integration

ADA: Final = Owner("ada")
DONE: Final = Outcome(State.SUCCEEDED, Media.JSON, b"1")
FAILED: Final = failure(Poison("it ended its worker"))


class Lists:
    """A Redis with accepted work."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.ledger, self.history = Ledger(client, settings=settings), History(client)

    def accept(self, *models: str, kind: Kind = Kind.ESTIMATE, owner: str = "ada", **head: Any) -> str:
        heads = [Head(owner=owner, model=model, **head) for model in models or ("m",)]
        group = Group(id=new_group_id(), kind=kind, lane=Lane.NORMAL, heads=heads, bodies=[b"{}"] * len(heads))
        self.ledger.accept(group)
        return group.id

    def ended(self, *models: str, ends: list[Outcome] | None = None, **said: Any) -> str:
        group = self.accept(*models, **said)
        claim = self.ledger.claim(group)
        assert claim is not None
        self.ledger.finish(claim, ends or [DONE] * len(claim.heads))
        return group

    def listed(self, *, limit: int = 100, owner: Owner | None = ADA, **wanted: Any) -> list[str]:
        """All pages; no page but the only one is empty."""
        found: list[str] = []
        after = None
        while True:
            page, after = self.history.tasks(Filter(owner, **wanted), limit=limit, after=after)
            assert page or not found
            found += [task.id for task in page]
            if after is None:
                return found

    @contextmanager
    def counted(self) -> Iterator[dict[str, int]]:
        """Calls of commands inside, those of scripts too, by name."""
        self.client.config_resetstat()
        calls: dict[str, int] = {}
        yield calls
        stats: Any = self.client.info("commandstats")
        calls.update({name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items()})


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def lists(valkey: Valkey) -> Iterator[Lists]:
    with valkey.client() as client:
        client.flushall()
        yield Lists(client, Settings(redis_url=valkey.redis_url))


def test_work_is_found_by_what_it_is_and_how_it_stands(lists: Lists) -> None:
    train = lists.ended(kind=Kind.TRAIN)
    failed = lists.ended("m", "n", ends=[DONE, FAILED])
    lists.accept(owner="bob")
    running = lists.accept("n")
    lists.ledger.claim(running)
    waiting = lists.accept("m", "m")
    cancel(lists.ledger, f"{waiting}-1")
    given_up = lists.accept()
    cancel(lists.ledger, f"{given_up}-0")
    late = lists.accept("n", deadline=1.0)
    assert lists.listed(kind=Kind.TRAIN) == [f"{train}-0"]
    assert lists.listed(kind=Kind.INIT) == []
    assert lists.listed(state=State.SUCCEEDED) == [f"{failed}-0", f"{train}-0"]
    assert lists.listed(state=State.FAILED) == lists.listed(state=State.FAILED, model="n") == [f"{failed}-1"]
    assert lists.listed(state=State.FAILED, model="m") == lists.listed(state=State.FAILED, kind=Kind.TRAIN) == []
    assert lists.listed(state=State.RUNNING) == [f"{running}-0"]
    assert lists.listed(state=State.QUEUED) == lists.listed(state=State.QUEUED, model="m") == [f"{waiting}-0"]
    assert lists.listed(state=State.CANCELLED) == [f"{given_up}-0", f"{waiting}-1"]
    assert lists.listed(state=State.EXPIRED) == [f"{late}-0"], "nobody has ended it yet"
    assert lists.listed(model="n") == [f"{late}-0", f"{running}-0", f"{failed}-1"]
    assert len(lists.listed()) == 8
    assert lists.listed(limit=1) == lists.listed()


def test_work_is_found_by_its_time(lists: Lists) -> None:
    groups = [lists.ended(kind=kind) for kind in (Kind.TRAIN, Kind.ESTIMATE, Kind.INIT, Kind.ESTIMATE)]
    times = [lists.history.task(f"{group}-0").submitted_at for group in groups]
    assert lists.listed(since=times[1]) == [f"{group}-0" for group in reversed(groups[1:])]
    assert lists.listed(until=times[1]) == [f"{groups[0]}-0"]
    assert lists.listed(since=times[1], until=times[3], limit=1) == [f"{groups[2]}-0", f"{groups[1]}-0"]


def test_a_page_goes_on_where_the_last_one_ended_though_that_is_gone(lists: Lists) -> None:
    groups = [lists.ended() for _ in range(5)]
    page, after = lists.history.tasks(Filter(ADA), limit=2)
    lists.client.delete(GROUP_KEY.format(group=groups[3]))
    lists.client.zrem(list_key(Kind.ESTIMATE, "ada"), bytes.fromhex(groups[3]))
    newer = lists.ended()
    assert [task.id for task in page] == [f"{groups[4]}-0", f"{groups[3]}-0"]
    rest, end = lists.history.tasks(Filter(ADA), limit=9, after=after)
    assert ([task.id for task in rest], end) == ([f"{group}-0" for group in reversed(groups[:3])], None)
    assert lists.listed()[0] == f"{newer}-0"
    for nonsense in ("x", f"{groups[0]}-0-", f"{groups[0]}-0-x"):
        with pytest.raises(UnknownTask):
            lists.history.tasks(Filter(ADA), limit=9, after=nonsense)


def test_the_rare_is_found_among_the_many_at_once(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are of other models, states and owners, and with fewer at a step than there are."""
    monkeypatch.setattr(task_lists, "LOOK", 20)
    monkeypatch.setattr(task_lists, "FEW", 10)
    rare = lists.ended("rare", ends=[FAILED])
    running = lists.accept()
    lists.ledger.claim(running)
    for _ in range(150):
        lists.ended()
    oldest = lists.accept()
    for _ in range(60):
        lists.accept(owner="bob")
    for wanted in ({"model": "rare"}, {"state": State.FAILED}, {"model": "rare", "state": State.FAILED}):
        with lists.counted() as calls:
            assert lists.listed(**wanted) == [f"{rare}-0"]
        assert sum(calls.values()) < 20
    assert lists.listed(state=State.RUNNING) == [f"{running}-0"]
    assert lists.listed(state=State.QUEUED) == [f"{oldest}-0"]
    assert len(lists.listed(state=State.SUCCEEDED, limit=7)) == 150
    lists.client.zrem(LEASES_KEY, running)


@pytest.mark.parametrize("size", [1, 16, 256])
def test_a_page_costs_two_commands_an_item_at_most(lists: Lists, size: int) -> None:
    for _ in range(1 + 120 // size):
        lists.ended(*["m"] * size)
    with lists.counted() as calls:
        page, _ = lists.history.tasks(Filter(ADA, state=State.SUCCEEDED, model="m"), limit=50)
    assert len(page) == 50
    assert sum(calls.values()) <= 50 * 2


def test_what_another_account_of_the_name_has_is_passed_over(lists: Lists) -> None:
    mine = lists.ended(account="new")
    for _ in range(30):
        lists.ended(account="old")
    with lists.counted() as calls:
        assert lists.listed(owner=Owner("ada", "new", since=0.0)) == [f"{mine}-0"]
    assert calls["hmget"] <= 2 + 31, "the records of others are not read whole"


def test_the_work_of_all_is_found_together(lists: Lists) -> None:
    """Also of who has no account, and of owners whose work came in one group."""
    mine, theirs = lists.ended(kind=Kind.TRAIN), lists.ended(owner="bob", ends=[FAILED])
    heads = [Head(owner=owner, model="m") for owner in ("ada", "oidc:cy")]
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.NORMAL, heads=heads, bodies=[b"{}"] * 2)
    lists.ledger.accept(group)
    both = [f"{group.id}-0", f"{group.id}-1"]
    everything = [*both, f"{theirs}-0", f"{mine}-0"]
    assert lists.listed(owner=None) == lists.listed(owner=None, limit=1) == everything
    assert lists.listed(owner=None, state=State.QUEUED) == both
    assert lists.listed(owner=None, state=State.FAILED) == [f"{theirs}-0"]
    assert lists.listed(owner=None, kind=Kind.TRAIN) == [f"{mine}-0"]
    assert {task.owner for task in lists.history.tasks(Filter(None), limit=9)[0]} == {"ada", "bob", "oidc:cy"}
    # Who has nothing left is still known to have had work.
    claim = lists.ledger.claim(group.id)
    assert claim is not None
    lists.ledger.finish(claim, [DONE, DONE])
    assert lists.listed(owner=None) == everything


def test_work_is_found_by_the_request_that_brought_it(lists: Lists) -> None:
    wanted = [lists.ended(request_id="order-66"), lists.accept(request_id="order-66", owner="bob")]
    for _ in range(5):
        lists.ended(request_id="order-6")
    heads = [Head(owner="ada", model="m", request_id=name) for name in ("order-6", "order-66", "")]
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.NORMAL, heads=heads, bodies=[b"{}"] * 3)
    lists.ledger.accept(group)
    assert lists.listed(request_id="order-66") == [f"{group.id}-1", f"{wanted[0]}-0"]
    assert lists.listed(owner=None, request_id="order-66") == [f"{group.id}-1", f"{wanted[1]}-0", f"{wanted[0]}-0"]
    assert lists.listed(request_id="order") == []
    with lists.counted() as calls:
        lists.listed(request_id="order-66")
    assert calls["hmget"] <= 7 + 2, "the records of others are not read whole"


def test_what_an_earlier_release_listed_is_taken_in(lists: Lists) -> None:
    groups = [lists.ended("m", "n", ends=[DONE, FAILED]), lists.ended(kind=Kind.TRAIN), lists.accept()]
    cancel(lists.ledger, f"{groups[2]}-0")
    before = {str(wanted): lists.listed(**wanted) for wanted in WANTED}
    # As it was.
    for group in groups:
        at = lists.history.task(f"{group}-0").submitted_at
        lists.client.zadd(OWNER_KEY.format(owner="ada"), {group: at})
    gone = new_group_id()
    lists.client.zadd(OWNER_KEY.format(owner="ada"), {gone: 1})
    lists.client.delete(*lists.client.keys("ml:tasks:*"))
    assert lists.listed() == []
    look_through(lists.client, lists.settings, now=redis_time(lists.client), budget=Budget(60))
    assert {str(wanted): lists.listed(**wanted) for wanted in WANTED} == before
    assert not lists.client.exists(OWNER_KEY.format(owner="ada"))
    assert lists.client.exists(LISTED_KEY)


#: What is asked for of old work.
WANTED: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"kind": Kind.TRAIN},
    {"model": "n"},
    {"state": State.FAILED},
    {"state": State.CANCELLED, "model": "m"},
)


def test_who_has_no_account_and_no_work_is_forgotten(lists: Lists) -> None:
    gone, kept = "oidc:gone", "oidc:with:colons"
    groups = [lists.ended(owner=gone), lists.ended(owner=kept)]
    lists.client.sadd(USERS_KEY, "ada")
    lists.client.hset(UNFINISHED_KEY, mapping={"ada": 0, "oidc:busy": 1})
    lists.client.delete(GROUP_KEY.format(group=groups[0]))
    for _ in range(2):
        look_through(lists.client, lists.settings, now=redis_time(lists.client) + 2e6, budget=Budget(60))
    assert set(lists.client.hkeys(UNFINISHED_KEY)) == {b"ada", b"oidc:busy", kept.encode()}
    assert lists.listed(owner=None) == [f"{groups[1]}-0"]
