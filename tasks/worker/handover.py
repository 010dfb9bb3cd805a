"""Direct calls that came to a queue whose workers do not do them are handed over to their own, as they came.

A client that has nothing of ours, and names no queue, sends to Celery's default queue. What it wrote into the message
beside the call (what follows it, what it is a part of, when it may start, who waits for it) is nobody's business on the
way: the message goes on unchanged but for queue and lane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Task
from celery.worker import strategy as celery

from tasks.contract import DEFAULT_QUEUE, PRIORITY, TASKS, Lane

#: What a worker does with the messages of one task.
Handler = Callable[..., None]


def strategy(task: Task, app: Any, consumer: Any, **options: Any) -> Handler:
    """Celery's own way where this worker takes from the queue of the task; else it is handed over to that queue."""
    kind = next(kind for kind, name in TASKS.items() if name == task.name)
    if kind.value in app.amqp.queues.consume_from:
        handler: Handler = celery.default(task, app, consumer, **options)
        return handler

    def hand_over(message: Any, *_: Any) -> None:
        message.channel.qos.hand_over(message, queue=kind.value, priority=priority(message))

    return hand_over


def priority(message: Any) -> Any:
    """The Celery priority with which a message goes on: its own, or that of the normal lane.

    In the default queue 0 is what clients send that name no priority; kombu writes no difference.
    """
    given = message.properties.get("priority")
    if message.delivery_info.get("routing_key") == DEFAULT_QUEUE and not given:
        return PRIORITY[Lane.NORMAL]
    return given
