"""The Python client: handles, lanes, progress, results, errors."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
import redis

from tasks.client import Client
from tasks.contract import Lane, Media, Promote, State
from tasks.errors import (
    InvalidField,
    InvalidParams,
    InvalidRows,
    InvalidTarget,
    ModelNotInitialised,
    ModelNotTrained,
    NotFound,
    ServiceError,
    UnknownTask,
    UnknownVersion,
)
from tests.service import Service

ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    """A client of the running service."""
    return Client(service.redis_url, owner="tests")


@pytest.fixture(scope="module")
def model(client: Client) -> str:
    """A trained model of y = a + b + 0.5."""
    client.init("client", rows=ROWS, target="y").result(timeout=30)
    client.train("client").result(timeout=30)
    return "client"


def test_init_train_and_estimate(client: Client) -> None:
    init = client.init("client-whole", rows=ROWS, target="y", options={"holdout": 0.5})
    assert init.result(timeout=30)["rows"] == len(ROWS)
    train = client.train("client-whole", params={"num_iterations": 60}, promote=Promote.NEVER).result(timeout=30)
    assert (train["version"], train["promoted"]) == (1, False)
    estimate = client.estimate("client-whole", rows=[[3, 4], {"b": 12, "a": 10}], version=1)
    answer = estimate.result(timeout=10)
    assert answer["predictions"] == pytest.approx([7.5, 22.5], abs=1)
    assert estimate.result(timeout=10) == answer
    assert estimate.state is State.SUCCEEDED
    task = estimate.task()
    assert (task.owner, task.model, task.lane) == ("tests", "client-whole", Lane.NORMAL)
    assert task.submitted_at <= (task.started_at or 0) <= (task.finished_at or 0)


def test_a_dry_run_and_then_its_table(client: Client, service: Service) -> None:
    data = b"k,a,y\n" + b"5,1,2\n5,2,3.5\n" * 20
    seen = client.init("client-seen", data=data, dry_run=True).result(timeout=30)
    assert {column["name"]: column["role"] for column in seen["plan"]["columns"]}["k"] == "ignore"
    found = client.init("client-seen", upload=seen["upload"], target="y", replace=True).result(timeout=30)
    assert (found["rows"], [column["name"] for column in found["columns"]]) == (40, ["a"])
    with pytest.raises(NotFound):
        Client(service.redis_url, owner="another").init("client-seen", upload=seen["upload"], target="y").result(
            timeout=30
        )


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_is_answered(client: Client, model: str, lane: Lane) -> None:
    handle = client.estimate(model, columns={"a": [1, 2], "b": [3, 4]}, lane=lane)
    assert len(handle.result(timeout=10)["predictions"]) == 2
    assert handle.task().lane is lane


def test_data_in_csv_and_arrow_and_back(client: Client, model: str) -> None:
    csv = b"a,b\n3,4\n"
    found = client.estimate(model, data=csv, media=Media.CSV, accept=Media.CSV).result(timeout=10)
    table = pa.table({"a": [3.0], "b": [4.0]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = client.estimate(model, data=sink.getvalue().to_pybytes(), accept=Media.ARROW).result(timeout=10)
    value = pa.ipc.open_stream(arrow).read_all()["prediction"][0].as_py()
    assert float(found.split()[1]) == pytest.approx(value, abs=1e-9)
    init = client.init("client-csv", data=b"a,y\n" + b"1,2\n2,3.5\n" * 20, target="y")
    assert init.result(timeout=30)["rows"] == 40


@pytest.mark.parametrize("accept", [Media.JSON, Media.CSV, Media.ARROW])
def test_notes_of_every_format(client: Client, model: str, accept: Media) -> None:
    handle = client.estimate(model, rows=[{"a": 1, "b": 2, "more": 3}], accept=accept)
    assert [(note["code"], note["column"]) for note in handle.notes(timeout=20)] == [("unknown_column", "more")]
    assert not client.estimate(model, rows=[{"a": 1, "b": 2}], accept=accept).notes(timeout=20)


def test_progress_follows_a_train(client: Client) -> None:
    client.init("client-slow", rows=ROWS, target="y", estimator="slow").result(timeout=30)
    # So many that it is looked at several times, also by a process that is kept waiting.
    iterations = 60
    handle = client.train("client-slow", params={"iterations": iterations, "step": 0.05}, promote="never")
    seen = []
    while not handle.state.final:
        if (progress := handle.progress) is not None:
            seen.append(progress["iteration"])
        time.sleep(0.02)
    assert handle.result(timeout=1)["promoted"] is False
    assert len(set(seen)) > 2
    assert seen == sorted(seen)
    last = handle.progress
    assert last is not None
    assert (last["iteration"], last["total"]) == (iterations, iterations)


def test_errors_are_raised_as_what_they_are(client: Client, model: str) -> None:
    cases: list[tuple[object, type[ServiceError], str | None]] = [
        (client.estimate(model, rows=[[1, "x"]]), InvalidRows, "/rows/0/1"),
        (client.estimate(model, rows=[[1, 2]], version=99), UnknownVersion, "?version"),
        (client.estimate("client-none", rows=[[1, 2]]), ModelNotInitialised, None),
        (client.train("client-none"), ModelNotInitialised, None),
        (client.train(model, params={"depht": 3}), InvalidParams, "/params/depht"),
        (client.train(model, promote="maybe"), InvalidField, "/promote"),
        (client.init("client-none", rows=ROWS, target="z"), InvalidTarget, "?target"),
        (client.init("client-none", source="elsewhere", target="y"), InvalidField, "/source"),
    ]
    for handle, error, pointer in cases:
        with pytest.raises(error) as caught:
            handle.result(timeout=20)  # type: ignore[attr-defined]
        assert type(caught.value) is error
        assert caught.value.pointer == pointer
        assert str(caught.value)
    client.init("client-untrained", rows=ROWS, target="y").result(timeout=20)
    with pytest.raises(ModelNotTrained, match="train"):
        client.estimate("client-untrained", rows=[[1, 2]]).result(timeout=20)


def test_wrong_calls_are_refused_before_anything_is_sent(client: Client) -> None:
    with pytest.raises(InvalidField, match="one of rows, columns or data"):
        client.estimate("client", rows=[[1, 2]], data=b"a")
    with pytest.raises(InvalidField, match="one of rows, data, source or upload"):
        client.init("client", target="y")
    with pytest.raises(InvalidField, match="not allowed"):
        client.train("no such/name")
    with pytest.raises(UnknownTask):
        client.handle("made-up")
    with pytest.raises(UnknownTask):
        client.handle(f"{'0' * 32}-0").task()
    with pytest.raises(InvalidField, match="lane must be one of"):
        client.estimate("client", rows=[[1, 2]], lane="urgent")


def test_a_result_that_does_not_come_is_a_timeout(service: Service, client: Client, model: str) -> None:
    with service.halted("worker-train"):
        handle = client.train(model, params={"num_iterations": 4}, promote="never")
        with pytest.raises(TimeoutError, match="goes on"):
            handle.result(timeout=0.05)
    assert handle.result(timeout=30)["model"] == model


def test_waiting_is_woken_and_does_not_sleep(client: Client, model: str) -> None:
    client.estimate(model, rows=[[1, 2]]).result(timeout=10)
    times = []
    for _ in range(10):
        start = time.monotonic()
        client.estimate(model, rows=[[1, 2]]).result(timeout=10)
        times.append(time.monotonic() - start)
    assert min(times) < 0.2, times


def test_another_process_finds_the_work_by_its_handle(service: Service, client: Client, model: str) -> None:
    handle = client.estimate(model, rows=[[3, 4]])
    code = (
        "import sys; from tasks.client import Client\n"
        "print(Client(sys.stdin.readline().strip()).handle(sys.argv[1]).result(timeout=10)['predictions'][0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, handle.id],
        input=service.redis_url,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert float(done.stdout) == handle.result(timeout=10)["predictions"][0]


def test_eight_threads_share_a_client(service: Service, client: Client, model: str) -> None:
    values = [client.estimate(model, rows=[[a, 1]]).result(timeout=10)["predictions"][0] for a in range(20)]

    def calls(thread: int) -> None:
        for number in range(25):
            a = (thread + number) % 20
            answer = client.estimate(model, rows=[[a, 1]], lane=list(Lane)[number % 3]).result(timeout=20)
            assert answer["predictions"] == [pytest.approx(values[a], abs=1e-9)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(calls, range(8)))
    with redis.Redis.from_url(service.redis_url) as connection:
        assert not connection.zcard("ml:pending:estimate")
        assert connection.pubsub_channels("ml:reply:client-*") == []
