"""All settings: from the dataclasses that have them."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields

from docs.generate.markdown import code, table
from tasks.config.setting import Area
from tasks.config.settings import AREAS
from tasks.config.values import variable, written


def settings() -> str:
    """A section an area: variable, default and meaning of each setting."""
    return "\n".join(_section(area) for area in AREAS)


def _section(area: type[Area]) -> str:
    # Areas stand on each other: the fields of those below have sections of their own.
    own = [f for f in fields(area) if f.name in area.__annotations__]
    rows = [
        (code(variable(f.name, f.metadata["env"])), code(written(f.default)) or "empty", f.metadata["doc"]) for f in own
    ]
    about = inspect.getdoc(sys.modules[area.__module__]) or ""
    return f"## {about.rstrip('.')}\n\n{table(('variable', 'default', 'meaning'), rows)}"
