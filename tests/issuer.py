"""A small OpenID Connect issuer that a test runs: a discovery document, keys, and the tokens they sign."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "mlservice-tests"


@cache
def made(algorithm: str, kid: str) -> Any:
    """A private key, the same for the same name: to make one of RSA takes a tenth of a second."""
    makers: dict[str, Callable[[], Any]] = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }
    return makers[algorithm]()


class Issuer:
    """An issuer on a free port of this machine. What it answers can be changed while it runs."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.keys: dict[str, tuple[str, Any]] = {}
        #: Whether it answers; if not, it holds the connection until it is closed.
        self.answers = threading.Event()
        self.answers.set()
        #: The paths that were asked for.
        self.asked: list[str] = []
        self.documents: dict[str, Any] = {}
        #: Where a path leads to.
        self.redirects: dict[str, str] = {}
        self.add_key("rsa-1", "RS256")

    def __enter__(self) -> Self:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                issuer.answers.wait(30)
                if self.path in issuer.redirects:
                    self.send_response(302)
                    self.send_header("Location", issuer.url.removesuffix("/realm") + issuer.redirects[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                document = issuer.document(self.path)
                body = json.dumps(document).encode()
                self.send_response(404 if document is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing is written."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/realm"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add_key(self, kid: str, algorithm: str) -> None:
        """Let the issuer have a key."""
        self.keys[kid] = (algorithm, made(algorithm, kid))

    def document(self, path: str) -> Any:
        """What is answered at a path; None: there is nothing."""
        if path in self.documents:
            return self.documents[path]
        if path == "/realm/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        return {"keys": [self.jwk(kid) for kid in self.keys]} if path == "/realm/keys" else None

    def jwk(self, kid: str) -> dict[str, Any]:
        """The public half of a key, without `alg`, which is optional."""
        algorithm, key = self.keys[kid]
        writers: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
        return {**writers[algorithm].to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}

    def token(self, kid: str = "rsa-1", *, algorithm: str = "", key: Any = None, **claims: Any) -> str:
        """A token of `ada` who may estimate, with other claims; None takes one away."""
        now = int(self._clock())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
        chosen = {**usual, "scope": "openid estimate", **claims}
        own_algorithm, own_key = self.keys.get(kid, ("RS256", None))
        return jwt.encode(
            {name: value for name, value in chosen.items() if value is not None},
            key if key is not None else own_key,
            algorithm=algorithm or own_algorithm,
            headers={"kid": kid},
        )
