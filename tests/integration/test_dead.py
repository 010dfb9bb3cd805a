"""Dead letters: what is given up is kept, shown, and replayed or dropped once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any, Final

import pytest
import redis
from celery.exceptions import SoftTimeLimitExceeded

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import InvalidField, Poison, TimeLimit, Unavailable, UnknownTask
from tasks.ledger.dead_letters import DeadLetters
from tasks.ledger.groups import Claim, Group, Head, Owner, new_group_id
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter
from tasks.redis_keys import BLOB_KEY, DEAD_KEY, GROUP_KEY, queue_key
from tasks.storage.stores import open_blobs
from tasks.worker.runner import run_claimed
from tests import commands
from tests.servers import Valkey, eventually
from tests.service import Service

DONE: Final = Outcome(State.SUCCEEDED, Media.JSON, b"{}")
POISON: Final = failure(Poison("it ended its worker"))
LARGE: Final = b"l" * 100
SETTINGS: Final = Settings(inline_bytes=10, result_life_seconds=60, dead_life_seconds=600)


class Place:
    """A ledger, and the dead letters in it."""

    def __init__(self, client: redis.Redis, blobs_url: str) -> None:
        self.client = client
        self.ledger = Ledger(client, open_blobs(blobs_url, client), settings=SETTINGS)
        self.history = History(client)
        self.letters = DeadLetters(client, self.ledger, settings=SETTINGS)

    def ended(self, *outcomes: Outcome, bodies: Sequence[bytes] | None = None, **head: Any) -> str:
        """A group with these outcomes; its id."""
        heads = [Head(owner="ada", model="m", **head) for _ in outcomes]
        bodies = bodies or [b"body%d" % index for index in range(len(outcomes))]
        group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.HIGH, heads=heads, bodies=bodies)
        self.ledger.accept(group)
        self.client.delete(queue_key("estimate", Lane.HIGH))
        claim = self.ledger.claim(group.id)
        assert claim is not None
        self.ledger.finish(claim, outcomes, dead=True)
        return group.id

    def ids(self, **page: Any) -> list[str]:
        return [letter.id for letter in self.letters.list(**{"limit": 100, **page})[0]]


@pytest.fixture(params=["redis", "folder"])
def place(request: pytest.FixtureRequest, redis_client: redis.Redis, tmp_path: Path) -> Place:
    return Place(redis_client, "redis" if request.param == "redis" else f"file://{tmp_path}/blobs")


@pytest.fixture
def stored(redis_client: redis.Redis, tmp_path: Path) -> Callable[[], int]:
    """How many bodies lie outside the records."""
    return lambda: len([*redis_client.scan_iter(BLOB_KEY.format(digest="*")), *tmp_path.glob("blobs/uploads/*")])


def test_items_that_were_given_up_are_letters_and_their_neighbours_are_not(
    place: Place, stored: Callable[[], int]
) -> None:
    group = place.ended(DONE, POISON, failure(InvalidField("no")), bodies=[LARGE] * 3, query={"version": "7"})
    assert place.ids() == [f"{group}-1"]
    assert place.letters.show(f"{group}-1") == place.letters.list(limit=1)[0][0]
    letter = place.letters.show(f"{group}-1")
    task = place.history.task(letter.id)
    assert (letter.owner, letter.kind, letter.model, letter.lane) == ("ada", Kind.ESTIMATE, "m", Lane.HIGH)
    assert (letter.submitted_at, letter.finished_at) == (task.submitted_at, task.finished_at)
    assert (letter.deliveries, letter.retries, letter.body_bytes) == (1, 0, 100)
    assert (letter.error.type, letter.error.detail) == ("Poison", "it ended its worker")
    assert place.letters.body(letter.id) == LARGE
    assert stored() == 1
    assert place.client.ttl(GROUP_KEY.format(group=group)) > SETTINGS.result_life_seconds
    for handle in (f"{group}-0", f"{group}-2", f"{group}-3", f"{new_group_id()}-0", "made up"):
        with pytest.raises(UnknownTask):
            place.letters.show(handle)


def test_a_replay_is_new_work_of_the_same_owner(place: Place, stored: Callable[[], int]) -> None:
    group = place.ended(POISON, bodies=[LARGE], query={"version": "7"}, deadline=1.0)
    again = place.letters.replay(f"{group}-0")
    task = place.history.task(again)
    assert (task.state, task.owner, task.kind, task.lane) == (State.QUEUED, "ada", Kind.ESTIMATE, Lane.HIGH)
    claim = place.ledger.claim(again.partition("-")[0])
    assert claim is not None
    assert place.ledger.with_bodies(claim).bodies == [LARGE]
    # Who has the name by then need not be who asked for it.
    asked_at = place.history.task(f"{group}-0").submitted_at
    assert claim.heads == [Head(owner="ada", model="m", query={"version": "7"}, asked_at=asked_at)]
    assert task.asked_at == asked_at < task.submitted_at
    assert place.history.tasks(Filter(Owner("ada", since=task.submitted_at)), limit=9) == ([], None)
    assert place.client.llen(queue_key("estimate", Lane.HIGH)) == 1
    assert (place.ids(), place.client.exists(DEAD_KEY), stored()) == ([], 0, 1)
    assert place.history.task(f"{group}-0").state is State.FAILED
    assert place.history.outcome(f"{group}-0") == POISON
    assert 0 < place.client.ttl(GROUP_KEY.format(group=group)) <= SETTINGS.result_life_seconds


def test_many_who_replay_and_drop_at_once_have_one_effect(place: Place, stored: Callable[[], int]) -> None:
    group = place.ended(POISON, DONE, POISON, bodies=[LARGE] * 3)

    def take(number: int) -> bool:
        try:
            place.letters.replay(f"{group}-2") if number % 4 else place.letters.drop(f"{group}-2")
        except UnknownTask:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(32))) == 1
    queued = place.client.llen(queue_key("estimate", Lane.HIGH))
    assert queued in (0, 1)
    assert place.ids() == [f"{group}-0"]
    assert stored() == 1 + int(queued)


def test_a_dropped_letter_is_gone_with_its_body(place: Place, stored: Callable[[], int]) -> None:
    group = place.ended(POISON, POISON, bodies=[LARGE] * 2)
    place.letters.drop(f"{group}-0")
    assert place.letters.body(f"{group}-1") == LARGE
    place.letters.drop(f"{group}-1")
    assert (place.ids(), stored(), place.client.exists(DEAD_KEY)) == ([], 0, 0)
    assert not place.client.hexists(GROUP_KEY.format(group=group), "bodies")
    assert place.history.outcome(f"{group}-1") == POISON
    with pytest.raises(UnknownTask):
        place.letters.drop(f"{group}-1")


def test_a_letter_stays_if_its_replay_is_not_accepted(place: Place, stored: Callable[[], int]) -> None:
    group = place.ended(POISON, bodies=[b"small"])
    place.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.ResponseError):
            place.letters.replay(f"{group}-0")
    finally:
        place.client.config_set("maxmemory", 0)
    assert place.ids() == [f"{group}-0"]
    place.letters.replay(f"{group}-0")
    assert (place.ids(), stored()) == ([], 0)


def test_letters_are_listed_newest_first_in_pages_that_survive_a_replay(place: Place) -> None:
    first, second, third = (place.ended(*outcomes) for outcomes in ((POISON,), (POISON, DONE, POISON), (POISON,)))
    everything = [f"{third}-0", f"{second}-0", f"{second}-2", f"{first}-0"]
    assert place.ids() == everything
    found, after = place.letters.list(limit=2)
    assert ([letter.id for letter in found], after) == (everything[:2], everything[1])
    place.letters.replay(everything[1])
    place.letters.drop(everything[0])
    found, after = place.letters.list(limit=2, after=after)
    assert ([letter.id for letter in found], after) == (everything[2:], None)
    with pytest.raises(InvalidField):
        place.letters.list(limit=2, after=f"{new_group_id()}-0")


def test_an_item_that_runs_too_long_in_a_group_is_a_letter(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    """The item at fault alone, although its neighbours' work is done in the same delivery."""
    settings = Settings(redis_url=valkey_server.redis_url)
    place = Place(redis_client, "redis")
    heads = [Head(owner="ada", model="m") for _ in range(3)]
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=heads, bodies=[b"a", b"slow", b"c"])
    place.ledger.accept(group)

    def work(_: Any, claim: Claim) -> list[Outcome]:
        if b"slow" in claim.bodies:
            raise SoftTimeLimitExceeded
        return [DONE] * len(claim.heads)

    task: Any = SimpleNamespace(app=SimpleNamespace(settings=settings, holder="worker"))
    assert run_claimed(task, group.id, work) is None
    assert run_claimed(task, group.id, work) == "2 succeeded, 1 failed"
    assert place.ids() == [f"{group.id}-1"]
    assert place.letters.show(f"{group.id}-1").error.type == TimeLimit.__name__
    assert place.letters.body(f"{group.id}-1") == b"slow"


def test_an_outcome_that_cannot_be_written_is_tried_again(
    valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """The disk is full when the result comes, too often for the bound; no worker has died of it."""
    blobs = tmp_path / "blobs"
    url = f"file://{blobs}"
    settings = Settings(
        redis_url=valkey_server.redis_url, blobs_url=url, max_retries=2, retry_seconds=0.01, inline_bytes=10
    )
    place = Place(redis_client, url)
    heads = [Head(owner="ada", model="m")] * 2
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=heads, bodies=[b"a", b"b"])
    place.ledger.accept(group)
    place.ledger.claim(group.id, holder="dead")
    assert place.ledger.put_back(group.id, holder="dead")
    # A file is where the folder should be.
    blobs.touch()
    large = Outcome(State.SUCCEEDED, Media.JSON, LARGE)
    task: Any = SimpleNamespace(app=SimpleNamespace(settings=settings, holder="worker"))

    def run() -> str | None:
        eventually(lambda: place.ledger.put_back(group.id), what="the time of the next retry")
        return run_claimed(task, group.id, lambda _, claim: [large] * len(claim.heads))

    for retries in (1, 2):
        with pytest.raises(OSError, match=r".*"):
            run()
        assert place.history.task(f"{group.id}-1").retries == retries
    with pytest.raises(Unavailable, match="tried 3 times"):
        run()
    assert place.ids() == [f"{group.id}-0", f"{group.id}-1"]


def test_a_train_that_stored_its_version_succeeds_however_its_worker_ended(
    valkey_server: Valkey, redis_client: redis.Redis
) -> None:
    """It was killed for its time limit, too often, while it made its report."""
    settings = Settings(redis_url=valkey_server.redis_url)
    place = Place(redis_client, "redis")
    head = Head(owner="ada", model="m")
    group = Group(id=new_group_id(), kind=Kind.TRAIN, lane=Lane.LOW, heads=[head], bodies=[b""])
    place.ledger.accept(group)
    for _ in range(settings.max_deliveries):
        place.ledger.claim(group.id, holder="dead")
        assert place.ledger.put_back(group.id, holder="dead", timed_out=True)
    redis_client.hset(GROUP_KEY.format(group=group.id), "version", 1)
    task: Any = SimpleNamespace(app=SimpleNamespace(settings=settings, holder="worker"))
    assert run_claimed(task, group.id, lambda _, claim: [DONE] * len(claim.heads)) == "1 succeeded"


@pytest.fixture(scope="module")
def stack() -> Iterator[Service]:
    """A service that tries nothing again, with an estimator that needs a file."""
    env = {
        "MLSERVICE_MAX_RETRIES": "0",
        "MLSERVICE_INLINE_BYTES": "1000",
        "MLSERVICE_ESTIMATORS": "reading=tests.reading:Reading",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with Service(env=env) as running:
        rows = {"rows": [{"a": a, "y": a + 0.5} for a in range(50)]}
        initialised = running.http.post(
            "/v1/models/r/init?target=y&estimator=reading", json=rows, headers={"Prefer": "wait=30"}
        )
        assert initialised.status_code == 200, initialised.text
        yield running


def mlservice(stack: Service, *arguments: str | Path) -> CompletedProcess[str]:
    """`mlservice dead` for this service."""
    return commands.mlservice("dead", *arguments, home=stack.home)


def given_up(stack: Service, path: Path, *, size: int) -> str:
    """The id of a train that was given up because the file is not there."""
    answer = stack.train("r", params={"path": str(path), "note": "n" * size})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:mlservice:error:unavailable")
    return str(answer.headers["Location"]).rpartition("/")[2]


@pytest.mark.parametrize("size", [1, 5000])
def test_administrators_look_at_letters_and_replay_them_over_http(stack: Service, tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    handle = given_up(stack, path, size=size)
    listed = stack.http.get("/v1/dead", params={"limit": 1}).json()
    shown = stack.http.get(f"/v1/dead/{handle}").json()
    assert listed == {"letters": [shown], "next": None}
    assert (shown["id"], shown["owner"], shown["kind"], shown["model"]) == (handle, "admin", "train", "r")
    assert shown["body_bytes"] > size
    assert "FileNotFoundError" in shown["error"]["detail"]
    path.touch()
    replayed = stack.http.post(f"/v1/dead/{handle}/replay")
    assert replayed.status_code == 202
    assert replayed.headers["Location"] == f"/v1/tasks/{replayed.json()['id']}"
    task = stack.http.get(replayed.headers["Location"], headers={"Prefer": "wait=30"}).json()
    assert (task["state"], task["result"]["model"]) == ("succeeded", "r")
    assert stack.http.post(f"/v1/dead/{handle}/replay").status_code == 404
    assert stack.http.get(f"/v1/tasks/{handle}").json()["state"] == "failed"
    assert stack.http.get("/v1/dead").json() == {"letters": [], "next": None}
    eventually(lambda: not list(stack.home.blobs.glob("uploads/*")), what="the end of the bodies")


def test_administrators_drop_letters_over_http(stack: Service, tmp_path: Path) -> None:
    handles = [given_up(stack, tmp_path / "file", size=size) for size in (1, 5000)]
    page = stack.http.get("/v1/dead", params={"limit": 1}).json()
    following = stack.http.get(page["next"]).json()
    assert [letter["id"] for letter in page["letters"] + following["letters"]] == handles[::-1]
    for handle in handles:
        assert stack.http.delete(f"/v1/dead/{handle}").status_code == 204
        assert stack.http.delete(f"/v1/dead/{handle}").status_code == 404
    assert not list(stack.home.blobs.glob("uploads/*"))
    assert stack.http.get("/v1/dead", params={"limit": "x"}).status_code == 422


def test_the_command_line_lists_shows_replays_and_drops(stack: Service, tmp_path: Path) -> None:
    path, copy = tmp_path / "file", tmp_path / "body"
    first, second = (given_up(stack, path, size=size) for size in (1, 5000))
    lines = mlservice(stack, "list").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [second, first]
    documents = json.loads(mlservice(stack, "list", "--json").stdout)
    assert documents == [json.loads(mlservice(stack, "show", id_, "--json").stdout) for id_ in (second, first)]
    shown = mlservice(stack, "show", second, "--body", copy)
    assert f"id\t{second}\n" in shown.stdout
    assert "FileNotFoundError" in shown.stdout
    assert json.loads(copy.read_bytes())["params"]["note"] == "n" * 5000
    assert copy.stat().st_mode & 0o777 == 0o600
    assert mlservice(stack, "show", second, "--body", copy).returncode == 1
    path.touch()
    again = mlservice(stack, "replay", second).stdout.strip()
    task = stack.http.get(f"/v1/tasks/{again}", headers={"Prefer": "wait=30"}).json()
    assert task["state"] == "succeeded"
    assert mlservice(stack, "drop", first).returncode == 0
    refused = mlservice(stack, "drop", first)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"mlservice: there is no dead letter {first}")
    assert mlservice(stack, "list", "--json").stdout == "[]\n"


def test_administrators_replay_and_drop_in_the_console(stack: Service, tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="playwright is not installed: pip install -e '.[test]'")
    from playwright.sync_api import expect

    from tests.browser import Seen, chromium
    from tests.console import sign_in

    path, other = tmp_path / "file", tmp_path / "other"
    again = [given_up(stack, path, size=size) for size in (1, 2)]
    dropped = given_up(stack, other, size=1)
    with chromium() as browser:
        seen = Seen(browser)
        page = seen.page
        page.goto(f"{stack.url}/")
        sign_in(page, stack)
        page.get_by_role("link", name="Tasks").click()
        page.get_by_role("link", name="Failed for good").click()
        # Equal errors are together, most of them first.
        groups = page.get_by_role("heading", level=2)
        expect(groups).to_have_text(["2 times Unavailable", "1 times Unavailable"])
        path.touch()
        page.get_by_role("button", name="Replay all 2").click()
        expect(groups).to_have_text(["1 times Unavailable"])
        page.get_by_role("button", name="Drop Train r").click()
        expect(page.get_by_text("Nothing has failed for good.")).to_be_visible()
        assert not seen.complaints
    tasks = stack.http.get("/v1/tasks?kind=train&limit=2").json()["tasks"]
    for task in tasks:
        done = stack.http.get(f"/v1/tasks/{task['id']}", headers={"Prefer": "wait=30"}).json()
        assert done["state"] == "succeeded"
    assert stack.http.get("/v1/dead").json() == {"letters": [], "next": None}
    assert {stack.http.get(f"/v1/tasks/{handle}").json()["state"] for handle in (*again, dropped)} == {"failed"}
