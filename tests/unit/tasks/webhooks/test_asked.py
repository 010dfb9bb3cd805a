"""What may be asked of a webhook, and what is said of the rest."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from standardwebhooks import Webhook as Checker
from standardwebhooks.webhooks import WebhookVerificationError

from tasks.contract import Kind
from tasks.errors import InvalidField
from tasks.webhooks.asked import LATER, NEW, read_asked
from tasks.webhooks.happenings import Event, heard_keys
from tasks.webhooks.signing import PREFIX, Secret, check_secret, headers, new_secret

URL = "https://example.com/hooks"


def secret(size: int) -> str:
    return PREFIX + base64.b64encode(b"s" * size).decode()


def test_what_is_said_is_read() -> None:
    asked = read_asked(
        {"url": URL, "events": ["task.failed", "task.failed"], "kinds": ["estimate"], "models": ["housing"]}, known=NEW
    )
    assert (asked.events, asked.kinds, asked.models) == ((Event.TASK_FAILED,), (Kind.ESTIMATE,), ("housing",))
    assert (asked.description, asked.secret) == (None, None)


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ([], "", "object"),
        ({}, "/url", "missing"),
        ({"urls": URL}, "/urls", "did you mean 'url'"),
        ({"url": URL, "colour": 1}, "/colour", "known are"),
        ({"url": URL, "events": "task.failed"}, "/events", "list"),
        ({"url": URL, "events": ["task.done", "task.faild"]}, "/events/0", "there is no event 'task.done'"),
        ({"url": URL, "events": ["task.faild"]}, "/events/0", "did you mean 'task.failed'"),
        ({"url": URL, "events": [1]}, "/events/0", "there are task.succeeded"),
        ({"url": URL, "kinds": ["fit"]}, "/kinds/0", "init, train, estimate"),
        ({"url": URL, "models": ["a b"]}, "/models/0", "no model"),
        ({"url": URL, "models": ["a"] * 101}, "/models", "at most"),
        ({"url": URL, "description": 1}, "/description", "text"),
        ({"url": URL, "secret": "short"}, "/secret", "whsec_"),
        ({"url": URL, "secret": "whsec_!!"}, "/secret", "base64"),
        ({"url": URL, "secret": secret(23)}, "/secret", "24 to 64"),
        ({"url": URL, "secret": secret(65)}, "/secret", "24 to 64"),
        ({"url": URL, "enabled": False}, "/enabled", "no field"),
    ],
)
def test_what_cannot_be_asked(body: Any, pointer: str, said: str) -> None:
    with pytest.raises(InvalidField, match=said) as caught:
        read_asked(body, known=NEW)
    assert caught.value.pointer == pointer


def test_secrets_of_a_right_length() -> None:
    for size in (24, 64):
        assert check_secret(secret(size)) == secret(size)
    assert check_secret(new_secret())
    assert read_asked({"enabled": False}, known=LATER).enabled is False


def test_signatures_are_those_of_the_library() -> None:
    old, new, ended = new_secret(), new_secret(), new_secret()
    payload, now = '{"type": "task.failed", "text": "größer"}'.encode(), time.time()
    secrets = [Secret(new), Secret(old, now + 1), Secret(ended, now)]
    sent = dict(headers("msg_1", at=now, payload=payload, secrets=secrets))
    for one in (old, new):
        Checker(one).verify(payload, sent)
    for changed in (sent | {"webhook-id": "msg_2"}, sent | {"webhook-timestamp": "1"}):
        with pytest.raises(WebhookVerificationError):
            Checker(new).verify(payload, changed)
    with pytest.raises(WebhookVerificationError):
        Checker(ended).verify(payload, sent)


def test_where_it_is_noted_that_somebody_hears() -> None:
    assert heard_keys([], [Kind.TRAIN]) == []
    assert heard_keys([Event.TASK_FAILED], [Kind.TRAIN]) == ["ml:webhooks:heard:train"]
    assert heard_keys([Event.VERSION_CREATED, Event.DEAD_LETTER_CREATED], [Kind.TRAIN]) == [
        "ml:webhooks:heard:models",
        "ml:webhooks:heard:dead",
    ]
