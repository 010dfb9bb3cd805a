"""Another revision of this checkout, built beside it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.load import Unusable

CHECKOUT: Final = Path(__file__).parents[2]


@contextmanager
def built(revision: str) -> Iterator[Path]:
    """The `mlservice` of a revision, with the packages of its own constraints, in a worktree that is removed at the
    end. Raises Unusable, with what was printed, if there is no such revision or it cannot be installed."""
    with tempfile.TemporaryDirectory(prefix="ml-against-") as folder:
        tree = Path(folder) / "tree"
        _run(["git", "worktree", "add", "--detach", str(tree), revision], cwd=CHECKOUT)
        try:
            print(f"building {revision} ...", flush=True)
            _run(["make", "install", f"PYTHON={sys.executable}"], cwd=tree)
            yield tree / ".venv" / "bin" / "mlservice"
        finally:
            _run(["git", "worktree", "remove", "--force", str(tree)], cwd=CHECKOUT)


def _run(command: list[str], *, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Unusable(f"`{' '.join(command)}` failed:\n{done.stdout[-2000:]}")
