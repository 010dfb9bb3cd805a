"""The package as it is given to others: wheel and sdist that `python -m build` makes, installed where nothing is."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Final

from tests.clients.client import Client
from tests.clients.environments import fresh, install, python_of
from tests.clients.generating import BUILD, run
from tests.clients.packaged import asked
from tests.lock import BASE_FILE, ROOT, without_hashes
from tests.lock import CLIENTS as ENVIRONMENTS
from tests.service import Service

#: What the builder needs of the checkout: not its environments, nor what was built before.
SOURCES: Final = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "tasks", "gateway", "monitoring", "infra")


@cache
def built() -> Path:
    """The folder with a wheel, made of the sdist beside it, and the sdist."""
    folder = BUILD / "built"
    shutil.rmtree(folder, ignore_errors=True)
    for name in SOURCES:
        source, copy = ROOT / name, folder / "source" / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    run([python_of("build"), "-m", "build", "--outdir", folder, folder / "source"])
    return folder


def installed(name: str, *, file: str, extra: str) -> Path:
    """The interpreter of the environment of this name, of a new one if there is none, that has what was built, in the
    versions of constraints.txt."""
    (package,) = built().glob(file)
    versions = built() / "versions.txt"
    versions.write_text(without_hashes(BASE_FILE.read_text()))
    python = python_of(name) if name in ENVIRONMENTS else fresh(name)
    install(python, "--force-reinstall", "--no-deps", package)
    install(python, "--constraint", versions, f"mlservice[{extra}]")
    return python


def shown(_service: Service, _model: str, python: Path) -> Iterator[str]:
    """What goes wrong when the demonstration is run where only the sdist was installed."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = [python.with_name("mlservice"), "demo"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"mlservice demo ended with {done.returncode}: {done.stdout}{done.stderr}"


CLIENTS: Final = (
    Client(
        name="wheel",
        make=partial(installed, "wheel", file="*.whl", extra="client"),
        faults=partial(asked, "with_our_client"),
    ),
    Client(name="sdist", make=partial(installed, "sdist", file="*.tar.gz", extra="demo"), faults=shown),
    *(
        Client(
            name=library,
            make=partial(installed, library, file="*.whl", extra="client"),
            faults=partial(asked, f"with_{library}"),
        )
        for library in ("pandas", "polars")
    ),
)
