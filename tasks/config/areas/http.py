"""What NGINX and the gateway take, from whom, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX, parse_networks
from tasks.errors import SettingsError

#: The highest TCP port.
LAST_PORT: Final = 65535


@dataclass(frozen=True, kw_only=True)
class HttpSettings(Area):
    """What NGINX and the gateway take."""

    max_body_bytes: int = setting(128 * 1024 * 1024, doc="Largest request body.")
    max_wait_seconds: int = setting(60, doc="Longest `Prefer: wait`.")
    header_timeout_seconds: int = setting(15, doc="How long the header of a request may take to arrive.")
    body_timeout_seconds: int = setting(
        30, doc="Longest pause in the arrival of a body, and in the taking of an answer."
    )
    large_bodies: int = setting(
        128, doc="Bodies of 100 kB or more, or of unknown length, that NGINX takes at a time; 0: any number.", zero=True
    )
    account_large_bodies: int = setting(64, doc="So many of them may be of one account; 0: any number.", zero=True)
    address_connections: int = setting(
        2048,
        doc="Requests of one address that are served at once, a quarter of NGINX's connections at most; 0: any number.",
        zero=True,
    )
    address_requests_per_second: int = setting(0, doc="Requests of one address in a second; 0: any number.", zero=True)
    address_logins_per_second: int = setting(
        20,
        doc="Requests with a password (HTTP Basic) of one address in a second, more are slowed; 0: any number.",
        zero=True,
    )
    trusted_proxies: str = setting(
        "", doc="Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    metrics_networks: str = setting(
        "", doc="Addresses or networks that may read /metrics without an account, as NGINX in front tells them."
    )
    tls_cert_file: str = setting("", doc="The certificate, with its chain (PEM), with which `up` speaks HTTPS.")
    tls_key_file: str = setting("", doc="The key of that certificate (PEM, without a password).")
    hsts_seconds: int = setting(
        2 * 365 * 24 * 3600,
        doc="How long browsers are told to keep to HTTPS, where it is spoken; 0: they are not.",
        zero=True,
    )
    redirect_port: int = setting(0, doc="Port that speaks HTTP and sends callers to HTTPS; 0: none.", zero=True)
    mcp: bool = setting(
        False, doc="Whether `up` has an endpoint for agents at /mcp (Model Context Protocol), by the extra `mcp`."
    )
    gateway_processes: int = setting(0, doc="Gateway processes; 0: one a core.", zero=True)

    @property
    def trusted_networks(self) -> list[str]:
        """The proxies whose word for a client's address is taken, as networks. Raises SettingsError."""
        return parse_networks(f"{PREFIX}TRUSTED_PROXIES", self.trusted_proxies)

    @property
    def metrics_from(self) -> list[str]:
        """From where /metrics may be read without an account, as networks. Raises SettingsError."""
        return parse_networks(f"{PREFIX}METRICS_NETWORKS", self.metrics_networks)

    def check(self) -> None:
        """Raise SettingsError for what is no network or no port."""
        _ = self.trusted_networks, self.metrics_from
        if self.redirect_port > LAST_PORT:
            raise SettingsError(f"{PREFIX}REDIRECT_PORT must be 0 to {LAST_PORT}, not {self.redirect_port}")
