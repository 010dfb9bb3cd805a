"""All errors: the tree of `tasks.errors`, and how the gateway shows each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import tasks.errors
from docs.generate.markdown import code, table
from gateway.web.errors import URN, problem_type, status_and_title
from tasks.errors import ServiceError


def errors() -> str:
    """The tree of classes, and of each: type, status and title of its problem, and when it is raised."""
    rows = [
        (code(cls.__name__), code(problem_type(cls).removeprefix(URN)), *map(str, status_and_title(cls)), _when(cls))
        for cls in tree(ServiceError)
    ]
    return f"{_drawn()}\n{table(('class', '`type`', 'status', '`title`', 'raised'), rows)}"


def _drawn() -> str:
    """The tree as the module of errors draws it."""
    lines = (inspect.getdoc(tasks.errors) or "").splitlines()
    drawn = "\n".join(line.removeprefix(" " * 4) for line in lines if line.startswith(" " * 4))
    return f"```text\n{drawn}\n```\n"


def tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """The class, and all below it, each before those below it."""
    yield root
    for cls in root.__subclasses__():
        yield from tree(cls)


def _when(cls: type[ServiceError]) -> str:
    return (inspect.getdoc(cls) or "").removeprefix("Raised ")
