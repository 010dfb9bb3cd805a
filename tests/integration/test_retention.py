"""What is past its retention goes; what is current, in progress or young stays."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Kind, Lane, Media, Promote, State
from tasks.errors import NotFound, Poison, UnknownVersion
from tasks.learning import fitting, ingest
from tasks.learning.predicting import Request, answer
from tasks.ledger.groups import Claim, Current, Group, Head, new_group_id
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.task_index import list_key
from tasks.redis_keys import BLOB_KEY, BLOBS_KEY, DEAD_KEY, GROUP_KEY, LEFT_KEY, RETIRED_KEY, UPLOAD_KEY
from tasks.registry.deleting import Deleting
from tasks.registry.in_progress import in_use
from tasks.upkeep.budget import Budget
from tasks.upkeep.garbage import remove_left_behind
from tasks.upkeep.retention import sweep
from tasks.upkeep.system_tasks import PART_SECONDS
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Valkey

DAY: Final = 24 * 3600.0
LARGE: Final = b"l" * 100
POISON: Final = failure(Poison("it ended its worker"))


class Place:
    """The collaborators of a worker on a Redis, and what is stored beside the records."""

    def __init__(self, client: redis.Redis, settings: Settings, folder: Path) -> None:
        self.client, self.settings, self.folder = client, settings, folder
        self.runtime = make_runtime(settings)

    def init(self, factor: int, model: str = "m") -> None:
        rows = [{"a": a, "y": a * factor + 0.5} for a in range(50)]
        table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
        ingest.initialise(
            self.runtime, ingest.Request(model=model, target="y", estimator=DEFAULT_ESTIMATOR, options={}), table
        )

    def train(self, promote: Promote = Promote.ALWAYS, *, iterations: int, drawn: bool = False) -> int:
        request = fitting.Request(model="m", params={"num_iterations": iterations}, promote=promote)
        later = fitting.at_once if drawn else undrawn
        return int(fitting.fit(self.runtime, request, report=lambda *_: None, later=later)["version"])

    def sweep(self, *, after_seconds: float = 10 * DAY, **settings: Any) -> None:
        sweep(
            self.client, replace(self.settings, **settings), now=time.time() + after_seconds, part_seconds=PART_SECONDS
        )

    def versions(self) -> list[int]:
        return list(self.runtime.registry.model("m").versions)

    def accept(self, *bodies: bytes, kind: Kind = Kind.ESTIMATE, **head: Any) -> Group:
        heads = [Head(owner="ada", model="m", **head) for _ in bodies]
        group = Group(id=new_group_id(), kind=kind, lane=Lane.LOW, heads=heads, bodies=bodies)
        self.runtime.ledger.accept(group)
        return group

    def claim(self, group: Group) -> Claim:
        claim = self.runtime.ledger.claim(group.id)
        assert claim is not None
        return claim

    def stored(self) -> int:
        """How many blobs, bodies and results there are."""
        in_redis = list(self.client.scan_iter(BLOB_KEY.format(digest="*")))
        return len(in_redis) + len([path for path in self.folder.rglob("*") if path.is_file()])


@pytest.fixture(params=["redis", "folder"])
def place(request: pytest.FixtureRequest, valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> Place:
    url = "redis" if request.param == "redis" else f"file://{tmp_path}"
    settings = Settings(redis_url=valkey_server.redis_url, blobs_url=url, inline_bytes=10, train_threads=1)
    return Place(redis_client, settings, tmp_path)


def estimated(runtime: Runtime, version: int | None = None) -> Outcome:
    """The outcome of an estimate by a process that has loaded no model yet."""
    fresh = make_runtime(runtime.settings)
    current = fresh.registry.current("m")
    currents = {"m": Current(current, fresh.registry.identity("m", current))} if current else {}
    request = Request(model="m", body=b'{"rows": [{"a": 3}]}', version=version)
    return answer(fresh, [request], currents=currents)[0]


def test_all_versions_are_kept_unless_settings_say_otherwise(place: Place) -> None:
    place.init(1)
    numbers = [place.train(iterations=n) for n in (1, 2, 3)]
    stored = place.stored()
    place.sweep()
    assert (place.versions(), place.stored()) == (numbers, stored)


#: Settings, one after the other, and what is left then of five versions of which the second is current.
SWEEPS: Final[list[tuple[dict[str, int], list[int]]]] = [
    ({"versions_kept": 9}, [1, 2, 3, 4, 5]),
    ({"versions_kept": 2}, [2, 4, 5]),
    ({"version_life_seconds": 1}, [2]),
]


def test_old_versions_go_with_their_artefacts_and_reports_and_never_the_current_one(
    place: Place, subtests: pytest.Subtests
) -> None:
    place.init(1)
    for iterations in range(1, 6):
        place.train(Promote.ALWAYS if iterations == 2 else Promote.NEVER, iterations=iterations, drawn=True)
    for settings, expected in SWEEPS:
        with subtests.test(str(settings)):
            place.sweep(**settings)
            left(place, expected)
    assert place.train(iterations=6) == 6


def left(place: Place, expected: list[int]) -> None:
    """Of five versions these are there, whole; of the others nothing is."""
    assert place.versions() == expected
    # Three parts of the data, the sides of its rows, its plan, its schema; each version's artefacts and report.
    assert place.stored() == 6 + 3 * len(expected)
    for number in range(1, 6):
        report = place.runtime.registry.reports.get("m", number)
        assert (report is not None) == (number in expected)
        if report is not None:
            assert place.runtime.blobs.get(report.digest).startswith(b"<!doctype html>")
    assert estimated(place.runtime).state is State.SUCCEEDED
    assert (place.runtime.registry.current("m"), place.versions()) == (2, expected)
    assert sorted(place.runtime.registry.listing.versions("m", limit=10).versions) == expected
    for number in {1, 2, 3, 4, 5} - set(expected):
        gone = estimated(place.runtime, number)
        assert (gone.state, b"UnknownVersion" in gone.body) == (State.FAILED, True)
        with pytest.raises(UnknownVersion):
            place.runtime.registry.promote("m", number, who="somebody")


def test_the_bytes_of_what_was_deleted_go_with_the_next_sweep(place: Place) -> None:
    place.init(1)
    for iterations in (1, 2):
        place.train(iterations=iterations, drawn=True)
    deleting = Deleting(place.client, place.runtime.registry)
    before = place.stored()
    deleting.version("m", 2, who="somebody", force=True)
    assert place.stored() == before
    place.sweep()
    assert place.stored() == before - 3, "its two artefacts and its report; the first has the schema too"
    assert estimated(place.runtime).state is State.FAILED
    deleting.model("m", who="somebody", force=False)
    place.sweep()
    assert place.stored() == 0


def test_young_versions_and_those_that_were_current_a_moment_ago_stay(place: Place) -> None:
    place.init(1)
    for iterations in (1, 2, 3):
        place.train(iterations=iterations)
    place.sweep(after_seconds=0, versions_kept=1)
    assert place.versions() == [1, 2, 3]
    # In ten days, somebody rolls back to the first and on to the third.
    later = time.time() + 10 * DAY
    place.client.hset(RETIRED_KEY.format(model="m"), "1", later - 60)
    place.sweep(versions_kept=1)
    assert place.versions() == [1, 2, 3]
    place.sweep(versions_kept=1, after_seconds=11 * DAY)
    assert place.versions() == [2, 3]
    assert place.client.hkeys(RETIRED_KEY.format(model="m")) == [b"2"]


def test_a_version_that_work_in_progress_names_stays_until_it_is_over(place: Place) -> None:
    place.init(1)
    for iterations in (1, 2, 3):
        place.train(iterations=iterations)
    group = place.accept(b"1", b"2", query={"version": "1"})
    made = place.accept(b"{}", kind=Kind.TRAIN)
    place.client.hset(GROUP_KEY.format(group=made.id), "version", 2)
    assert in_use(place.client) == {("m", 1), ("m", 2)}
    place.sweep(version_life_seconds=1)
    assert place.versions() == [1, 2, 3]
    place.runtime.ledger.finish(place.claim(group), [POISON] * 2)
    place.runtime.ledger.finish(place.claim(made), [POISON])
    place.sweep(version_life_seconds=1)
    assert place.versions() == [3]


def test_versions_named_in_many_groups_are_all_found(place: Place) -> None:
    for number in range(1, 11):
        place.accept(b"1", query={"version": str(number)})
    assert in_use(place.client, page=3) == {("m", number) for number in range(1, 11)}


def test_replaced_snapshots_go_and_what_is_put_again_stays(place: Place) -> None:
    place.init(1)
    place.init(2)
    place.init(1, "other")
    assert place.stored() == 10
    place.sweep()
    assert place.stored() == 10, "one model has the first data, another the second"
    place.init(3, "other")
    place.sweep(after_seconds=0)
    assert place.stored() == 15, "a train may yet read it"
    place.sweep()
    assert place.stored() == 10
    assert place.train(iterations=1) == 1


def test_what_is_put_and_not_yet_referred_to_survives_a_sweep(place: Place) -> None:
    """Work puts a blob, a sweep runs, and then the work refers to it: also where the blob was there and old before."""
    place.init(1)
    table = place.runtime.registry.snapshot("m").train
    place.init(2)
    data = place.runtime.blobs.get(table)
    then = time.time() + DAY
    assert table in place.runtime.blobs.put_before(then)
    place.runtime.blobs.put(data)
    assert not place.runtime.blobs.discard(table, before=time.time() - 1)
    place.sweep(after_seconds=60)
    assert place.runtime.blobs.get(table) == data


def test_bodies_of_work_in_progress_and_of_dead_letters_stay_until_they_are_gone(place: Place) -> None:
    waiting, dead, ended = place.accept(LARGE), place.accept(LARGE), place.accept(LARGE)
    place.runtime.ledger.finish(place.claim(dead), [POISON], dead=True)
    result = Outcome(State.SUCCEEDED, Media.JSON, LARGE)
    claim = place.claim(ended)
    place.runtime.ledger.finish(claim, [result])
    # The worker died before it could drop the body.
    place.runtime.ledger.place(ended)
    assert place.stored() == 4
    place.sweep(after_seconds=0)
    assert place.stored() == 4
    place.sweep()
    assert place.stored() == 3
    assert place.runtime.ledger.with_bodies(place.claim(waiting)).bodies == [LARGE]
    # Redis ends the records of what is over, in time.
    for group in (dead, ended):
        place.client.delete(GROUP_KEY.format(group=group.id))
    place.client.set(LEFT_KEY, 1)
    place.sweep()
    # A result in Redis has its own life.
    assert place.stored() == 1 + (place.settings.blobs_url == "redis")
    assert not place.client.exists(DEAD_KEY)
    assert place.client.zrange(list_key(waiting.kind, "ada"), 0, -1) == [bytes.fromhex(waiting.id)]
    assert not place.client.exists(LEFT_KEY)


def test_a_sweep_ends_when_its_time_is_up_and_the_next_one_goes_on(place: Place) -> None:
    for _ in range(3):
        group = place.accept(LARGE)
        place.runtime.ledger.finish(place.claim(group), [POISON])
        place.runtime.ledger.place(group)
        place.client.delete(GROUP_KEY.format(group=group.id))
    now = time.time() + 10 * DAY
    sweep(place.client, place.settings, now=now, part_seconds=0)
    assert place.stored() == 3
    ticks = iter(range(100))
    some = Budget(2.5, clock=lambda: float(next(ticks)))
    assert remove_left_behind(place.client, place.runtime.blobs, before=now, budget=some) == 1
    assert place.stored() == 2
    place.client.set(LEFT_KEY, 1)
    place.sweep()
    assert place.stored() == 0
    assert not place.client.exists(list_key(group.kind, "ada"))


def test_bytes_in_redis_are_listed_only_while_they_are_there(place: Place) -> None:
    group = place.accept(LARGE)
    place.runtime.ledger.finish(place.claim(group), [POISON])
    assert not place.client.exists(BLOBS_KEY)


def test_a_table_of_a_dry_run_goes_when_its_hour_is_over(place: Place) -> None:
    uploads, mine = place.runtime.uploads, Head(owner="ada", model="m", query={"dry_run": "true", "sheet": "two"})
    upload = uploads.keep(mine, b"a,y\n1,2\n")
    place.sweep()
    asked = Head(owner="ada", model="other", query={"target": "y", "upload": upload})
    head, body = uploads.sent(upload, asked=asked)
    assert (body, head.model, head.query) == (b"a,y\n1,2\n", "other", {"sheet": "two", **asked.query})
    for other in (Head(owner="bob", model="m"), Head(owner="ada", model="m", account="another")):
        with pytest.raises(NotFound, match="no upload"):
            uploads.sent(upload, asked=other)
    key = UPLOAD_KEY.format(upload=upload)
    assert 3500 < place.client.ttl(key) <= 3600
    place.client.delete(key)
    with pytest.raises(NotFound, match="no upload"):
        uploads.sent(upload, asked=asked)
    place.sweep()
    assert place.stored() == 0
