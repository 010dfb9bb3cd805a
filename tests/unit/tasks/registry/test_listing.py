"""A page of a list costs the same however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from tasks.redis_keys import MODELS_KEY, NAMES_KEY, NUMBERS_KEY, SUMMARIES_KEY, VERSIONS_KEY
from tasks.registry.listing import Listing
from tasks.registry.models_registry import Registry
from tasks.registry.notes import Notes
from tasks.registry.noting import Noting
from tasks.registry.records import Summary
from tests.servers import Valkey

SUMMARY: Final = msgspec.json.encode(Summary(metrics={"rmse": 1.5}, created_at=1.0))
LIMIT: Final = 20
FEW, MANY = 40, 4000


@pytest.fixture
def client(valkey_server: Valkey) -> Any:
    with valkey_server.client() as found:
        found.flushall()
        yield found
        found.flushall()


def fill(client: Any, count: int) -> None:
    """So many models, and as many versions of the first of them."""
    keys = [key.format(model="m00000") for key in (VERSIONS_KEY, SUMMARIES_KEY)]
    for key in keys:
        client.hset(key, mapping=dict.fromkeys(range(1, count + 1), SUMMARY))
    client.sadd(MODELS_KEY, *(f"m{number:05}" for number in range(count)))


def commands(client: Any, ask: Callable[[], Any]) -> int:
    """How many commands Redis is given for this, also by scripts."""
    client.config_resetstat()
    ask()
    return sum(told["calls"] for name, told in client.info("commandstats").items() if "config" not in name)


def test_a_page_takes_as_many_commands_of_many_as_of_few(client: Any) -> None:
    listing, noting = Listing(client), Noting(client, Registry(client))
    pages: dict[str, Callable[[], Any]] = {
        "versions": lambda: listing.versions("m00000", limit=LIMIT),
        "earlier versions": lambda: listing.versions("m00000", limit=LIMIT, below=30),
        "tagged versions": lambda: listing.versions("m00000", limit=LIMIT, tag=("stage", "trial")),
        "models": lambda: listing.models(limit=LIMIT),
        "later models": lambda: listing.models(limit=LIMIT, after="m00010"),
        "tagged models": lambda: listing.models(limit=LIMIT, tag=("stage", "")),
    }
    taken = []
    for count in (FEW, MANY):
        fill(client, count)
        for number in range(1, LIMIT + 5):
            for version in (number, None):
                noting.patch(f"m{number if version is None else 0:05}", version, {"tags": {"stage": "trial"}}, who="me")
        # Those of an earlier release are put in order once.
        listing.versions("m00000", limit=1)
        listing.models(limit=1)
        taken.append({name: commands(client, ask) for name, ask in pages.items()})
    assert taken[0] == taken[1]
    assert taken[1]["versions"] <= 6, "and not a few for each line"
    assert max(taken[1].values()) <= LIMIT + 6, "a model's tags are asked for by its name"


def test_pages_put_together_are_all_there_is(client: Any) -> None:
    fill(client, FEW)
    listing, below, numbers, after, names = Listing(client), None, [], "", []
    while below != 1:
        page = listing.versions("m00000", limit=7, below=below)
        numbers += list(page.versions)
        below = numbers[-1]
        assert page.total == FEW
        assert page.more == (below != 1)
    more = True
    while more:
        found, more = listing.models(limit=7, after=after)
        names += list(found)
        after = names[-1]
        assert all(notes == Notes() for notes in found.values())
    assert numbers == list(range(FEW, 0, -1))
    assert names == [f"m{number:05}" for number in range(FEW)]
    assert client.zcard(NUMBERS_KEY.format(model="m00000")) == client.zcard(NAMES_KEY) == FEW


def test_of_some_models_alone_those_that_are_there_are_listed(client: Any) -> None:
    fill(client, 3)
    Noting(client, Registry(client)).patch("m00001", None, {"tags": {"stage": "trial"}}, who="me")
    listing, some = Listing(client), {"m00002", "m00001", "gone"}
    assert list(listing.models(limit=5, among=some)[0]) == ["m00001", "m00002"]
    assert listing.models(limit=1, among=some)[1]
    assert list(listing.models(limit=5, after="m00001", among=some)[0]) == ["m00002"]
    assert list(listing.models(limit=5, tag=("stage", "trial"), among=some)[0]) == ["m00001"]
    assert listing.models(limit=5, among=set()) == ({}, False)
    assert list(listing.models(limit=5, prefix="m00002", among=some)[0]) == ["m00002"]


def test_names_that_begin_so_are_listed_in_pages(client: Any) -> None:
    fill(client, FEW)
    listing = Listing(client)
    first, more = listing.models(limit=6, prefix="m0000")
    assert (list(first), more) == ([f"m{number:05}" for number in range(6)], True)
    rest, more = listing.models(limit=6, prefix="m0000", after="m00005")
    assert (list(rest), more) == ([f"m{number:05}" for number in range(6, 10)], False)
    assert listing.models(limit=6, prefix="n") == ({}, False)
