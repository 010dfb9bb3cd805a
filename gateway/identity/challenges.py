"""What a caller is told who is not known, or may not do what they ask for (RFC 6750)."""

from __future__ import annotations

import re
from typing import Final

import falcon.asgi

from gateway.identity.scopes import MODEL_SCOPES, Needed, allows
from gateway.identity.tokens import Principal
from tasks.errors import Forbidden

#: The protection space that challenges name.
REALM: Final = "mlservice"
#: Most characters of a model's name that are repeated.
MODEL_LENGTH: Final = 63


def permit(resp: falcon.asgi.Response, principal: Principal, needed: Needed, *, model: str | None = None) -> None:
    """Raise Forbidden, with the challenge set in the response, if the caller lacks the scope for this model."""
    if not allows(principal.scopes, needed, model=model):
        reason = f"the account {principal.name!r} may not do this: it {_lacking(needed, model)}"
        resp.set_header("WWW-Authenticate", challenge("insufficient_scope", reason, scope=_least(needed)))
        raise Forbidden(reason)


def challenge(error: str | None = None, description: str = "", *, scope: str | None = None) -> str:
    """A WWW-Authenticate header for a bearer token."""
    parts = [f'Bearer realm="{REALM}"']
    if error:
        parts += [f'error="{error}"', f'error_description="{_plain(description)}"']
    if scope:
        parts.append(f'scope="{scope}"')
    return ", ".join(parts)


def _least(needed: Needed) -> str | None:
    """The scope that a challenge names; where several would do, the first, which allows the least."""
    return needed[0] if isinstance(needed, tuple) else needed


def _lacking(needed: Needed, model: str | None) -> str:
    words = f"one of the scopes {', '.join(needed)}" if isinstance(needed, tuple) else f"the scope {needed}"
    least = _least(needed)
    narrow = f" (for this model alone: {least}:{model[:MODEL_LENGTH]})" if model and least in MODEL_SCOPES else ""
    return f"needs {words}{narrow}"


def _plain(text: str) -> str:
    """The text in the characters that RFC 6750 allows in a challenge."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", text)
