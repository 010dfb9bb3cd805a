"""The definition of the HTTP API, read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from gateway.resources.docs import DEFINITION

#: The keys of a path that are methods, in the order in which they are shown.
METHODS: Final = ("get", "post", "put", "patch", "delete")

#: An object of the definition.
Node = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one route."""

    method: str
    path: str
    node: Node

    @property
    def title(self) -> str:
        """How it is asked for, as `POST /v1/token`."""
        return f"{self.method.upper()} {self.path}"


class Definition:
    """gateway/ml-service.yml."""

    def __init__(self) -> None:
        self.node: Node = yaml.safe_load(DEFINITION.read_text())

    def operations(self) -> Iterator[Operation]:
        """All operations, in the order of the file; the parameters of their path are among theirs."""
        for path, item in self.node["paths"].items():
            for method in METHODS:
                if method in item:
                    node = item[method]
                    parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
                    yield Operation(method=method, path=path, node={**node, "parameters": parameters})

    def resolved(self, node: Node) -> Node:
        """The object itself, or the one that it refers to."""
        if "$ref" not in node:
            return node
        found: Node = self.node
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self.resolved(found)
