"""The users of Redis, as its ACL file lists them: who may do what, on which keys."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from tasks.config.redis_file import CELERY_USER, FLOWER_USER, RedisAccess
from tasks.contract import PRIORITY_SEPARATOR, QUEUES
from tasks.redis_keys import EVENTS_KEY, UNACKED_KEY

#: A queue's lanes lie at its name, the separator and a digit. Written with wildcards: the separator cannot be printed.
LANE: Final = "?" * len(PRIORITY_SEPARATOR) + "[0-9]"
#: The lists of all queues.
QUEUE_KEYS: Final = tuple(key for queue in QUEUES for key in (queue, queue + LANE))
#: The channels on which workers are asked and events are told. Redis compares what PSUBSCRIBE asks for with these
#: letter by letter, so each has to stand here as kombu spells it.
CONTROL_CHANNEL: Final = "/0.celery.pidbox"
EVENT_CHANNELS: Final = ("/0.celeryev/*", "/0.celeryev/worker.*")
#: Replies of workers that were asked.
REPLY_KEYS: Final = "*.reply.celery.pidbox*"
#: What the name of a key of Flower's own begins with.
FLOWER_PREFIX: Final = "flower."

#: All that clients do with data. Scripts are checked command by command as well.
CELERY_COMMANDS: Final = (
    *("+@read", "+@write", "+@pubsub", "+@transaction", "+@scripting", "+@connection", "+time"),
    # Among the dangerous are FLUSHALL, KEYS, DEBUG and SORT; among the administrative CONFIG, ACL, SHUTDOWN, MODULE.
    *("-@dangerous", "-@admin", "-function", "-fcall", "-fcall_ro"),
    # SCRIPT DEBUG SYNC lets one script stop the server for as long as its client likes.
    *("-script", "+script|load", "+script|exists"),
    # Of keys that may not be read it tells that they change.
    "-client|tracking",
    # How much memory is used decides whether work is accepted.
    "+info",
)
#: Where ledger, models, queues and results lie; `celery*` are results, bare calls and the queues of events.
CELERY_KEYS: Final = (
    *("ml:*", *QUEUE_KEYS, "celery*", "_kombu.*", UNACKED_KEY.format(fleet="*"), "*.celery.pidbox*"),
    # The registry's scripts are given an empty key for work that has no record.
    "",
)
CELERY_CHANNELS: Final = ("ml:*", "celery-task-meta-*", CONTROL_CHANNEL, *EVENT_CHANNELS)

#: Asking workers, hearing them, and counting what waits. In scripts these are checked one by one as well.
FLOWER_COMMANDS: Final = (
    *(
        "+@connection",
        "-@dangerous",
        "-@admin",
        "-client|tracking",
        "+publish",
        "+subscribe",
        "+unsubscribe",
        "+psubscribe",
    ),
    *("+punsubscribe", "+llen", "+exists", "+brpop", "+pexpire", "+del", "+multi", "+exec"),
    *("+sadd", "+srem", "+smembers", "+zadd", "+zrem", "+zrangebyscore", "+time"),
    # Giving back messages of its own, of which it has none.
    *("+set", "+get", "+zrange"),
    *("+evalsha", "+script|load", "+script|exists"),
)
#: What kombu notes of the queues from which Flower hears.
FLOWER_BINDINGS: Final = tuple(
    f"_kombu.{table}.{exchange}"
    for table in ("binding", "binding_permanent")
    for exchange in ("celeryev", "celery.pidbox", "reply.celery.pidbox")
)
#: What events have told of tasks it may read, and no other list: in those of the queues lies what was sent.
FLOWER_READS: Final = f"(+lrange %R~{EVENTS_KEY})"
FLOWER_KEYS: Final = ("celeryev.*", REPLY_KEYS, f"{FLOWER_PREFIX}*", "_kombu.binding_deadlines", *FLOWER_BINDINGS)


def users_acl(access: RedisAccess, *, flower_password: str) -> str:
    """The text of an ACL file for Redis 7 or Valkey: the master, the user that Celery is, and the user that Flower is.

    The service's keys are those of database 0. Passwords stand in it as SHA-256, so any character may be in them.
    """
    channels = tuple(f"&{channel}" for channel in CELERY_CHANNELS)
    keys = tuple(f"~{key}" for key in CELERY_KEYS)
    watched = (*(f"%R~{key}" for key in QUEUE_KEYS), *(f"~{key}" for key in FLOWER_KEYS))
    heard = tuple(f"&{channel}" for channel in (CONTROL_CHANNEL, *EVENT_CHANNELS))
    return "".join(
        (
            _user(access.master_user, access.master_password, "~*", "&*", "+@all"),
            _user(CELERY_USER, access.celery_password, *keys, *channels, *CELERY_COMMANDS),
            _user(FLOWER_USER, flower_password, *watched, *heard, *FLOWER_COMMANDS, FLOWER_READS),
        )
    )


def _user(name: str, password: str, *rules: str) -> str:
    # Redis gives `default` every right before it reads its line.
    digest = sha256(password.encode()).hexdigest()
    return " ".join(("user", name, "reset", "on", f"#{digest}", *rules)) + "\n"
