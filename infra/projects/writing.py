"""A project's folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from infra.host.templates import fill
from infra.projects.naming import Naming
from infra.projects.sample import TARGET, sample
from tasks.errors import Conflict

#: Where the templates lie, below `infra`.
STARTS: Final = "projects/starts"


def write(folder: Path, names: Naming, *, start: str, notebook: str = "") -> None:
    """Write the project. `start`: whose estimator; `notebook`: the module that lies beside it, if one does.

    Raises Conflict if the folder is there.
    """
    if folder.exists():
        raise Conflict(f"{folder.name} is there already: give another name, or remove it")
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        for path, text in _files(names, start, notebook).items():
            file = draft / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _files(names: Naming, start: str, notebook: str) -> dict[str, str]:
    values = {
        "project": names.project,
        "package": names.package,
        "estimator": names.estimator,
        "target": TARGET,
        # By its own name, so that no linter takes it for forgotten.
        "imports": f"\nfrom {names.package} import notebook as notebook\n" if notebook else "",
    }

    def filled(name: str) -> str:
        return fill(f"{STARTS}/{name}.template", **values)

    return {
        ".gitignore": filled("all/gitignore"),
        "README.md": filled("all/README.md"),
        "pyproject.toml": filled("all/pyproject.toml"),
        "tests/test_estimator.py": filled("all/test_estimator.py"),
        "data/sample.csv": sample(),
        f"{names.package}/__init__.py": f'"""What {names.project} learns and answers."""\n',
        f"{names.package}/estimator.py": filled(f"{start}/estimator.py"),
        **({f"{names.package}/notebook.py": notebook} if notebook else {}),
    }
