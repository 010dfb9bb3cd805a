"""The code of a notebook (.ipynb)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField

#: Largest notebook that is read (bytes): pictures among its outputs may take some.
MOST_BYTES: Final = 100 * 1024 * 1024
#: Magics of a whole cell whose code is Python.
PYTHON_MAGICS: Final = frozenset({"time", "timeit", "capture", "prun", "python", "python3"})
#: What lines begin with that are no Python.
NO_PYTHON: Final = ("%", "!", "?")


def code_cells(file: Path) -> list[str]:
    """The code cells, in order, with what is no Python as comments. Raises InvalidField for what is no notebook of
    Python's."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidField(f"{file} is too large for a notebook: clear its outputs")
        notebook = msgspec.json.decode(file.read_bytes())
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        sources = [_source(cell) for cell in cells if cell["cell_type"] == "code"]
        language = str(_metadata(notebook).get("name") or "python")
    except FileNotFoundError:
        raise InvalidField(f"there is no notebook {file}") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidField(f"{file} is no notebook: {type(error).__name__}: {error}") from None
    if language not in ("python", "ipython"):
        raise InvalidField(f"{file} is a notebook of {language}; an estimator is written in Python")
    if not any(source.strip() for source in sources):
        raise InvalidField(f"{file} has no code")
    return [_plain(source) for source in sources if source.strip()]


def _metadata(notebook: Any) -> dict[str, Any]:
    found: dict[str, Any] = notebook.get("metadata", {}).get("language_info", {})
    return found


def _source(cell: Any) -> str:
    source = cell["source"] if "source" in cell else cell["input"]
    return source if isinstance(source, str) else "".join(source)


def _plain(source: str) -> str:
    """The cell, in which lines that are the notebook's own language are comments."""
    lines = source.splitlines()
    first = next(line for line in lines if line.strip()).strip()
    if first.startswith("%%") and first[2:].split()[0:1] and first[2:].split()[0] not in PYTHON_MAGICS:
        return commented(source)
    return "\n".join(_commented(line) if line.lstrip().startswith(NO_PYTHON) else line for line in lines)


def commented(source: str) -> str:
    """The source as comments."""
    return "\n".join(map(_commented, source.splitlines()))


def _commented(line: str) -> str:
    # Where a block has nothing else, it needs a statement.
    text = line.lstrip()
    return f"{line[: len(line) - len(text)]}{'pass  ' if line != text else ''}# {text}"
