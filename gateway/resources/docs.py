"""`/openapi.yml`, the definition of this API, and `/docs`, a page to read and try it whose scripts are served here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import swagger_ui_bundle
from falcon import MEDIA_HTML, MEDIA_JS, MEDIA_PNG
from falcon.asgi import Request, Response

from gateway.identity.auth import public
from tasks.errors import NotFound

#: The definition.
DEFINITION: Final = Path(__file__).parents[1] / "ml-service.yml"
#: Our part of the page.
PAGE: Final = Path(__file__).parents[1] / "docs"
#: The lines of the definition that name addresses, and what they are with a root path: the server, below which all
#: paths are, and where tokens are fetched.
ADDRESSES: Final = {
    b"\n  - url: /\n": b"\n  - url: %s\n",
    b"\n          tokenUrl: /v1/token\n": b"\n          tokenUrl: %s/v1/token\n",
}
#: The media type of YAML (RFC 9512).
YAML: Final = "application/yaml"
#: What the page loads, by name: where it lies and its media type.
ASSETS: Final = {
    "docs.css": (PAGE, "text/css"),
    "docs.js": (PAGE, MEDIA_JS),
    "favicon-32x32.png": (swagger_ui_bundle.swagger_ui_path, MEDIA_PNG),
    "swagger-ui-bundle.js": (swagger_ui_bundle.swagger_ui_path, MEDIA_JS),
    "swagger-ui.css": (swagger_ui_bundle.swagger_ui_path, "text/css"),
}
#: How long browsers may keep what the page loads (seconds).
ASSET_SECONDS: Final = 3600


class DefinitionResource:
    """The OpenAPI definition."""

    @public
    async def on_get(self, req: Request, resp: Response) -> None:
        """200 with the file, whose addresses begin with the service's root path."""
        await _show_file(resp, DEFINITION, YAML)
        if req.root_path:
            resp.data = below(req.root_path, resp.data or b"")


class DocsResource:
    """The page."""

    @public
    async def on_get(self, _req: Request, resp: Response) -> None:
        """200 with the page."""
        await _show_file(resp, PAGE / "index.html", MEDIA_HTML)


class AssetResource:
    """What the page loads."""

    @public
    async def on_get(self, _req: Request, resp: Response, asset: str) -> None:
        """200 with the file. Raises NotFound for any other than those in ASSETS."""
        if asset not in ASSETS:
            raise NotFound(f"the page of the API loads no {asset[:80]!r}")
        folder, media = ASSETS[asset]
        await _show_file(resp, folder / asset, media)
        resp.set_header("Cache-Control", f"public, max-age={ASSET_SECONDS}")


def below(root: str, definition: bytes) -> bytes:
    """The definition of a service that has this root path."""
    for line, rooted in ADDRESSES.items():
        definition = definition.replace(line, rooted % root.encode())
    return definition


async def _show_file(resp: Response, path: Path, media: str) -> None:
    # Read anew each time: people who read documentation are few, and the memory of each process is dear.
    resp.data = await asyncio.to_thread(path.read_bytes)
    resp.content_type = media
    resp.set_header("Cache-Control", "no-cache")
