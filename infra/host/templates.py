"""Configuration files from templates, in which `@{name}` is replaced (`$` belongs to NGINX)."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template
from typing import Final

#: The package `infra`, whose wings have the templates.
FOLDER: Final = Path(__file__).parents[1]


class At(Template):
    """A string.Template with `@` in place of `$`."""

    delimiter = "@"


def fill(template: str, **values: object) -> str:
    """The text of a template, a path below `infra`, with each name replaced. Raises KeyError for a missing one."""
    return At((FOLDER / template).read_text()).substitute(values)


def write_private(path: Path, text: str) -> None:
    """Write a file (0600), whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
