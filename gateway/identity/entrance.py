"""Who may see how the service does: by token, by name and password, or by where they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import falcon.asgi

from gateway.identity.auth import Authenticator
from gateway.identity.challenges import REALM
from gateway.identity.login_throttle import client_address
from gateway.identity.logins import RememberedLogins
from gateway.identity.scopes import allows
from tasks.errors import Forbidden, Unauthenticated

#: What makes a browser ask for a name and a password (RFC 7617).
CHALLENGE: Final = f'Basic realm="{REALM}", charset="UTF-8"'


class Entrance:
    """Admits callers that have a scope."""

    def __init__(self, authenticator: Authenticator, logins: RememberedLogins) -> None:
        self._authenticator = authenticator
        self._logins = logins

    async def admit(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, scope: str, *, passed: str | None = None
    ) -> Collection[str]:
        """All scopes of the caller, who has this one by token, the cookie of our pages that was `passed`, or password.

        The request is charged to the caller's quota. Raises Unauthenticated, with a challenge set in the response,
        Forbidden, or TooManyRequests, also during the pause after logins that failed.
        """
        header = req.get_header("Authorization")
        if (header or "").partition(" ")[0].lower() == "bearer":
            return (await self._authenticator.admit(req, resp, scope)).scopes
        if passed is None:
            return await self._admit_by_password(req, resp, scope)
        try:
            return (await self._authenticator.admit(req, resp, scope, passed=passed)).scopes
        except Unauthenticated:
            # The token has ended. A browser that has no password asks for none: the way in is the console.
            if header is None:
                raise
            return await self._admit_by_password(req, resp, scope)

    async def _admit_by_password(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, scope: str
    ) -> Collection[str]:
        address = client_address(req.get_header("X-Forwarded-For"))
        try:
            account = await self._logins.account(req.get_header("Authorization"), address=address)
        except Unauthenticated:
            # A script of a page that goes on asking must not have the browser ask for a password.
            if req.get_header("Sec-Fetch-Dest") in (None, "document"):
                resp.set_header("WWW-Authenticate", CHALLENGE)
            raise
        await self._authenticator.charge(req, resp, account)
        if not allows(account.scopes, scope):
            raise Forbidden(f"the account {account.name!r} may not do this: it needs the scope {scope}")
        return account.scopes


class Networks:
    """Addresses from which callers need no account."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def hold(self, forwarded: str | None) -> bool:
        """Whether the address in X-Forwarded-For that our own proxy wrote, which is the last, is in one of them."""
        if not self._networks:
            return False
        try:
            address = ip_address((forwarded or "").rpartition(",")[2].strip())
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
