"""All errors: the tree of `tasks.errors`, and how the gateway shows each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docs.generate.markdown import code, table
from gateway.web.errors import problem_type, status_and_title
from tasks.errors import ServiceError


def errors() -> str:
    """Class, place in the tree, HTTP status, type and title of the problem, and when it is raised."""
    return table(
        ("class", "is a", "status", "`type`", "`title`", "raised"),
        [
            (
                code(cls.__name__),
                code(cls.__base__.__name__ if cls.__base__ else ""),
                str(status_and_title(cls)[0]),
                code(problem_type(cls)),
                status_and_title(cls)[1],
                _when(cls),
            )
            for cls in tree(ServiceError)
        ],
    )


def tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """The class, and all below it, each before those below it."""
    yield root
    for cls in root.__subclasses__():
        yield from tree(cls)


def _when(cls: type[ServiceError]) -> str:
    return (inspect.getdoc(cls) or "").removeprefix("Raised ")
