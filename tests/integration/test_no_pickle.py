"""No pickle: not in Redis, not on the wire to it, not in the blobs; and none is read."""

from __future__ import annotations

import base64
import binascii
import json
import pickle
import pickletools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tasks.client import Client
from tasks.config.settings import Settings
from tasks.contract import Kind
from tasks.errors import ServiceError
from tests.servers import eventually
from tests.service import Service

ROWS = [{"a": a, "b": f"t{b % 3}", "y": a + b + 0.5} for a in range(20) for b in range(20)]
#: The least that must have been looked at.
FEWEST_VALUES = 200


def is_pickle(data: bytes) -> bool:
    """Whether this is a pickle, or begins as one does."""
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    try:
        *_, (_, _, end) = pickletools.genops(data)
    except Exception:
        return False
    return end == len(data) - 1


def nested(data: bytes) -> Iterator[bytes]:
    """The bytes, and whatever lies in them as JSON or base64."""
    yield data
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for text in texts(document):
        if len(text) >= 8:
            try:
                yield from nested(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                yield from nested(text.encode())


def texts(value: Any) -> Iterator[str]:
    """All texts in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.items() for text in texts(list(part)))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts(part))


def stored(client: redis.Redis) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of everything that Redis holds."""
    readers: dict[bytes, Any] = {
        b"string": lambda key: [client.get(key)],
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": lambda key: list(client.smembers(key)),
        b"zset": lambda key: [member for member, _ in client.zscan_iter(key)],
        b"hash": lambda key: [part for pair in client.hgetall(key).items() for part in pair],
    }
    for key in client.scan_iter(count=1000):
        kind: Any = client.type(key)
        if kind != b"none":
            yield from ((f"{kind.decode()} {key!r}", value) for value in readers[kind](key) if value is not None)


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(where, argument) of every command in the append-only file: what Redis ever held, also for a moment."""
    for path in sorted(folder.glob("**/*.incr.aof")):
        with path.open("rb") as file:
            # Commands in RESP, and the time as a comment. The last one may be half written.
            while line := file.readline():
                for _ in range(int(line[1:]) if line.startswith(b"*") else 0):
                    length = int(file.readline()[1:] or 0)
                    yield f"{path.name} at {file.tell()}", file.read(length + 2)[:length]


class Wiretap:
    """Keeps what is published on all channels while it listens: replies, worker events, results."""

    def __init__(self, client: redis.Redis) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._pubsub = client.pubsub()  # type: ignore[no-untyped-call]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Wiretap:
        self._pubsub.psubscribe("*")
        assert self._pubsub.get_message(timeout=5)["type"] == "psubscribe"
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._pubsub.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            message = self._pubsub.get_message(timeout=0.1)
            if message:
                self.heard.append((f"channel {message['channel']!r}", message["data"]))


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[redis.Redis]:
    """The embedded Valkey, as the one user that may read all of it."""
    with service.master() as connection:
        yield connection


@pytest.fixture(scope="module")
def celery_app(service: Service) -> Iterator[Celery]:
    """Bare Celery."""
    url = Settings(redis_url=service.redis_url).broker.shown_url
    app = Celery("another-service", broker=url, backend=url)
    yield app
    app.close()


@pytest.fixture(scope="module")
def published(service: Service, client: redis.Redis, celery_app: Celery) -> list[tuple[str, bytes]]:
    """What was published while work of every kind was done, and failed, by every way in."""
    with Wiretap(client) as wiretap:
        over_http(service)
        by_client(service.redis_url)
        by_celery(celery_app)
        eventually(lambda: any("celeryev" in where for where, _ in wiretap.heard), what="the events of the workers")
    return wiretap.heard


def over_http(service: Service) -> None:
    assert service.init("pickles", {"rows": ROWS}, target="y").status_code == 200
    assert service.train("pickles").status_code == 200
    large = {"rows": [[a % 20, "t1"] for a in range(40_000)]}
    for body, status in (({"rows": [[1, "t1"]]}, 200), (large, 200), ({"rows": [["x", "y"]]}, 422)):
        assert service.estimate("pickles", body).status_code == status
    csv = b"a,b\n1,t1\n"
    for accept in ("application/vnd.apache.arrow.stream", "text/csv"):
        headers = {"Content-Type": "text/csv", "Accept": accept, "Prefer": "wait=30"}
        answer = service.http.post("/v1/models/pickles/estimate", content=csv, headers=headers)
        assert answer.status_code == 200
    assert service.train("pickles", params={"depht": 1}).status_code == 422


def by_client(redis_url: str) -> None:
    python = Client(redis_url)
    python.estimate("pickles", rows=[[1, "t2"]]).result(timeout=20)
    with pytest.raises(ServiceError):
        python.train("pickles", promote="maybe").result(timeout=20)


def by_celery(app: Celery) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("tasks.init", {"model": "pickles", "target": "y", "rows": ROWS}),
        ("tasks.train", {"model": "pickles", "params": {"num_iterations": 30}}),
        ("tasks.estimate", {"model": "pickles", "rows": [[3, "t0"]]}),
    ]
    for name, kwargs in calls:
        assert app.send_task(name, kwargs=kwargs).get(timeout=30)["model"] == "pickles"
    with pytest.raises(Exception, match="not initialised"):
        app.send_task("tasks.train", kwargs={"model": "never-made"}).get(timeout=30)


def pickles(values: Iterator[tuple[str, bytes]]) -> tuple[int, list[str]]:
    """How many values there are, and where pickles are among them."""
    count, found = 0, []
    for where, data in values:
        count += 1
        if any(map(is_pickle, nested(data))):
            found.append(f"{where}: {data[:60]!r}")
    return count, found


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_would_be_found(protocol: int) -> None:
    data = pickle.dumps({"rows": [[1, 2.5, "x"]]}, protocol)
    message = json.dumps({"body": base64.b64encode(data).decode()}).encode()
    assert pickles(iter([("plain", data), ("in a message", message), ("JSON", b'{"a": [1]}')])) == (
        3,
        [f"plain: {data[:60]!r}", f"in a message: {message[:60]!r}"],
    )


def test_redis_holds_no_pickle(client: redis.Redis, published: list[tuple[str, bytes]]) -> None:
    count, found = pickles(stored(client))
    assert found == []
    assert count > FEWEST_VALUES


def test_redis_was_never_sent_one(service: Service, published: list[tuple[str, bytes]]) -> None:
    """Also not in what is gone again: messages, unacknowledged ones, progress, bodies."""
    eventually(lambda: any(b"celery-task-meta" in data for _, data in written(service.home.redis)), what="the file")
    count, found = pickles(written(service.home.redis))
    assert found == []
    assert count > FEWEST_VALUES


def test_no_pickle_is_published(published: list[tuple[str, bytes]]) -> None:
    channels = {where.split(".")[0] for where, _ in published}
    assert any("ml:reply" in channel for channel in channels)
    assert any("celery-task-meta" in channel for channel in channels)
    assert pickles(iter(published))[1] == []


def test_blobs_hold_no_pickle(service: Service, published: list[tuple[str, bytes]]) -> None:
    files = [path for path in service.home.blobs.rglob("*") if path.is_file()]
    count, found = pickles((str(path), path.read_bytes()) for path in files)
    assert found == []
    assert count >= 3


class Touch:
    """What, unpickled, makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("queue", [kind.value for kind in Kind])
def test_a_pickle_in_a_queue_is_dropped_unread(
    service: Service, client: redis.Redis, celery_app: Celery, tmp_path: Path, queue: str
) -> None:
    """The worker survives it, and does what comes after it."""
    proof = tmp_path / "unpickled"
    body = pickle.dumps(([], {"model": Touch(proof)}, {}))
    celery_app.send_task(f"tasks.{queue}", kwargs={"model": "nobody"}, queue="celery-held")
    held = json.loads(client.rpop("celery-held"))  # type: ignore[arg-type]
    held["content-type"], held["content-encoding"] = "application/x-python-serialize", "binary"
    held["body"] = base64.b64encode(body).decode()
    held["properties"]["delivery_info"]["routing_key"] = queue
    client.lpush(queue, json.dumps(held))
    result = celery_app.send_task(f"tasks.{queue}", kwargs={"model": "nobody"}, queue=queue)
    with pytest.raises(Exception, match=r"not initialised|is missing|one of rows"):
        result.get(timeout=20)
    assert not client.llen(queue)
    assert not proof.exists()
    client.delete("_kombu.binding.celery-held", "celery-held")
