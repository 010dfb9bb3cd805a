"""Lint the scripts that Redis runs, each with what it includes, with luacheck: `python -m tests.lint_lua`.

Where luacheck is not installed that is said and is no error; in CI it is one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tasks.storage.scripts import ROOT, lines
from tests.lua import script_paths
from tests.needed import CI

#: Where luacheck says that something is: file, line, column and what.
_FOUND: Final = re.compile(r"(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<what>.*)")


def check(paths: Iterable[str]) -> list[str]:
    """What luacheck says of the scripts, where it stands in their files. Raises FileNotFoundError without luacheck."""
    places = {path: list(lines(path)) for path in paths}
    with tempfile.TemporaryDirectory() as folder:
        for path, joined in places.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{line.text}\n" for line in joined), encoding="utf-8")
        options = ("--config", str(ROOT / ".luacheckrc"), "--formatter", "plain", "--codes", "--no-color")
        done = subprocess.run(["luacheck", *options, *places], cwd=folder, capture_output=True, text=True, check=False)
    said = [_FOUND.fullmatch(line) for line in done.stdout.splitlines()]
    # 0: clean, 1: warnings, 2: errors; above that luacheck itself has failed.
    if done.returncode > 2 or bool(done.returncode) != bool(said) or None in said:
        raise RuntimeError(f"luacheck: {done.stdout}{done.stderr}")
    found: dict[str, None] = {}
    for match in filter(None, said):
        line = places[match["path"]][int(match["line"]) - 1]
        # What is in a file that several scripts include is said once.
        found[f"{line.path}:{line.number}:{match['column']}: {match['what']}"] = None
    return list(found)


def main() -> int:
    """Print what there is to say; 0 if that is nothing."""
    if shutil.which("luacheck") is None:
        print("luacheck is not installed, so Lua is not linted: apt-get install lua-check")
        return 1 if os.environ.get(CI) else 0
    found = check(script_paths())
    print(*found or ["Lua: no issues found in the scripts"], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
