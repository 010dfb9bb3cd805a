"""Sessions that are written in a page, in the languages of a shell and of Python, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

#: Where a page expects the service, which in a test is elsewhere.
DEFAULT_URL: Final = "http://127.0.0.1:8080"
#: The languages of blocks that are run, and of those that show what was written.
SHELL: Final = "sh"
PYTHON: Final = "python"
JSON: Final = "json"
#: Written between the outputs of two blocks, as bash's printf spells it.
BETWEEN: Final = r"\0"
_PART: Final = re.compile(
    r"^<!-- session: (?P<session>\w+) -->$|^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    #: What the last mark before it says, `<!-- session: NAME -->`; empty before the first one. A session is one shell.
    session: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A block to run, as a script for the shell, and the JSON that the page shows as what it writes, if any."""

    script: str
    shown: str | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found, session = [], ""
    for part in _PART.finditer(page.read_text()):
        if part["session"]:
            session = part["session"]
        else:
            found.append(Block(session=session, language=part["language"], text=part["text"]))
    return found


def steps(page: Path, session: str, *, python: str | Path = sys.executable) -> list[Step]:
    """The blocks of one session that are run, each with the block of JSON that comes next. One of Python is a program
    of its own, with this interpreter, in the environment of the shell."""
    fenced = blocks(page)
    return [
        Step(
            script=script(block, python=python),
            shown=after.text if after is not None and after.language == JSON else None,
        )
        for block, after in zip_longest(fenced, fenced[1:])
        if block.session == session and block.language in (SHELL, PYTHON)
    ]


def script(block: Block, *, python: str | Path = sys.executable) -> str:
    """What the shell is given."""
    if block.language == SHELL:
        return block.text
    return f"{shlex.quote(str(python))} -c {shlex.quote(block.text)}\n"


def run(
    session: Sequence[Step], *, url: str, folder: Path, seconds: float, env: Mapping[str, str] | None = None
) -> list[str]:
    """What each step writes; they run one after the other in one shell, none may fail. The service is at `url`.

    `env`: what their environment has beside that of this process.
    """
    script = f"printf '{BETWEEN}'\n".join(step.script for step in session).replace(DEFAULT_URL, url)
    command = ["bash", "-euo", "pipefail", "-c", script]
    whole = {**os.environ, **(env or {})}
    done = subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.split("\0")


def shape(value: Any) -> Any:
    """JSON with the name of its type in place of each value."""
    if isinstance(value, dict):
        return {key: shape(of) for key, of in value.items()}
    if isinstance(value, list):
        return [shape(of) for of in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def check_shown(session: Sequence[Step], written: Sequence[str]) -> int:
    """How many blocks of JSON the page shows. Raises AssertionError for one of another shape than what is written."""
    for step, real in zip(session, written, strict=True):
        if step.shown is not None:
            assert shape(json.loads(step.shown)) == shape(json.loads(real)), f"shown: {step.shown}\nwritten: {real}"
    return sum(step.shown is not None for step in session)
