"""`mlservice new`: a project of the user's, with an estimator that is to be replaced."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.projects.modules import Module, module_of
from infra.projects.naming import naming
from infra.projects.notebooks import code_cells
from infra.projects.writing import write
from tasks.errors import InvalidField

#: The start that takes a file.
NOTEBOOK: Final = "notebook"


def run(args: argparse.Namespace) -> int:
    """Write the project, and say what comes next. Raises InvalidField, Conflict; nothing is written then."""
    names = naming(args.name)
    start = args.start or (NOTEBOOK if args.notebook else "function")
    if (start == NOTEBOOK) != bool(args.notebook):
        raise InvalidField("--from notebook needs --notebook FILE, and that goes with no other --from")
    found = module_of(code_cells(args.notebook), name=args.notebook.name) if args.notebook else None
    template = "function" if found else start
    write(Path.cwd() / names.project, names, start=template, notebook=found.text if found else "")
    lines = [f"{names.project}/ is written. Next:", "", f"    cd {names.project}", "    pip install -e '.[test]'"]
    lines += ["    python -m pytest", "    mlservice dev", ""]
    print("\n".join([*lines, *(_told(found, names.package) if found else [])]))
    return 0


def _told(found: Module, package: str) -> list[str]:
    """What is to be known of a notebook's code."""
    lines = [
        f"The notebook's code is in {package}/notebook.py; put what it learns into fit and predict of estimator.py."
    ]
    if found.defined:
        lines.append(f"It defines {', '.join(found.defined)}.")
    if found.missing:
        lines.append(
            f"Its functions use {', '.join(found.missing)}, which only its steps make: hand that over as arguments."
        )
    if absent := [name for name in found.imported if find_spec(name) is None]:
        lines.append(f"It imports {', '.join(absent)}, which is not installed here: install that before the rest.")
    return lines
