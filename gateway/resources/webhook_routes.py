"""The routes of webhooks."""

from __future__ import annotations

from gateway.resources.deliveries import DeliveriesResource, PingResource, RedeliveryResource
from gateway.resources.hooks import Hooks
from gateway.resources.webhooks import SecretResource, WebhookResource, WebhooksResource


def webhook_routes(hooks: Hooks) -> dict[str, object]:
    """Who is told what happens."""
    webhook = "/v1/webhooks/{webhook}"
    return {
        "/v1/webhooks": WebhooksResource(hooks),
        webhook: WebhookResource(hooks),
        f"{webhook}/secret": SecretResource(hooks),
        f"{webhook}/ping": PingResource(hooks),
        f"{webhook}/deliveries": DeliveriesResource(hooks),
        f"{webhook}/deliveries/{{message}}/replay": RedeliveryResource(hooks),
    }
