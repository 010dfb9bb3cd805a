"""`watch` and `models list`, `models show` of the service at --server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from infra.commands.aligned import aligned
from infra.commands.asking import client_of, signed_in
from tasks.calling.http_exchange import Call
from tasks.errors import InvalidField
from tasks.registry.names import check_name

if TYPE_CHECKING:
    from tasks.calling.over_http import HttpTransport

#: How many models, or facts, are read together.
PAGE: Final = 200
#: Time for a result that is there (seconds).
RESULT_SECONDS: Final = 30.0
#: What a list shows of a model.
SHOWN: Final = ("model", "estimator", "problem", "target", "version_count", "current")


def watch(args: argparse.Namespace) -> int:
    """Show the task; 0 if it succeeded. Raises its error. An interrupt leaves it running."""
    with client_of(args) as client:
        handle = client.handle(args.id)
        try:
            handle.watch().show(sys.stdout)
        except KeyboardInterrupt:
            print(f"{args.id} goes on; the same command shows it again", file=sys.stderr)
            raise
        handle.result(timeout=RESULT_SECONDS)
    return 0


def models(args: argparse.Namespace) -> int:
    """Print the models as a table, or as one JSON array."""
    params = {"limit": str(PAGE), **({"tag": args.tag} if args.tag else {})}
    with signed_in(args) as transport:
        found = [_asked(transport, f"/v1/models/{line['model']}") for line in _pages(transport, params)]
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        rows = [["-" if model[name] is None else model[name] for name in SHOWN] for model in found]
        print(*aligned([name.replace("_", " ") for name in SHOWN], rows), sep="\n")
    return 0


def model(args: argparse.Namespace) -> int:
    """Print a model as JSON, one version of it, or what happened to it. Raises UnknownModel, UnknownVersion."""
    path = f"/v1/models/{check_name(args.model)}"
    if args.version is not None and args.history:
        raise InvalidField("--history is of the whole model: leave --version out")
    path += f"/versions/{args.version}" if args.version is not None else "/history" if args.history else ""
    with signed_in(args) as transport:
        print(json.dumps(_asked(transport, path), ensure_ascii=False))
    return 0


def _pages(transport: HttpTransport, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The lines of a list, page after page."""
    while True:
        page = _asked(transport, "/v1/models", params)
        yield from page["models"]
        if page["next"] is None:
            return
        params = dict(parse_qsl(urlsplit(page["next"]).query))


def _asked(transport: HttpTransport, path: str, params: dict[str, str] | None = None) -> Any:
    answer = transport.run(transport.protocol.send(Call(method="GET", path=path, params=params or {})))
    return json.loads(answer.content)
