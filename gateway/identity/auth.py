"""Who is calling, and may they: the bearer token and the scope of each route.

A responder says what it needs with `@requires(...)` or `@public`. A resource with a responder that says nothing is
refused whole, so that a route which was forgotten is closed.
"""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import falcon.asgi
import redis

from gateway.identity.account import Account
from gateway.identity.callers import Callers
from gateway.identity.challenges import challenge, permit
from gateway.identity.quotas import Quota, Quotas
from gateway.identity.scopes import SCOPES, Needed
from gateway.identity.session import token_of_page
from gateway.identity.tokens import ISSUER, SESSION, Principal
from tasks.contract import Kind, Lane
from tasks.errors import Forbidden, TooManyRequests, Unauthenticated, Unavailable
from tasks.ledger.counts import TOKENS_REFUSED, Refusal, refusal
from tasks.redis_keys import TOKEN_CHANGE

log = logging.getLogger(__name__)

#: The scopes that are each the name of the work for which they are needed.
KINDS: Final = frozenset(kind.value for kind in Kind)
LANES: Final = tuple(lane.value for lane in Lane)
Responder = Callable[..., Awaitable[None]]
#: What is needed; or what gives it for the resource at hand.
Wanted = Needed | Callable[[Any], str]

#: Where the scope of a request has its caller, if that was admitted before the app got it.
ADMITTED: Final = "mlservice.admitted"
_DECLARED: Final = "__needs__"


def requires(wanted: Wanted = None, *, model: Callable[[Any], str] | None = None) -> Callable[[Responder], Responder]:
    """Let the responder run only for a caller with this scope, known as `req.context.principal`.

    `@requires("estimate")`, `@requires(("train", "monitor"))` for either, `@requires()` for any account,
    `@requires(attrgetter("kind"))` for a scope that the resource object gives. The scope is needed for the model that
    the route names as `{model}`, or that `model` gives for the resource object.
    """
    for scope in wanted if isinstance(wanted, tuple) else (wanted,):
        if isinstance(scope, str) and scope not in SCOPES:
            raise ValueError(f"there is no scope {scope!r}")

    def declare(responder: Responder) -> Responder:
        @functools.wraps(responder)
        async def guarded(
            resource: object, req: falcon.asgi.Request, resp: falcon.asgi.Response, *args: Any, **params: Any
        ) -> None:
            needed = wanted(resource) if callable(wanted) else wanted
            named = model(resource) if model is not None else params.get("model")
            authenticator: Authenticator = req.context.authenticator
            admitted = req.scope.get(ADMITTED)
            req.context.principal = admitted or await authenticator.admit(req, resp, needed, model=named)
            req.context.admissions.append((needed, named))
            await responder(resource, req, resp, *args, **params)

        setattr(guarded, _DECLARED, True)
        return guarded

    return declare


def public(responder: Responder) -> Responder:
    """Let the responder run for everybody."""
    setattr(responder, _DECLARED, True)
    return responder


def undeclared(resource: object) -> list[str]:
    """The names of the resource's responders that say neither `requires` nor `public`."""
    return [
        name
        for name in dir(resource)
        if re.fullmatch(r"on_[a-z_]+", name) and not hasattr(getattr(resource, name), _DECLARED)
    ]


class Authenticator:
    """Falcon middleware that closes what is not declared and admits callers to what is."""

    def __init__(
        self,
        callers: Callers,
        *,
        quotas: Quotas | None = None,
        count: Callable[[str], None] = lambda _field: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._callers = callers
        self._clock = clock
        self._count = count
        self._quotas = quotas
        self._checked: dict[type, bool] = {}

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Called by Falcon for each request that has a route. Raises Forbidden if the resource declares too little."""
        if self._closed(resource):
            raise Forbidden("this route is closed: it does not declare who may use it")
        req.context.authenticator = self
        req.context.admissions = []

    async def admit(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        needed: Needed,
        *,
        model: str | None = None,
        passed: str | None = None,
    ) -> Principal:
        """The caller, with the scopes that both token and account have; `model` is what it wants to use.

        `passed` is the cookie of our pages that came with a request for a page: it counts instead of the header.

        Raises Unauthenticated or Forbidden, with the challenge of RFC 6750 set in the response; TooManyRequests if the
        quota is used up; Unavailable if it cannot be found out who is calling.
        """
        principal = await self.identify(req, resp, passed=passed)
        try:
            await self._charge(req, resp, principal.name, principal.quota, estimates=needed == "estimate")
        except TooManyRequests:
            if needed in KINDS:
                self._count(refusal(Kind(needed), _lane(req), Refusal.QUOTA))
            raise
        permit(resp, principal, needed, model=model)
        return principal

    async def identify(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, *, passed: str | None = None
    ) -> Principal:
        """The caller, by a bearer token or the cookie of our pages, at no cost to its quota.

        Raises Unauthenticated, with the challenge set in the response; Unavailable if it cannot be found out.
        """
        token, audience = bearer(req.get_header("Authorization")), ISSUER
        if cookie := passed or token_of_page(req):
            token, audience = cookie, SESSION
        if token is None:
            resp.set_header("WWW-Authenticate", challenge())
            raise Unauthenticated("a token is needed: get one from /v1/token, send it as Authorization: Bearer TOKEN")
        try:
            return await self._callers.principal(token, audience=audience)
        except Unauthenticated as error:
            self._count(TOKENS_REFUSED)
            resp.set_header("WWW-Authenticate", challenge("invalid_token", str(error)))
            raise

    async def charge(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, account: Account) -> None:
        """Charge a request to an account that came by its password. Raises TooManyRequests if the quota is used up."""
        await self._charge(req, resp, account.name, self._callers.quota_of(account))

    async def admit_again(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """After a request has waited, for what its responder declares: account, token and scopes may have been taken
        away meanwhile. Raises what `admit` raises; the quota is paid, or was none, when the request came.

        A token that ran out during the wait was good when it was asked: its caller would submit the same work again.
        """
        if req.context.principal.expires_at <= self._clock():
            return
        req.context.principal = await self.identify(req, resp)
        for needed, model in req.context.admissions:
            permit(resp, req.context.principal, needed, model=model)

    async def is_still_admitted(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> bool:
        """As `admit_again`; False if that cannot be found out now. For who has had something accepted meanwhile, which
        is true whether or not they may see what came of it."""
        try:
            await self.admit_again(req, resp)
        except (redis.exceptions.RedisError, Unavailable) as error:
            log.warning("whether a caller is still admitted cannot be found out: %s", error)
            return False
        return True

    def forget(self, what: str) -> None:
        """Drop what is remembered of what changed, as it is said on ACCOUNTS_CHANNEL. Called on the event loop."""
        self._callers.forget(what)

    def forget_token(self, token_id: str) -> None:
        """Drop what is remembered of a token."""
        self._callers.forget(TOKEN_CHANGE.format(token=token_id))

    def _closed(self, resource: object) -> bool:
        cls = type(resource)
        if cls not in self._checked:
            missing = undeclared(resource)
            if missing:
                log.error("%s is closed: %s declare nothing", cls.__name__, ", ".join(missing))
            self._checked[cls] = bool(missing)
        return self._checked[cls]

    async def _charge(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str, quota: Quota, *, estimates: bool = False
    ) -> None:
        """Count this request, once. A body of unknown length counts as nothing; NGINX in front knows that of all."""
        if self._quotas is None or not quota.charged or getattr(req.context, "charged", False):
            return
        req.context.charged = True
        verdict = await self._quotas.charge(name, quota, body_bytes=req.content_length or 0, estimates=estimates)
        resp.set_header("RateLimit-Policy", verdict.policy)
        resp.set_header("RateLimit", verdict.remaining)
        if verdict.wait_seconds:
            reason = f"the account {name!r} has used its quota of {verdict.reached}; try again after the pause"
            raise TooManyRequests(reason).after(verdict.wait_seconds)


def _lane(req: falcon.asgi.Request) -> Lane:
    """The lane that a request for work names; the normal one also where it names none that there is."""
    given = req.params.get("lane")
    return Lane(given) if given in LANES else Lane.NORMAL


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header; None if it has none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
