"""A Redis with much in it: made of a few real records, which are copied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Poison
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.task_index import accepted_keys, ended_keys
from tasks.redis_keys import FINISHED_KEY, GROUP_KEY, queue_key
from tests.servers import Valkey

TEMPLATE: Final = Path(__file__).parents[3] / "infra" / "redis_server" / "valkey.conf.template"
BODY: Final = json.dumps({"rows": [[0.123456789] * 30]}).encode()
DONE: Final = Outcome(
    State.SUCCEEDED, Media.JSON, json.dumps({"model": "m", "version": 1, "predictions": [123.4567890123456]}).encode()
)
FAILED: Final = failure(Poison("it ended its worker"))
#: Copies a group so often. KEYS: its record, the list of finished ones, the lists of tasks. ARGV: the first number, how
#: many, what the key of a group begins with.
COPY: Final = """
local at = tonumber(redis.call('HGET', KEYS[1], 'submitted_at'))
for number = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  local id = string.format('%032x', number)
  local raw = string.gsub(id, '..', function(pair) return string.char(tonumber(pair, 16)) end)
  local time = string.format('%.6f', at + number / 1000)
  redis.call('COPY', KEYS[1], ARGV[3] .. id)
  redis.call('HSET', ARGV[3] .. id, 'submitted_at', time)
  redis.call('RPUSH', KEYS[2], raw)
  for place = 3, #KEYS do redis.call('ZADD', KEYS[place], time, raw) end
end
"""
#: Copies in one step.
STEP: Final = 5000


class Filled:
    """Work in a Redis. Groups are ada's, and estimates of the model `m`, unless said otherwise."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.ledger = Ledger(client, settings=settings)
        self._copies = 0

    def accept(self, items: int = 1, *, model: str = "m", owner: str = "ada") -> Group:
        """Accept a group, whose message nobody takes."""
        head = Head(owner=owner, model=model, request_id=new_group_id(), account="0123456789abcdef")
        group = Group(
            id=new_group_id(),
            kind=Kind.ESTIMATE,
            lane=Lane.NORMAL,
            heads=[head] * items,
            bodies=[BODY] * items,
            reply="gateway-12345-0123456789",
        )
        self.ledger.accept(group)
        self.client.delete(queue_key(Kind.ESTIMATE.value, Lane.NORMAL))
        return group

    def finish(self, items: int = 1, *, model: str = "m", outcome: Outcome = DONE) -> Group:
        """Accept a group, and end it."""
        group = self.accept(items, model=model)
        claim = self.ledger.claim(group.id, holder="estimate@a-host")
        assert claim is not None
        self.ledger.finish(claim, [outcome] * items)
        return group

    def finished(self, count: int, items: int = 1) -> None:
        """So many groups that are finished, of so many items each."""
        group = self.finish(items)
        lists = accepted_keys(group.kind, group.heads) + ended_keys(group.kind, group.heads, [DONE] * items)
        copy = self.client.register_script(COPY)
        for start in range(0, count, STEP):
            step = min(STEP, count - start)
            keys = [GROUP_KEY.format(group=group.id), FINISHED_KEY, *lists]
            copy(keys=keys, args=[self._copies, step, GROUP_KEY.format(group="")])
            self._copies += step

    @property
    def used(self) -> int:
        """Bytes that Redis uses."""
        memory: Any = self.client.info("memory")
        return int(memory["used_memory"])


def server(*options: str) -> Valkey:
    """A Valkey that keeps records as the embedded one does."""
    lines = (line.split() for line in TEMPLATE.read_text().splitlines())
    kept = [part for line in lines if line and line[0].startswith("hash-") for part in (f"--{line[0]}", line[1])]
    return Valkey(*kept, *options)


@contextmanager
def filled(*options: str) -> Iterator[Filled]:
    """An empty one."""
    with server(*options) as valkey, valkey.client() as client:
        # Copies of much take their time.
        client.connection_pool.connection_kwargs["socket_timeout"] = 60
        yield Filled(client, Settings(redis_url=valkey.redis_url))
