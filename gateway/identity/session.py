"""How the pages of this service are signed in: by a cookie that no script reads.

It is a token of its own audience, sent along by the browser. What asks for something in its name says so in a header,
which a page of another origin cannot send unseen: a browser asks first whether it may, and is told no.
"""

from __future__ import annotations

from typing import Final

import falcon.asgi

#: With what the cookie's name begins. The port follows: browsers send the cookies of a host to all of its ports, and
#: several services may be there.
COOKIE: Final = "mlservice-session"
#: The header that our pages send.
PAGE: Final = "X-Mlservice-Page"


def cookie_name(req: falcon.asgi.Request) -> str:
    """What the cookie is called where this request was sent."""
    _, colon, port = (req.get_header("Host") or "").rpartition(":")
    return f"{COOKIE}-{port}" if colon and port.isascii() and port.isdigit() else COOKIE


def cookie_of(req: falcon.asgi.Request) -> str | None:
    """The cookie's value, if there is one."""
    return next(iter(req.get_cookie_values(cookie_name(req)) or ()), None)


def token_of_page(req: falcon.asgi.Request) -> str | None:
    """The token of the cookie, if one of our pages asks in its name, and in no other."""
    if not req.get_header(PAGE) or req.get_header("Authorization") is not None:
        return None
    return cookie_of(req)


def start(req: falcon.asgi.Request, resp: falcon.asgi.Response, token: str) -> None:
    """Have the browser that is answered send this token from now on, until it ends: a token that has ended before is
    refused with a word, and the browser asks for no password by itself."""
    resp.set_cookie(
        cookie_name(req),
        token,
        path=_path(req),
        secure=req.get_header("X-Forwarded-Proto") == "https",
        http_only=True,
        same_site="Strict",
    )


def end(req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
    """Have it forget the cookie."""
    resp.unset_cookie(cookie_name(req), path=_path(req), same_site="Strict")


def _path(req: falcon.asgi.Request) -> str:
    return f"{req.root_path}/"
