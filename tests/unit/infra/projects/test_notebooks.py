"""A notebook becomes a module in which nothing happens when it is imported."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from infra.projects.modules import module_of
from infra.projects.notebooks import code_cells
from tasks.errors import InvalidField

CELLS = [
    "%matplotlib inline\nimport math\nimport absent_plots as plt\nRATE = 0.5\n",
    '!pip install something\nif True:\n    %time print("now")\n',
    "%%bash\nrm -rf nothing",
    "%%time\ndef weigh(x):  # a comment\n    return math.sqrt(x) * RATE * scale\n",
    'raise SystemExit("nothing may happen at import")',
    'text = """two\nlines""".upper()\nscale = 2; other = scale\nplt.plot(text)\n# the end',
    "broken = (",
    "table = await load()",
]


def notebook(cells: list[str], **more: Any) -> dict[str, Any]:
    """A notebook of format 4."""
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    return {"cells": [{"cell_type": "markdown", "source": ["# Title"]}, *code], "nbformat": 4, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rents.ipynb"
    path.write_text(json.dumps(notebook(CELLS)))
    return path


def test_definitions_stay_and_the_rest_is_not_run(file: Path) -> None:
    module = module_of(code_cells(file), name=file.name)
    names: dict[str, Any] = {}
    exec(compile(module.text, "notebook.py", "exec"), names)
    assert {"weigh", "RATE", "math", "steps"} <= names.keys()
    assert not names.keys() & {"plt", "scale", "text"}
    assert (module.defined, module.imported, module.missing) == (["weigh"], ["math"], ["scale"])
    names["scale"] = 3
    assert names["weigh"](4) == 3.0


def test_the_steps_are_there_as_they_were(file: Path) -> None:
    module = module_of(code_cells(file), name=file.name)
    steps = next(n for n in ast.parse(module.text).body if isinstance(n, ast.FunctionDef) and n.name == "steps")
    constants = [n.value for n in ast.walk(steps) if isinstance(n, ast.Constant)]
    assert "two\nlines" in constants
    assert "import absent_plots" in ast.unparse(steps)
    for comment in ("# !pip install something", "# rm -rf nothing", "# the end", "# broken = (", "await load()"):
        assert comment in module.text
    # A comment before a definition, and a name that two statements of a line share.
    assert "# a comment" in module.text
    assert "scale = 2; other = scale" in module.text


def test_older_notebooks_are_read(tmp_path: Path) -> None:
    file = tmp_path / "old.ipynb"
    file.write_text(json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}], "nbformat": 3}))
    assert code_cells(file) == ["x = 1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no notebook"),
        ("no JSON", "is no notebook"),
        ("[]", "is no notebook"),
        (json.dumps(notebook([])), "has no code"),
        (json.dumps(notebook(["1"], metadata={"language_info": {"name": "julia"}})), "a notebook of julia"),
    ],
)
def test_what_is_no_notebook_of_python_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "some.ipynb"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidField, match=said):
        code_cells(file)
