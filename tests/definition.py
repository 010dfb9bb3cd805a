"""Whether an answer is as `gateway/ml-service.yml` says: its status, media type, body and headers, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator

from gateway.resources.docs import DEFINITION
from infra.nginx.headers import headers as lines

#: What every answer of HTTP may have, and what NGINX adds to each, which is said at the head of the definition.
GENERAL: Final = {
    *("connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server"),
    *("transfer-encoding", "vary"),
    *(line.split()[1].lower() for line in lines(hsts_seconds=1).splitlines()),
} - {"x-request-id"}


@cache
def definition() -> dict[str, Any]:
    """The file."""
    # Without libyaml it takes half a second.
    document: dict[str, Any] = yaml.load(DEFINITION.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document


def resolve(node: Any) -> Any:
    """The node, or what it refers to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = definition()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def faults(method: str, path: str, status: int, *, headers: Mapping[str, str], body: Any = None) -> Iterator[str]:
    """What is not as it is written of this answer. `path` as the definition has it; `body`: if it is JSON, parsed.

    The names of `headers` are in lower case.
    """
    written = definition()["paths"][path][method.lower()]["responses"].get(str(status))
    if written is None:
        yield f"the status {status}"
        return
    response = resolve(written)
    media = headers.get("content-type", "").partition(";")[0]
    if body is not None:
        content = response.get("content", {}).get(media)
        yield from [f"the media type {media}"] if content is None else _misfits(content["schema"], body, "the body")
    yield from _headers(response["headers"], headers)


def _headers(written: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[str]:
    known = {name.lower(): resolve(header) for name, header in written.items()}
    yield from (f"the header {name}" for name in sorted(headers.keys() - known.keys() - GENERAL))
    for name, header in known.items():
        if name not in headers:
            yield from [f"no header {name}"] if header.get("required") else []
        else:
            whole = header["schema"]["type"] == "integer"
            yield from _misfits(header["schema"], int(headers[name]) if whole else headers[name], name)


def _misfits(schema: Mapping[str, Any], value: Any, what: str) -> Iterator[str]:
    whole = {**schema, "components": definition()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    yield from (f"{what}: {error.message}" for error in validator.iter_errors(value))
