"""A task is followed by server-sent events, through NGINX."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from gateway.resources.events import QUIET_SECONDS
from infra.commands.status import program_status
from tasks.client import Client
from tasks.watch.watching import LOOK_SECONDS
from tests import slow
from tests.events import Event, following
from tests.integration.test_auth import add
from tests.problems import refused
from tests.servers import children_of, eventually
from tests.service import Service

MODEL = "followed"
#: Of a train that is looked at several times, however fast the machine is.
ITERATIONS = 5000
#: Within which a stream that is opened again comes to its end.
FOLLOWED_SECONDS = 30.0


@pytest.fixture(scope="module", autouse=True)
def model(service: Service) -> None:
    """A model whose trains take their time."""
    rows = {"rows": [{"a": number, "y": number} for number in range(20)]}
    assert service.init(MODEL, rows, target="y", estimator="slow").status_code == 200


def train(service: Service, *, iterations: int, step: float = slow.STEP_SECONDS, **more: str) -> str:
    """The handle of a train that takes so many seconds an iteration."""
    params = {"iterations": iterations, "step": step, **more}
    answer = service.http.post(f"/v1/models/{MODEL}/train", json={"params": params})
    assert answer.status_code == 202
    return str(answer.json()["id"])


def all_events(service: Service, handle: str, *, last: str | None = None, token: str = "") -> list[Event]:
    with following(service.url, token or service.token(), handle, last=last) as found:
        return list(found)


def end_of(service: Service, handle: str, *, last: str, token: str) -> Event:
    """The last event of the task for a client that comes again, as a browser does, where a stream ended before it."""
    deadline = time.monotonic() + FOLLOWED_SECONDS
    while time.monotonic() < deadline:
        for event in all_events(service, handle, last=last, token=token):
            if event.kind == "result":
                return event
            last = event.id
    raise AssertionError("no stream came to the task's end")


def test_a_train_is_followed_to_its_end(service: Service) -> None:
    handle = train(service, iterations=25)
    seen = all_events(service, handle)
    assert len({event.id for event in seen}) == len(seen)
    states = [event.data["state"] for event in seen if event.kind == "state"]
    assert states[-2:] == ["running", "succeeded"]
    assert set(states[:-2]) <= {"queued"}
    progress = [event for event in seen if event.kind == "progress"]
    iterations = [event.data["iteration"] for event in progress]
    assert iterations == sorted(set(iterations))
    assert iterations[-1] == 25
    assert len(iterations) > 5
    for event in progress:
        step = event.data["iteration"]
        assert (event.data["total"], event.data["metrics"]) == (25, slow.losses(step))
        assert (event.data["seconds_left"] > 0) is (step < 25)
    # They come while it runs, and not together at the end.
    assert progress[-1].at - progress[0].at > 1
    assert [event.kind for event in seen[-2:]] == ["state", "result"]
    shown = service.http.get(f"/v1/tasks/{handle}").json()
    assert seen[-1].data == shown
    version = service.http.get(f"/v1/models/{MODEL}/versions/{shown['result']['version']}").json()
    line = version["curve"]["lines"]["holdout"]
    assert line["iterations"] == list(range(1, 26))
    assert line["metrics"]["loss"][:2] == [2, 1]
    assert version["curve"]["best"] == {"loss": {"iteration": 25, "value": 0.08, "higher_is_better": False}}


def test_a_train_of_lightgbm_tells_every_set_in_every_event(service: Service) -> None:
    rows = [{"a": number % 97, "b": number * 7919 % 101, "y": number * 31 % 89} for number in range(3000)]
    assert service.init("trees", {"rows": rows}, target="y").status_code == 200
    params = {"num_iterations": ITERATIONS, "early_stopping_rounds": 0}
    answer = service.http.post("/v1/models/trees/train", json={"params": params})
    seen = all_events(service, answer.json()["id"])
    told = [event.data for event in seen if event.kind == "progress"]
    assert len(told) > 3
    assert all(data["metrics"].keys() == data["measured"].keys() == {"train", "holdout"} for data in told)
    assert all(data["measured"]["holdout"] == data["iteration"] for data in told)
    # The curve of train goes on while it is watched, though it is not measured in most iterations.
    measured = [data["measured"]["train"] for data in told]
    assert measured == sorted(measured)
    assert len(set(measured)) > len(told) // 2
    assert all(0 <= data["iteration"] - data["measured"]["train"] < ITERATIONS / 40 + 1 for data in told)
    # What was told last is what is kept.
    version = service.http.get(f"/v1/models/trees/versions/{seen[-1].data['result']['version']}").json()
    for part, line in version["curve"]["lines"].items():
        assert line["iterations"][-1] == ITERATIONS
        assert line["metrics"]["rmse"][-1] == pytest.approx(told[-1]["metrics"][part]["rmse"], rel=1e-5)
    best = version["curve"]["best"]["rmse"]
    assert best["iteration"] == told[-1]["best"]["rmse"]["iteration"]
    assert best["value"] == min(version["curve"]["lines"]["holdout"]["metrics"]["rmse"])


def test_the_place_in_the_queue_is_told_as_it_changes(service: Service) -> None:
    # As many as there are train processes, and then some.
    running = [train(service, iterations=100) for _ in range(2)]
    for handle in running:
        state_is(service, handle, "running")
    waiting = [train(service, iterations=1) for _ in range(3)]
    with following(service.url, service.token(), waiting[-1]) as found:
        assert next(found).data["position"] == 3
        assert service.http.delete(f"/v1/tasks/{waiting[0]}").status_code == 200
        changed = next(found)
        assert (changed.kind, changed.data["state"], changed.data["position"]) == ("state", "queued", 2)
        for handle in running:
            service.http.delete(f"/v1/tasks/{handle}")
        assert list(found)[-1].data["state"] == "succeeded"


def state_is(service: Service, handle: str, state: str) -> None:
    """Wait until the task is in this state."""
    eventually(lambda: service.http.get(f"/v1/tasks/{handle}").json()["state"] == state, what=state, seconds=20)


def test_http_and_python_see_the_same_numbers(service: Service) -> None:
    # Slow enough that neither misses an iteration between two looks.
    handle = train(service, iterations=8, step=3 * LOOK_SECONDS)
    with ThreadPoolExecutor(1) as thread:
        client = Client(service.redis_url)
        python = thread.submit(lambda: list(client.handle(handle).watch()))
        events = [event.data for event in all_events(service, handle) if event.kind == "progress"]
        by_iteration = {progress["iteration"]: progress for progress in python.result(timeout=20)}
    both = [progress for progress in events if progress["iteration"] in by_iteration]
    assert events[-1] in both
    assert len(both) > 3
    assert all(progress == by_iteration[progress["iteration"]] for progress in both)


def test_a_train_that_is_cancelled_stops_within_one_iteration(service: Service, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = train(service, iterations=600, log=str(log))
    eventually(lambda: log.exists() and len(log.read_text().split()) > 2, seconds=20, what="some iterations")
    with following(service.url, service.token(), handle) as found:
        assert service.http.delete(f"/v1/tasks/{handle}").status_code == 202
        begun = len(log.read_text().split())
        assert list(found)[-1].data["state"] == "cancelled"
    # The one that begins in this very moment.
    assert len(log.read_text().split()) <= begun + 1


def test_a_train_whose_worker_dies_is_followed_on(service: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    handle = train(service, iterations=15, gate=str(gate))
    seen: list[Event] = []
    with following(service.url, service.token(), handle) as found:
        for event in found:
            seen.append(event)
            if event.kind == "progress":
                break
        worker = program_status(service.home.service())["worker-train"].pid
        for process in [worker, *children_of(worker)]:
            os.kill(process, signal.SIGKILL)
        gate.touch()
        seen += list(found)
    assert len({event.id for event in seen}) == len(seen)
    states = [(event.data["state"], event.data["at"]) for event in seen if event.kind == "state"]
    starts = {at for state, at in states if state == "running"}
    assert len(starts) == 2
    assert seen[-1].data["state"] == "succeeded"


def test_a_stream_that_broke_goes_on(service: Service) -> None:
    handle = train(service, iterations=20)
    first: list[Event] = []
    with following(service.url, service.token(), handle) as found:
        for event in found:
            first.append(event)
            if event.kind == "progress":
                break
    rest = all_events(service, handle, last=first[-1].id)
    assert not {event.id for event in first} & {event.id for event in rest}
    assert rest[0].data.get("iteration", 0) > first[-1].data["iteration"] or rest[0].kind == "state"
    assert [event.kind for event in rest[-2:]] == ["state", "result"]
    headers = {"Last-Event-ID": rest[-1].id}
    assert service.http.get(f"/v1/tasks/{handle}/events", headers=headers).status_code == 204
    # Who saw nothing is told how it ended.
    assert [event.kind for event in all_events(service, handle)] == ["progress", "state", "result"]
    assert [event.kind for event in all_events(service, handle, last="nonsense")][-1] == "result"


def test_another_process_goes_on_for_one_that_dies(service: Service) -> None:
    handle = train(service, iterations=40)
    master = program_status(service.home.service())["gateway"].pid
    seen: list[Event] = []
    with following(service.url, service.token(), handle) as found:
        for event in found:
            seen.append(event)
            if event.kind == "progress":
                break
        for child in children_of(master):
            os.kill(child, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            seen += list(found)
    eventually(lambda: service.http.get("/health/live").status_code == 200, what="the gateway")
    rest = all_events(service, handle, last=seen[-1].id)
    assert not {event.id for event in seen} & {event.id for event in rest}
    assert rest[-1].data["state"] == "succeeded"


def test_a_restart_lets_streams_go(service: Service) -> None:
    handle, token = train(service, iterations=40), service.token()
    with following(service.url, token, handle) as found:
        last = next(event for event in found if event.kind == "progress")
        os.kill(program_status(service.home.service())["gateway"].pid, signal.SIGHUP)
        seen = [last, *found]
    assert seen[-1].kind != "result"
    # The token is the old one: NGINX repeats what only reads where a gateway that leaves had closed its connection. One
    # that is about to leave may take the request and end the stream before its first event.
    assert end_of(service, handle, last=seen[-1].id, token=token).data["state"] == "succeeded"


def test_a_cancel_is_seen(service: Service) -> None:
    handle = train(service, iterations=100)
    with following(service.url, service.token(), handle) as found:
        for event in found:
            if event.kind == "progress":
                service.http.delete(f"/v1/tasks/{handle}")
                break
        kinds = [(event.kind, event.data.get("state")) for event in found if event.kind != "progress"]
    assert kinds == [("state", "cancelled"), ("result", "cancelled")]


def test_an_estimate_is_followed_too(service: Service) -> None:
    train_end = all_events(service, train(service, iterations=1))[-1].data
    assert train_end["state"] == "succeeded"
    handle = service.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [[3]]}).json()["id"]
    end = all_events(service, handle)[-1]
    assert end.data["result"]["predictions"] == [6]
    failed = service.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [["three"]]}).json()["id"]
    assert all_events(service, failed)[-1].data["error"]["type"] == "InvalidRows"


def test_who_may_not_is_told_so(service: Service) -> None:
    handle = train(service, iterations=1)
    other = add(service, "onlooker", "tasks:read")
    refused(other.ask("GET", f"/v1/tasks/{handle}/events"), 404)
    refused(httpx.get(f"{service.url}/v1/tasks/{handle}/events"), 401)
    refused(
        service.http.get(f"/v1/tasks/{handle}/events", headers={"Accept": "application/json"}), 406, "text/event-stream"
    )
    refused(service.http.get("/v1/tasks/none/events"), 404)


def test_a_token_that_ends_ends_the_stream(service: Service) -> None:
    token, handle = service.token(), train(service, iterations=200)
    with following(service.url, token, handle) as found:
        assert next(found).kind == "state"
        began = time.monotonic()
        ended = httpx.delete(f"{service.url}/v1/token", headers={"Authorization": f"Bearer {token}"})
        assert ended.status_code == 204
        last = list(found)[-1]
    assert (last.kind, last.data["status"]) == ("error", 401)
    assert time.monotonic() - began < QUIET_SECONDS + 2
    service.http.delete(f"/v1/tasks/{handle}")


def test_many_who_watch_do_not_stop_a_normal_client(service: Service) -> None:
    handle, token = train(service, iterations=30), service.token()

    def watch(_: int) -> str:
        with following(service.url, token, handle) as found:
            return str(list(found)[-1].data["state"])

    with ThreadPoolExecutor(200) as threads:
        watching = [threads.submit(watch, number) for number in range(200)]
        waits: list[float] = []
        while not all(stream.done() for stream in watching):
            began = time.monotonic()
            assert service.http.get("/health/live").status_code == 200
            waits.append(time.monotonic() - began)
            time.sleep(0.05)
        assert {stream.result() for stream in watching} == {"succeeded"}
    assert sorted(waits)[len(waits) // 2] < 0.5
