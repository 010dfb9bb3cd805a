"""A Celery message (protocol 2) as kombu's Redis transport writes it.

Written here so that the record of accepted work and its message go to Redis in one transaction, and because
`apply_async` costs 1.2 ms a call. A contract test compares it with what Celery itself sends.
Source: Celery's documentation, "Message Protocol", version 2.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from typing import Final

import msgspec

from tasks.contract import LEDGER_HEADER, PRIORITY, Lane
from tasks.redis_keys import queue_key

#: Celery's embed part of a body: no callbacks, errbacks, chain or chord.
_EMBED: Final = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
#: Most forms of messages that are kept: one for each task and place.
_FORMS: Final = 256
_OPEN: Final = b"\x00"
_CLOSE: Final = b"\x01"

_encode = msgspec.json.Encoder().encode


def message(
    task: str,
    *,
    task_id: str,
    queue: str,
    lane: Lane,
    kwargs: dict[str, object],
    shown: str = "{}",
    expires: str | None = None,
    in_ledger: bool = False,
) -> tuple[str, bytes]:
    """(Redis list, bytes to LPUSH) of a task whose result goes to the ledger and not to Celery's result backend.

    `shown` is what Flower shows as the keyword arguments; `expires` is a UTC time in ISO 8601. A message `in_ledger` is
    not noted by kombu while a worker has it: its lease lies in the ledger.
    """
    name = _encode(task_id)
    values = {
        b"body": b'"%b"' % base64.b64encode(_encode([[], kwargs, _EMBED])),
        b"id": name,
        b"expires": _encode(expires),
        b"shown": _encode(shown),
        b"tag": b'"%b"' % os.urandom(16).hex().encode(),
    }
    key, form = _form(task, queue, lane, in_ledger)
    return key, form % values


@lru_cache(_FORMS)
def _form(task: str, queue: str, lane: Lane, in_ledger: bool) -> tuple[str, bytes]:
    """(Redis list, message with holes) of the messages of a task in a place."""
    headers = _headers(task)
    if in_ledger:
        headers[LEDGER_HEADER] = True
    whole = {
        "body": _hole("body"),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": _properties(queue=queue, lane=lane),
    }
    # Before the holes are holes, a per cent sign is one.
    form = _encode(whole).replace(b"%", b"%%").replace(_OPEN, b"%(").replace(_CLOSE, b")b")
    return queue_key(queue, lane), form


def _hole(name: str) -> msgspec.Raw:
    """Where a value goes, as JSON; no JSON has such bytes."""
    return msgspec.Raw(_OPEN + name.encode() + _CLOSE)


def _headers(task: str) -> dict[str, object]:
    """What Celery's worker reads before it decodes the body."""
    return {
        "lang": "py",
        "task": task,
        "id": _hole("id"),
        "shadow": None,
        "eta": None,
        "expires": _hole("expires"),
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": _hole("id"),
        "parent_id": None,
        "argsrepr": "()",
        "kwargsrepr": _hole("shown"),
        "origin": "mlservice",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }


def _properties(*, queue: str, lane: Lane) -> dict[str, object]:
    """What kombu's transport reads."""
    return {
        "correlation_id": _hole("id"),
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": PRIORITY[lane],
        "body_encoding": "base64",
        "delivery_tag": _hole("tag"),
    }
