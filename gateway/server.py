"""The worker class that gunicorn runs the gateway with."""

from __future__ import annotations

from uvicorn_worker import UvicornWorker


class GatewayWorker(UvicornWorker):  # type: ignore[misc]
    """uvicorn on uvloop and httptools. Addresses of clients are NGINX's business, so no header is read for them."""

    CONFIG_KWARGS = {"loop": "uvloop", "http": "httptools", "lifespan": "on", "proxy_headers": False, "ws": "none"}
