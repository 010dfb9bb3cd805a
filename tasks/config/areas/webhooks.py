"""Webhooks: where they may lead, and how many there may be."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX, parse_networks


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Area):
    """Who is told what happens, and where they may be."""

    webhook_networks: str = setting(
        "",
        doc="Addresses or networks that webhooks may reach although they are not public, also by http://, separated by"
        " commas.",
    )
    webhooks_per_account: int = setting(20, doc="Most webhooks of an account.")
    webhook_backlog: int = setting(10_000, doc="Messages that may wait for one webhook; what is more is dropped.")
    webhook_socket: str = setting(
        "",
        doc="The socket on which the deliverer of webhooks is started when there is the first; `mlservice up` has one"
        " of its own; empty: `mlservice deliverer` is started by itself.",
    )

    @property
    def webhook_allowed(self) -> list[str]:
        """The networks that may be reached although they are not public. Raises SettingsError."""
        return parse_networks(f"{PREFIX}WEBHOOK_NETWORKS", self.webhook_networks)

    def check(self) -> None:
        """Raise SettingsError for what is no network."""
        _ = self.webhook_allowed
