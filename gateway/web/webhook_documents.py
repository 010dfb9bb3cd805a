"""What the gateway shows of webhooks and their deliveries."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.web.addresses import webhook_path
from gateway.web.representations import moment
from tasks.webhooks.records import Delivery, Webhook
from tasks.webhooks.signing import valid


def webhook_document(
    webhook: Webhook, *, root: str, waiting: int, now: float, secret: str | None = None
) -> dict[str, Any]:
    """A webhook as its owner sees it; the `secret` only where it was made just now."""
    secrets = valid(webhook.secrets, at=now)
    until = secrets[1].until if len(secrets) > 1 else None
    path = webhook_path(root, webhook.id)
    return {
        "id": webhook.id,
        "url": webhook.url,
        "owner": webhook.owner,
        "events": webhook.events,
        "kinds": webhook.kinds,
        "models": webhook.models,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "ended_because": webhook.ended_because or None,
        "waiting": waiting,
        "created_at": moment(webhook.created_at),
        "old_secret_until": moment(until),
        **({} if secret is None else {"secret": secret}),
        "links": {"self": path, "deliveries": f"{path}/deliveries"},
    }


def delivery_document(webhook: str, delivery: Delivery, *, root: str) -> dict[str, Any]:
    """A message, what it says, and each attempt at it that is kept."""
    return {
        "id": delivery.id,
        "type": delivery.type,
        "state": delivery.progress,
        "created_at": moment(delivery.created_at),
        "payload": msgspec.Raw(delivery.payload.encode()),
        "attempts": [
            {
                "at": moment(attempt.at),
                "seconds": attempt.seconds,
                "status": attempt.status,
                "error": attempt.error or None,
            }
            for attempt in delivery.attempts
        ],
        "links": {"replay": f"{webhook_path(root, webhook)}/deliveries/{delivery.id}/replay"},
    }
