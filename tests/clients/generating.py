"""The generators, without options that change what they make, and where they put it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.resources.docs import DEFINITION
from tests import sessions

#: The folder for all that is made; not kept in the repository.
BUILD: Final = Path(__file__).parents[2] / "build" / "clients"
TYPESCRIPT: Final = Path(__file__).with_name("typescript")
#: What the packages in Python are called.
PACKAGE: Final = "mlservice_client"
#: The page, and the file that its program is compiled from.
PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "clients.md"
PAGE_PROGRAM: Final = "page.ts"
_BIN: Final = Path(sys.executable).parent


def openapi_generator() -> Path:
    """The folder in which openapi-generator has put a package in Python."""
    folder = _fresh("openapi-generator")
    name = f"packageName={PACKAGE}"
    command = _BIN / "openapi-generator-cli"
    run([command, "generate", "-i", DEFINITION, "-g", "python", "-o", folder, "--additional-properties", name])
    return folder


def openapi_python_client() -> Path:
    """The folder in which openapi-python-client has put a package."""
    folder = _fresh("openapi-python-client")
    package = folder / PACKAGE
    run([_BIN / "openapi-python-client", "generate", "--path", DEFINITION, "--output-path", package, "--meta", "none"])
    return folder


def openapi_typescript() -> Path:
    """The folder in which the walk in TypeScript is compiled beside the types that openapi-typescript has made.

    What the compiler does not take, it says, and it raises CalledProcessError.
    """
    folder = _fresh("openapi-typescript")
    for file in TYPESCRIPT.iterdir():
        shutil.copy(file, folder)
    (folder / PAGE_PROGRAM).write_text(typescript_of_the_page())
    run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
    run(["npx", "--no-install", "openapi-typescript", DEFINITION, "-o", "schema.d.ts"], cwd=folder)
    run(["npx", "--no-install", "tsc"], cwd=folder)
    return folder


def typescript_of_the_page() -> str:
    """The program that the page on clients shows."""
    (block,) = (block for block in sessions.blocks(PAGE) if block.language == "typescript")
    return block.text


def _fresh(name: str) -> Path:
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def run(command: Sequence[str | Path], *, cwd: Path | None = None) -> None:
    """Run it, and say so. Raises CalledProcessError after what it has written."""
    print("$", *(os.path.relpath(part) if isinstance(part, Path) else part for part in command), flush=True)
    done = subprocess.run(command, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        done.check_returncode()
