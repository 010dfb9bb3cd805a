"""What is noted each minute, and who works on what."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Poison
from tasks.ledger.activity import KEPT, minutes, note, noted
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.work_counts import RUN, SUBMITTED
from tasks.ledger.working import working
from tasks.redis_keys import COUNTED_KEY, MINUTES_KEY
from tasks.storage.redis_clock import redis_time
from tasks.upkeep.minutes import disk_of, note_minute
from tests.servers import Valkey

pytestmark = pytest.mark.integration


class Here:
    """A Redis in which work is accepted and ended."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.ledger = Ledger(client, settings=settings)
        self.now = redis_time(client)

    def accept(self, *models: str, kind: Kind = Kind.ESTIMATE) -> str:
        heads = [Head(owner="ada", model=model) for model in models]
        group = Group(id=new_group_id(), kind=kind, lane=Lane.NORMAL, heads=heads, bodies=[b"{}"] * len(heads))
        self.ledger.accept(group)
        return group.id

    def ended(self, *models: str, outcome: Outcome, kind: Kind = Kind.ESTIMATE) -> None:
        claim = self.ledger.claim(self.accept(*models, kind=kind))
        assert claim is not None
        self.ledger.finish(claim, [outcome] * len(models))

    def note(self, *, after: float) -> bool:
        """Try to make a note so many seconds later."""
        self.now += after
        return note(self.client, now=self.now)


@pytest.fixture
def here(valkey_server: Valkey, redis_client: redis.Redis) -> Here:
    return Here(redis_client, Settings(redis_url=valkey_server.redis_url))


def test_a_note_says_by_how_much_the_counters_have_grown(here: Here) -> None:
    done = Outcome(State.SUCCEEDED, Media.JSON, b"1", rows=5)
    here.ended("m", "m", outcome=done)
    assert here.note(after=0)
    here.ended("m", outcome=done)
    here.ended("n", outcome=failure(Poison("it ended its worker")), kind=Kind.TRAIN)
    here.accept("m", "m")
    assert not here.note(after=59), "a minute has not passed"
    assert here.note(after=1)
    first, second = minutes(here.client, since=0)
    assert (first.seconds, first.grown) == (0.0, {})
    assert second.seconds == 60.0
    assert second.grown[noted(Kind.ESTIMATE, SUBMITTED)] == 3
    assert second.grown[noted(Kind.ESTIMATE, "succeeded")] == second.grown[noted(Kind.TRAIN, "failed")] == 1
    assert second.grown[noted(Kind.ESTIMATE, "rows")] == 5
    assert sum(n for name, n in second.grown.items() if name.startswith(noted(Kind.ESTIMATE, RUN))) == 1
    assert second.unfinished == {"estimate:normal": 2}
    assert second.oldest["estimate:normal"] > 50
    assert second.memory_bytes > 0
    assert minutes(here.client, since=first.at) == [second]


def test_what_is_older_than_a_day_goes(here: Here) -> None:
    for _ in range(KEPT + 5):
        assert here.note(after=60)
    assert here.client.llen(MINUTES_KEY) == KEPT
    size = sum(here.client.memory_usage(key) or 0 for key in (MINUTES_KEY, COUNTED_KEY))
    assert size < 400_000, "a quiet day costs some 200 bytes a minute"


def test_a_clock_that_goes_back_stops_nothing(here: Here) -> None:
    assert here.note(after=0)
    assert here.note(after=-3600)
    assert here.note(after=60)
    assert [one.seconds for one in minutes(here.client, since=0)] == [0.0, 0.0, 60.0]


def test_the_disk_of_the_blob_store_is_looked_at(here: Here, tmp_path: Path) -> None:
    size, free = disk_of(f"file://{tmp_path}")
    assert size > free > 0
    assert disk_of("redis") == disk_of("s3://bucket/x") == disk_of(f"file://{tmp_path}/none") == (0, 0)
    settings = Settings(redis_url=here.settings.redis_url, blobs_url=f"file://{tmp_path}")
    note_minute(here.client, settings, now=here.now)
    assert minutes(here.client, since=0)[0].disk_bytes == size


def test_what_workers_have_is_told(here: Here) -> None:
    first, second, waiting = here.accept("n", "m"), here.accept("m", kind=Kind.TRAIN), here.accept("m")
    for group, holder in ((first, "h1"), (second, "h2")):
        assert here.ledger.claim(group, holder=holder) is not None
    found = working(here.client, most=10)
    assert [(one.group, one.kind, one.models, one.items, one.holder) for one in found] == [
        (first, Kind.ESTIMATE, ["m", "n"], 2, "h1"),
        (second, Kind.TRAIN, ["m"], 1, "h2"),
    ]
    assert found[0].started_at <= found[1].started_at <= redis_time(here.client)
    assert len(working(here.client, most=1)) == 1
    # What nobody holds, as it waits to be tried again, is not told.
    here.ledger.put_back(second, holder="h2")
    assert [one.group for one in working(here.client, most=10)] == [first]
    assert waiting
