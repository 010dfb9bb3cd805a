"""A module of cells of a notebook, in which nothing happens when it is imported: definitions stand as they are, and
what was done beside them is the body of a function."""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from infra.projects.notebooks import commented

#: What the function is called that has the rest.
STEPS: Final = "steps"
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS: Final = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Part:
    """Statements that stand together, with the comments before them."""

    text: str
    nodes: list[ast.stmt]

    @property
    def bound(self) -> set[str]:
        """The names that it gives to something."""
        return {name for node in self.nodes for name in _bound(node)}

    @property
    def used(self) -> set[str]:
        """The names that it reads, somewhere in it."""
        found = (n for node in self.nodes for n in ast.walk(node))
        return {node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}

    def all_are(self, *kinds: type[ast.stmt]) -> bool:
        """Whether all statements are of these kinds."""
        return bool(self.nodes) and all(isinstance(node, kinds) for node in self.nodes)

    @property
    def stays(self) -> bool:
        """Whether it may stand outside of a function: it defines something, or names a value that is written there."""
        return self.all_are(*_DEFINITIONS) or (bool(self.nodes) and all(map(_is_constant, self.nodes)))


@dataclass(frozen=True)
class Module:
    """The module, and what is to be known of it."""

    text: str
    #: Functions and classes that it defines.
    defined: list[str] = field(default_factory=list)
    #: Packages that it imports when it is imported.
    imported: list[str] = field(default_factory=list)
    #: What its functions use that only its steps make.
    missing: list[str] = field(default_factory=list)


def module_of(cells: Sequence[str], *, name: str) -> Module:
    """The module; `name` is that of the notebook, for its docstring."""
    parts = [part for number, cell in enumerate(cells, 1) for part in _parts(cell, number)]
    staying = [part for part in parts if part.stays]
    needed = {used for part in staying for used in part.used}
    top = [part for part in parts if part.all_are(*_IMPORTS) and (_must_stay(part) or part.bound & needed)]
    steps = [part for part in parts if part not in staying and part not in top]
    doc = f'"""The code of {name}: what it defines, and what it did, as `{STEPS}`, which nobody calls."""'
    texts = [doc, *(part.text for part in [*_first(top), *staying])]
    if steps:
        texts.append(f"def {STEPS}():\n" + "\n\n".join(_indented(part.text) for part in steps) + "\n    return")
    known = {name for part in [*top, *staying] for name in part.bound} | set(dir(builtins))
    return Module(
        "\n\n\n".join(texts) + "\n",
        defined=[n for part in staying if part.all_are(*_DEFINITIONS) for n in sorted(part.bound)],
        imported=sorted({package for part in top for package in _packages(part)}),
        missing=sorted((needed - known) & {name for part in steps for name in part.bound}),
    )


def _parts(cell: str, number: int) -> Iterator[Part]:
    try:
        nodes = ast.parse(cell).body
        # Such as `await`, which a notebook may have outside of a function.
        compile(cell, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        yield Part(f"# Cell {number}, which is no Python:\n{commented(cell)}", [])
        return
    lines, done = cell.splitlines(), 0
    groups = _groups(nodes)
    for place, group in enumerate(groups):
        last = max(node.end_lineno or node.lineno for node in group)
        # What stands behind the last one are comments.
        end = len(lines) if place == len(groups) - 1 else last
        text = "\n".join(lines[done:end]).strip("\n")
        yield Part(f"# Cell {number}.\n{text}" if not place else text, group)
        done = end
    if not groups:
        yield Part(f"# Cell {number}.\n{cell}", [])


def _groups(nodes: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Statements, of which those on one line are together."""
    groups: list[list[ast.stmt]] = []
    for node in nodes:
        if groups and node.lineno <= (groups[-1][-1].end_lineno or 0):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        yield node.name
    elif isinstance(node, _IMPORTS):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    else:
        yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _is_constant(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign) or not all(isinstance(target, ast.Name) for target in node.targets):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def _must_stay(part: Part) -> bool:
    """Whether it may not stand in a function."""
    return any(
        isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")
        for node in part.nodes
    )


def _first(parts: list[Part]) -> list[Part]:
    """Those of the future before the rest."""
    return sorted(
        parts, key=lambda part: not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in part.nodes)
    )


def _packages(part: Part) -> Iterator[str]:
    for node in part.nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _indented(text: str) -> str:
    """The text as part of a function; lines inside of strings stay as they are."""
    inside = set[int]()
    for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
        if token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    return "\n".join(
        line if number in inside or not line else f"    {line}" for number, line in enumerate(text.splitlines(), 1)
    )
