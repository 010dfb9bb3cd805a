"""Options of Celery that follow from the settings and from the contract."""

from __future__ import annotations

from typing import Any, Final

from tasks.config.redis_address import RedisAddress
from tasks.config.settings import Settings
from tasks.contract import PRIORITY_STEPS, RECONCILE_TASK, SWEEP_TASK, SYSTEM_QUEUE, TASKS, Kind

#: How often what dead workers had of direct calls is looked for, as a part of the time after which it is given back.
RESTORE_PART: Final = 0.4


def routes() -> dict[str, dict[str, str]]:
    """The queue of each task."""
    work = {TASKS[kind]: {"queue": kind.value} for kind in Kind}
    return work | {task: {"queue": SYSTEM_QUEUE} for task in (RECONCILE_TASK, SWEEP_TASK)}


def transport_options(settings: Settings) -> dict[str, Any]:
    """What kombu is told of Redis."""
    return {
        "priority_steps": list(PRIORITY_STEPS),
        "queue_order_strategy": "priority",
        "visibility_timeout": settings.visibility_timeout_seconds,
        # A worker that dies while it takes back what others left must not keep all from that for kombu's 5 minutes.
        "unacked_mutex_expire": settings.visibility_timeout_seconds,
        # Not so seldom that the living, after Redis was away for so long (see `qos.py`), are too late with their own.
        "unacked_restore_interval": RESTORE_PART * settings.visibility_timeout_seconds,
        "unacked_restore_throttle": 1,
        "socket_timeout": max(settings.redis_timeout_seconds, 5.0),
        "socket_connect_timeout": settings.redis_timeout_seconds,
        "socket_keepalive": True,
        "health_check_interval": 25,
        **sentinel_options(settings.broker, settings),
    }


def connections(settings: Settings) -> dict[str, Any]:
    """What Celery is told of Redis: of that of the queues as a broker, of the ledger's as the one of results."""
    store, broker = settings.store, settings.broker
    retry = {"retry_policy": {"timeout": settings.redis_timeout_seconds}}
    return {
        **({"broker_use_ssl": broker.tls.options()} if broker.tls else {}),
        "broker_transport_options": transport_options(settings),
        **({"redis_backend_use_ssl": store.tls.options()} if store.tls else {}),
        "result_backend_transport_options": {**retry, **sentinel_options(store, settings)},
        "redis_socket_timeout": settings.redis_timeout_seconds,
        "redis_socket_connect_timeout": settings.redis_timeout_seconds,
        # A unix socket has none, and redis-py refuses the option.
        "redis_socket_keepalive": not store.is_socket,
        "redis_backend_health_check_interval": 30,
    }


def sentinel_options(address: RedisAddress, settings: Settings) -> dict[str, Any]:
    """What kombu and Celery are told of Sentinels, if there are some."""
    if not address.sentinels or address.access is None:
        return {}
    from tasks.storage import sentinels

    asked = sentinels.sentinel_options(address, timeout_seconds=settings.redis_timeout_seconds)
    return {"master_name": address.access.master, "sentinel_kwargs": asked}


def time_limits(settings: Settings) -> dict[str, dict[str, int]]:
    """The limits of each task, the soft and the hard one."""
    soft = {
        Kind.INIT: settings.init_time_limit_seconds,
        Kind.TRAIN: settings.train_time_limit_seconds,
        Kind.ESTIMATE: settings.estimate_time_limit_seconds,
    }
    grace = settings.time_limit_grace_seconds
    return {TASKS[kind]: {"soft_time_limit": limit, "time_limit": limit + grace} for kind, limit in soft.items()}
