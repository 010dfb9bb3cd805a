"""Our transport where Sentinels name the Redis of the queues."""

from __future__ import annotations

from kombu.transport import redis

from tasks.storage.sentinels import PrimaryConnection, SecurePrimaryConnection
from tasks.worker import channel, transport


class SentinelChannel(channel.Channel, redis.SentinelChannel):  # type: ignore[misc]
    """Our channel, whose connections are those to the primary that the Sentinels name at the time."""

    connection_class = PrimaryConnection
    connection_class_ssl = SecurePrimaryConnection


class SentinelTransport(transport.Transport):
    """What the scheme `sentinel` stands for in our processes."""

    Channel = SentinelChannel
    default_port = redis.SentinelTransport.default_port
