"""Work in progress stays with the worker that has it, and leaves it when the worker is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tasks.config.settings import Settings
from tasks.contract import Lane, State
from tasks.ledger.fleet import members
from tasks.redis_keys import FLEET_KEY, UNACKED_INDEX_KEY, UNACKED_KEY, UNACKED_MUTEX_KEY, queue_key
from tests.harmful import NAP
from tests.moved_clock import moved_clock
from tests.servers import eventually
from tests.site import Site, begun, kill_group
from tests.workers import Worker

#: The lease where a test has to wait for its end (seconds).
LEASE = {"MLSERVICE_VISIBILITY_TIMEOUT_SECONDS": "2"}
#: Within so long work of a dead worker runs elsewhere, by the default settings (seconds).
ELSEWHERE_SECONDS = 15


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        yield running


def test_work_of_killed_workers_runs_elsewhere(site: Site, tmp_path: Path) -> None:
    site.init("killed")
    log, direct = tmp_path / "log", tmp_path / "direct"
    with site.worker("train", processes=2) as train, site.worker("estimate") as estimate:
        site.train("killed", log).result(timeout=20)
        (nap,) = site.together("killed", NAP)
        long = site.train("killed", log, seconds=2)
        call = send_train(site, "killed", log=str(direct), seconds=2)
        eventually(lambda: begun(direct), what="the start of the direct call")
        eventually(lambda: (nap.state, long.state) == (State.RUNNING, State.RUNNING), what="the start")
        kill_group(train)
        kill_group(estimate)
    with site.worker("train", processes=2) as train, site.worker("estimate") as estimate:
        # How long a worker takes to start is no matter here.
        for worker in (train, estimate):
            worker.wait_until_ready()
        there_at = time.time()
        eventually(lambda: len(begun(log)) == 3, seconds=ELSEWHERE_SECONDS, what="the train elsewhere")
        left = ELSEWHERE_SECONDS - (time.time() - there_at)
        eventually(lambda: len(begun(direct)) == 2, seconds=left, what="the direct call elsewhere")
        assert {long.result(timeout=20)["version"], call.get(timeout=20)["version"]} == {2, 3}
        acknowledged(site)
        assert nap.result(timeout=20)["predictions"] == [2 * NAP]
        started_at = nap.task().started_at
        assert started_at is not None
        assert started_at - there_at < ELSEWHERE_SECONDS
    assert site.versions("killed") == [1, 2, 3]


def test_a_killed_process_of_a_pool_loses_no_time(site: Site, tmp_path: Path) -> None:
    site.init("child")
    log = tmp_path / "log"
    with site.worker("train"):
        handle = site.train("child", log, seconds=2)
        os.kill(begun(log)[0], signal.SIGKILL)
        eventually(lambda: len(begun(log)) == 2, seconds=4, what="the second begin")
        assert handle.result(timeout=10)["version"] == 1


def test_a_worker_that_no_longer_understands_its_processes_ends(site: Site, tmp_path: Path) -> None:
    """Half a message is in the pipe of a process of its pool, as when that was interrupted while it wrote."""
    site.init("garbled")
    log = tmp_path / "log"
    with site.worker("train") as garbled:
        handle = site.train("garbled", log, seconds=3)
        write_to_pipes(begun(log)[0], b"\0\0\0\4\0\0\0\0")
        assert garbled.popen.wait(timeout=10) == 1
        with site.worker("train"):
            assert handle.result(timeout=20)["version"] == 1
    assert site.versions("garbled") == [1]


def acknowledged(site: Site) -> None:
    """A direct call has its result before its message is acknowledged: a worker that is killed in between leaves it to
    the next test's, which would make it again."""
    eventually(lambda: not site.redis.hlen(UNACKED_KEY.format(fleet="train")), what="the acknowledgement")


def test_a_train_longer_than_its_lease_runs_once(site: Site, tmp_path: Path) -> None:
    site.init("long")
    ours, direct = tmp_path / "ours", tmp_path / "direct"
    with site.worker("train", processes=2, env=LEASE), site.worker("train", processes=2, env=LEASE):
        handle = site.train("long", ours, seconds=5)
        call = send_train(site, "long", log=str(direct), seconds=5)
        versions = {handle.result(timeout=30)["version"], call.get(timeout=30)["version"]}
        acknowledged(site)
    assert versions == {1, 2}
    assert (len(begun(ours)), len(begun(direct))) == (1, 1)
    assert site.versions("long") == [1, 2]


def test_a_direct_call_runs_once_though_the_clock_is_put_forward(site: Site, tmp_path: Path) -> None:
    """Others give the worker that has it time to say so."""
    site.init("forward")
    direct = tmp_path / "direct"
    with moved_clock() as clock, site.worker("train", env=clock.env) as one:
        call = send_train(site, "forward", log=str(direct), seconds=20)
        eventually(lambda: begun(direct), seconds=40, what="the start of the direct call")
        with site.worker("train", env=clock.env) as other:
            other.wait_for("ready.", seconds=60)
            # It is patient at its start anyway. Then longer than from one look to the next.
            time.sleep(5)
            with one.paused():
                clock.move(3600)
                time.sleep(3)
            assert call.get(timeout=60)["version"] == 1
            acknowledged(site)
    assert len(begun(direct)) == 1


def test_a_direct_call_of_a_killed_worker_runs_elsewhere_though_the_clock_goes_back(site: Site, tmp_path: Path) -> None:
    site.init("back")
    direct = tmp_path / "direct"
    with moved_clock() as clock:
        env = {**LEASE, **clock.env}
        with site.worker("train", env=env) as worker:
            call = send_train(site, "back", log=str(direct), seconds=2)
            eventually(lambda: begun(direct), seconds=40, what="the start of the direct call")
            kill_group(worker)
        clock.move(-3600)
        with site.worker("train", env=env):
            assert call.get(timeout=40)["version"] == 1
            acknowledged(site)
    assert len(begun(direct)) == 2


def test_a_worker_that_stood_still_changes_nothing(site: Site, tmp_path: Path) -> None:
    """Its train was done by another worker meanwhile, and a later one is current."""
    site.init("still")
    log, later = tmp_path / "log", tmp_path / "later"
    with site.worker("train", env=LEASE) as still:
        handle = site.train("still", log, seconds=2, quiet=True)
        with still.paused(), site.worker("train", env=LEASE):
            assert handle.result(timeout=30)["version"] == 1
            assert site.train("still", later).result(timeout=20)["version"] == 2
            before = handle.task()
        still.wait_for("the hold on work", seconds=20)
    assert handle.task() == before
    assert len(begun(log)) == 2
    assert site.versions("still") == [1, 2]
    assert site.registry.current("still") == 2


def test_another_worker_of_the_machine_gives_back_what_a_killed_one_had(site: Site, tmp_path: Path) -> None:
    """Long before its lease has run out; one that stands still keeps what it has."""
    site.init("heir")
    log, env = tmp_path / "log", {"MLSERVICE_VISIBILITY_TIMEOUT_SECONDS": "120", "MLSERVICE_HOME": str(tmp_path)}
    with site.worker("train", env=env) as killed, site.worker("estimate", env=env) as heir:
        heir.wait_until_ready()
        handle = site.train("heir", log, seconds=4, quiet=True)
        with killed.paused():
            heir.wait_for("ready.")
            time.sleep(3)
            assert len(begun(log)) == 1
            assert "was killed" not in heir.output
        kill_group(killed)
        heir.wait_for("a worker was killed", seconds=20)
        with site.worker("train", env=env):
            assert handle.result(timeout=40)["version"] == 1
    assert len(begun(log)) == 2


def test_a_message_that_a_standing_worker_took_is_found(site: Site, tmp_path: Path) -> None:
    """Redis has handed it over, and no claim says so."""
    site.init("taken")
    key = queue_key("train", Lane.NORMAL)
    with site.worker("train", env=LEASE) as still:
        still.wait_until_ready()
        with paused_while_asking(site, still):
            handle = site.client.train("taken", params={"log": str(tmp_path / "log")})
            eventually(lambda: not site.redis.llen(key), what="the message to be taken")
            with site.worker("train", env=LEASE):
                assert handle.result(timeout=20)["version"] == 1
        still.wait_for("its message is dropped")
    assert site.versions("taken") == [1]


@contextmanager
def paused_while_asking(site: Site, worker: Worker) -> Iterator[None]:
    """The worker stands still while Redis has a question of its open, to which a message is the answer.

    It asks anew each second, and Redis forgets a question when its time is up. The other who asks is the system worker.
    """
    until = time.monotonic() + ELSEWHERE_SECONDS
    while time.monotonic() < until:
        with worker.paused():
            clients: Any = site.redis.info("clients")
            if clients["blocked_clients"] > 1:
                yield
                return
        # One that goes on for an instant alone never comes to it.
        time.sleep(0.005)
    raise AssertionError("the worker never asks for work")


def test_work_goes_on_while_redis_is_away(site: Site, tmp_path: Path) -> None:
    """For longer than the lease; then the worker says again that it is there."""
    site.init("away")
    ours, direct = tmp_path / "ours", tmp_path / "direct"
    with site.worker("train", processes=2, env=LEASE) as worker:
        worker.wait_until_ready()
        handle = site.train("away", ours, seconds=8)
        call = send_train(site, "away", log=str(direct), seconds=8, quiet=True)
        eventually(lambda: begun(ours) and begun(direct), what="the start of both")
        stopped(site, seconds=4)
        eventually(lambda: site.redis.delete(FLEET_KEY.format(fleet="train")), seconds=20, what="Redis")
        eventually(lambda: members(site.redis, "train"), seconds=20, what="the worker's word")
        versions = {handle.result(timeout=30)["version"], call.get(timeout=30)["version"]}
        acknowledged(site)
    assert versions == {1, 2}
    assert (len(begun(ours)), len(begun(direct))) == (1, 1)


def test_a_train_goes_on_while_redis_is_full(site: Site, tmp_path: Path) -> None:
    """How far it is cannot be written, which is all that happens."""
    site.init("full")
    log = tmp_path / "log"
    with site.worker("train"):
        handle = site.train("full", log, seconds=3)
        site.redis.config_set("maxmemory", 1)
        try:
            eventually(lambda: refusals(site) > 5, what="refused progress")
        finally:
            site.redis.config_set("maxmemory", 0)
        assert handle.result(timeout=20)["version"] == 1
    assert len(begun(log)) == 1
    assert handle.task().retries == 0


def test_what_is_accepted_is_done_while_redis_is_full(site: Site) -> None:
    """Nothing else would ever make room."""
    site.init("drained")
    with site.worker("train") as train, site.worker("estimate") as estimate:
        for worker in (train, estimate):
            worker.wait_until_ready()
        site.client.train("drained").result(timeout=20)
        with estimate.paused():
            handles = [site.client.estimate("drained", rows=[[n]]) for n in range(5)]
            handles += site.together("drained", 3, NAP, 4)
            site.redis.config_set("maxmemory", 1)
        try:
            eventually(lambda: all(handle.state is State.SUCCEEDED for handle in handles), seconds=20, what="the work")
        finally:
            site.redis.config_set("maxmemory", 0)


def test_nobody_keeps_the_lock_of_what_workers_left_longer_than_a_lease(site: Site) -> None:
    """kombu gives calls of dead workers back under a lock, which a worker that dies inside does not free."""
    key = UNACKED_MUTEX_KEY.format(fleet="train")
    # Nobody takes the lock where nothing was left; a note of no message is removed under it.
    site.redis.zadd(UNACKED_INDEX_KEY.format(fleet="train"), {"left": 1})
    with site.redis.monitor() as monitor, site.worker("train", env=LEASE):
        commands = (found["command"].split() for found in monitor.listen())
        locking = next(words for words in commands if words[:2] == ["SET", key])
    assert "NX" in locking
    assert int(locking[locking.index("PX") + 1]) == 2000


def refusals(site: Site) -> int:
    """How many commands Redis has refused for want of memory."""
    errors: Any = site.redis.info("errorstats")
    return int(errors.get("errorstat_OOM", {}).get("count", 0))


def write_to_pipes(pid: int, data: bytes) -> None:
    """Write into every pipe that this process has open for writing, but for what it says."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        # The process goes on meanwhile, and closes what it opens to look around.
        with suppress(FileNotFoundError):
            info = Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text()
            writes = int(info.partition("flags:")[2].split()[0], 8) & os.O_WRONLY
            if str(fd.readlink()).startswith("pipe:") and writes and int(fd.name) > 2:
                fd.write_bytes(data)


def test_a_process_that_dies_after_redis_came_back_leaves_its_worker_alone(site: Site, tmp_path: Path) -> None:
    """What was begun before has a message of the connection that is gone."""
    site.init("reconnected")
    log = tmp_path / "log"
    with site.worker("train", processes=2) as worker:
        worker.wait_until_ready()
        handle, other = (site.train("reconnected", log, seconds=6) for _ in range(2))
        eventually(lambda: len(begun(log)) == 2, what="the start of both")
        reconnected(site, worker)
        os.kill(begun(log)[0], signal.SIGKILL)
        assert {handle.result(timeout=40)["version"], other.result(timeout=40)["version"]} == {1, 2}
        assert worker.popen.poll() is None
    assert len(begun(log)) == 3


def test_a_direct_call_whose_process_dies_after_redis_came_back_is_made_again(site: Site, tmp_path: Path) -> None:
    """The channel that it came by is closed, and its worker goes on with what else it has."""
    site.init("returned")
    log, direct = tmp_path / "log", tmp_path / "direct"
    with site.worker("train", processes=2) as worker:
        worker.wait_until_ready()
        handle = site.train("returned", log, seconds=6)
        call = send_train(site, "returned", log=str(direct), seconds=3)
        eventually(lambda: begun(direct), what="the start of the direct call")
        reconnected(site, worker)
        os.kill(begun(direct)[0], signal.SIGKILL)
        assert {handle.result(timeout=40)["version"], call.get(timeout=40)["version"]} == {1, 2}
        acknowledged(site)
        assert "cannot go on" not in worker.output
    assert (len(begun(log)), len(begun(direct))) == (1, 2)


def stopped(site: Site, *, seconds: float) -> None:
    """Redis stands still for so long, and every connection to it is broken."""
    site.redis.client_kill_filter(_type="normal", skipme=True)
    site.valkey.popen.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    site.valkey.popen.send_signal(signal.SIGCONT)


def reconnected(site: Site, worker: Worker) -> None:
    """Break the worker's connections, and wait for its new ones."""
    before = worker.output.count("Connected to")
    site.redis.client_kill_filter(_type="normal", skipme=True)
    site.redis.client_kill_filter(_type="pubsub", skipme=True)
    eventually(lambda: worker.output.count("Connected to") > before, seconds=20, what="a new connection")


def send_train(site: Site, model: str, **params: object) -> Any:
    """A train that bare Celery asks for."""
    url = Settings(redis_url=site.url).broker.shown_url
    app = Celery("elsewhere", broker=url, backend=url)
    return app.send_task("tasks.train", kwargs={"model": model, "params": params}, queue="train", priority=3)
