"""Environments of their own for packages that need what ours does not have, or other versions of it.

`constraints/clients/NAME.txt` says what is in each; `make lock` writes it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from tests.clients.generating import BUILD, run
from tests.lock import CLIENTS_FOLDER, without_hashes

#: Written into an environment when it has all: of what it was made.
_MARK: Final = "made-of"


def python_of(name: str) -> Path:
    """The interpreter of an environment, which is made if there is none of what is asked for now."""
    return _made(name, requirements=CLIENTS_FOLDER / f"{name}.txt")


def fresh(name: str) -> Path:
    """The interpreter of a new environment that has nothing but pip."""
    folder = BUILD / "environments" / name
    venv.create(folder, clear=True, with_pip=True)
    return folder / "bin" / "python"


def install(python: Path, *arguments: str | Path) -> None:
    """Have pip install this. Raises CalledProcessError after what it has said."""
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def _made(name: str, *, requirements: Path) -> Path:
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = BUILD / "environments" / name
    mark, python = folder / _MARK, folder / "bin" / "python"
    if mark.exists() and mark.read_text() == wanted:
        return python
    fresh(name)
    try:
        install(python, "--require-hashes", "--requirement", requirements)
    except subprocess.CalledProcessError:
        print(f"WARNING: the hashes of {requirements.name} do not hold here; what it names is installed unchecked.")
        versions = folder / "versions.txt"
        versions.write_text(without_hashes(requirements.read_text()))
        install(python, "--requirement", versions)
    mark.write_text(wanted)
    return python
