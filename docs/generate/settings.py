"""All settings: from the one dataclass that has them."""

from __future__ import annotations

from docs.generate.markdown import code, table
from tasks.config.settings import describe


def settings() -> str:
    """Variable, default and meaning of each setting, in the order of `mlservice settings`."""
    rows = [(code(variable), code(default) or "empty", meaning) for variable, default, meaning in describe()]
    return table(("variable", "default", "meaning"), rows)
