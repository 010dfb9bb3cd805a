"""Scripts of the ledger on the connection on which a message came, and the next wait in the packet of the last one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hiredis
import pytest
import redis

from tasks.worker.line import Call, Line
from tests.servers import Valkey

LIST = "waited-for"
#: Counts how often it ran, and says who asked.
SCRIPT = "return {redis.call('INCR', KEYS[1]), ARGV[1]}"


class Channel:
    """What a line needs of kombu's channel."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.waits: Any = None

    def next_wait(self) -> bytes:
        command: Any = ("BRPOP", LIST, 1)
        packet: bytes = hiredis.pack_command(command)
        return packet

    def waits_already(self, connection: Any) -> None:
        self.waits = connection


@pytest.fixture
def channel(valkey_server: Valkey, redis_client: redis.Redis) -> Iterator[Channel]:
    made: Any = redis.Redis.from_url(valkey_server.redis_url, socket_timeout=5)
    with made.client() as client:
        client.ping()
        yield Channel(client)


def call(client: redis.Redis, line: Line, *, last: bool = False) -> Call:
    return line.script(client.register_script(SCRIPT), last=last)


def test_a_script_runs_on_the_line_while_that_is_taken(channel: Channel, redis_client: redis.Redis) -> None:
    line = Line(lambda: True)
    run = call(redis_client, line)
    ran_there = count_of(channel)
    assert run(keys=["runs"], args=["own"]) == [1, b"own"]
    assert count_of(channel) == ran_there + 1, "what asks"
    line.take(channel)
    # The server has the script by now; were it not so, it would be sent on the other connection.
    assert [run(keys=["runs"], args=[n]) for n in (7, 8)] == [[2, b"7"], [3, b"8"]]
    line.leave()
    # What asks, and two scripts with a command in each.
    assert count_of(channel) == ran_there + 1 + 1 + 4
    assert run(keys=["runs"], args=["own"]) == [4, b"own"]
    assert line.lost is None


def test_a_script_that_redis_does_not_know_is_sent(channel: Channel, redis_client: redis.Redis) -> None:
    redis_client.script_flush()
    line = Line(lambda: True)
    line.take(channel)
    assert call(redis_client, line)(keys=["runs"], args=["x"]) == [1, b"x"]
    assert line.lost is None


def test_the_next_wait_goes_with_the_last_script(channel: Channel, redis_client: redis.Redis) -> None:
    line = Line(lambda: True)
    line.take(channel)
    run = call(redis_client, line, last=True)
    run(keys=["runs"], args=["loads it"])
    line.take(channel)
    redis_client.lpush(LIST, "one", "two")
    connection: Any = channel.client.connection
    assert connection.read_response() == [LIST.encode(), b"one"]
    assert run(keys=["runs"], args=["x"]) == [2, b"x"]
    assert channel.waits is connection
    # Once more after the last: not on a connection that waits.
    assert run(keys=["runs"], args=["y"]) == [3, b"y"]
    assert connection.read_response() == [LIST.encode(), b"two"]


def test_who_is_not_to_take_more_waits_for_nothing(channel: Channel, redis_client: redis.Redis) -> None:
    line = Line(lambda: False)
    line.take(channel)
    assert call(redis_client, line, last=True)(keys=["runs"], args=["x"]) == [1, b"x"]
    assert channel.waits is None
    assert channel.client.ping()


def test_what_cannot_be_said_there_is_said_on_the_other(channel: Channel, redis_client: redis.Redis) -> None:
    line = Line(lambda: True)
    run = call(redis_client, line, last=True)
    assert run(keys=["runs"], args=["loads it"]) == [1, b"loads it"]
    redis_client.client_kill_filter(_id=str(channel.client.client_id()))
    line.take(channel)
    assert run(keys=["runs"], args=["x"]) == [2, b"x"]
    assert isinstance(line.lost, redis.exceptions.ConnectionError)
    assert channel.waits is None
    # A connection that is closed is not opened here: nobody would look at it.
    line.take(channel)
    assert run(keys=["runs"], args=["x"]) == [3, b"x"]
    assert line.lost is None


def count_of(channel: Channel) -> int:
    """How many commands came on this connection."""
    told: Any = channel.client.client_info()
    return int(told["tot-cmds"])
