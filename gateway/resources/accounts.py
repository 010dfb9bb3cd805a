"""`/v1/accounts`: who may do what, for administrators."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any, Final

from falcon import HTTP_201, HTTP_204
from falcon.asgi import Request, Response

from gateway.identity.account_requests import LATER, NEW, TOKEN, read_account
from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.auth import requires
from gateway.identity.directory import Directory
from gateway.identity.granting import grant
from gateway.identity.tokens import Tokens
from gateway.web.addresses import account_path, next_page
from gateway.web.errors import told
from gateway.web.parameters import page_limit, single_values
from gateway.web.representations import show
from gateway.web.small_bodies import read_json
from tasks.errors import Conflict, InvalidField

log = logging.getLogger(__name__)

#: Random bytes of a password that is made here.
PASSWORD_BYTES: Final = 18


class AccountsResource:
    """All accounts."""

    def __init__(self, accounts: Accounts, directory: Directory) -> None:
        self._accounts = accounts
        self._directory = directory

    @requires("admin")
    async def on_get(self, req: Request, resp: Response) -> None:
        """By name, a page at a time; `next` is where the list goes on."""
        given = single_values(req, known=("limit", "after"))
        limit, after = page_limit(given.get("limit")), given.get("after", "")
        found, more = await asyncio.to_thread(self._directory.page, limit=limit, after=after)
        following = next_page(req, given, after=found[-1].account.name) if found and more else None
        _show(resp, {"accounts": [one.document() for one in found], "next": following})

    @requires("admin")
    async def on_post(self, req: Request, resp: Response) -> None:
        """201. Without a password one is made, and told this once. Raises InvalidField, Conflict if the name is
        taken."""
        single_values(req, known=())
        asked = read_account(await read_json(req, absent={}), known=NEW)
        if asked.name is None or asked.scopes is None:
            field = "name" if asked.name is None else "scopes"
            raise InvalidField(f"{field} is missing: an account needs a name and scopes").at(f"/{field}")
        name = asked.name
        is_made = asked.password is None and not name.startswith(OUTSIDE)
        password = secrets.token_urlsafe(PASSWORD_BYTES) if is_made else asked.password

        def add() -> dict[str, Any]:
            self._accounts.add(name, password=password, scopes=asked.scopes or (), limits=asked.limits)
            return self._directory.entry(name).document()

        document = await asyncio.to_thread(add)
        log.info("the account %s was added", name, extra=told(req))
        resp.status = HTTP_201
        resp.set_header("Location", account_path(req.root_path, name))
        _show(resp, document | ({"password": password} if is_made else {}))


class AccountResource:
    """One account."""

    def __init__(self, accounts: Accounts, directory: Directory) -> None:
        self._accounts = accounts
        self._directory = directory

    @requires("admin")
    async def on_get(self, req: Request, resp: Response, account: str) -> None:
        """What it may do and use. Raises NotFound."""
        single_values(req, known=())
        _show(resp, (await asyncio.to_thread(self._directory.entry, account)).document())

    @requires("admin")
    async def on_patch(self, req: Request, resp: Response, account: str) -> None:
        """Change what is given, all of it or nothing. Raises InvalidField, NotFound, Conflict for an administrator who
        would no longer be one."""
        single_values(req, known=())
        asked = read_account(await read_json(req), known=LATER)
        own = account == req.context.principal.name
        if own and (asked.disabled or (asked.scopes is not None and "admin" not in asked.scopes)):
            raise Conflict("this would take the administration from yourself: have another administrator do it")

        def change() -> dict[str, Any]:
            said = {name: getattr(asked, name) for name in LATER if getattr(asked, name) is not None}
            if said:
                self._accounts.change(account, **said)
            return self._directory.entry(account).document()

        document = await asyncio.to_thread(change)
        log.info("the account %s was changed", account, extra=told(req))
        _show(resp, document)

    @requires("admin")
    async def on_delete(self, req: Request, resp: Response, account: str) -> None:
        """Remove it; its tokens are refused from now on. Raises NotFound, Conflict for one's own."""
        single_values(req, known=())
        if account == req.context.principal.name:
            raise Conflict("this is your own account: have another administrator remove it")
        await asyncio.to_thread(self._accounts.remove, account)
        log.info("the account %s was removed", account, extra=told(req))
        resp.status = HTTP_204


class AccountTokensResource:
    """The tokens of an account."""

    def __init__(self, accounts: Accounts, tokens: Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens

    @requires("admin")
    async def on_post(self, req: Request, resp: Response, account: str) -> None:
        """201 with a new one, told this once. Raises NotFound, Conflict, InvalidField, Forbidden."""
        single_values(req, known=())
        asked = read_account(await read_json(req, absent={}), known=TOKEN)
        if asked.scopes == ():
            raise InvalidField("scopes is empty: name some, or leave it out for all that the account has").at("/scopes")
        found = await asyncio.to_thread(self._accounts.known, account)
        token = grant(self._tokens, found, asked.scopes or ())
        log.info("a token of the account %s was issued", account, extra=told(req))
        resp.status = HTTP_201
        _show(
            resp,
            {
                "access_token": token.access_token,
                "token_type": "bearer",
                "expires_in": token.expires_in,
                "scope": token.scope,
            },
        )

    @requires("admin")
    async def on_delete(self, req: Request, resp: Response, account: str) -> None:
        """204: all that it has are refused from now on. Raises NotFound."""
        single_values(req, known=())
        await asyncio.to_thread(self._accounts.end_tokens, account)
        log.info("the tokens of the account %s were ended", account, extra=told(req))
        resp.status = HTTP_204


def _show(resp: Response, document: dict[str, Any]) -> None:
    resp.set_header("Cache-Control", "no-store")
    show(resp, document)
