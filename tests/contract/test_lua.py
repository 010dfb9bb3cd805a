"""The scripts that Redis runs: each is called by somebody, tested, complete, and says what it takes and gives."""

from __future__ import annotations

import configparser
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tasks.storage.scripts import INCLUDE, ROOT, lines, read, script
from tests import lint_lua
from tests.lua import include_paths, script_paths
from tests.lua_header import HEADER, header
from tests.needed import CI, program

PACKAGES: Final = ("tasks", "gateway", "infra", "monitoring")
#: What the first lines of a script say, in this order.
HEAD: Final = re.compile(
    r"(#!lua flags=allow-oom\n)?-- [A-Z].*?\n-- KEYS: .*?\n-- ARGV: .*?\n-- Returns .*?\n", re.DOTALL
)


def sources(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.py")))


def test_every_script_is_loaded_by_its_own_wing() -> None:
    for path in script_paths():
        wing = str(Path(path).parents[1])
        assert sources(wing).count(f'"{path}"') == 1, path


def test_every_script_has_a_test() -> None:
    for path in script_paths():
        assert f'"{path}"' in sources(f"tests/unit/{Path(path).parents[1]}"), path


def test_every_include_is_part_of_a_script() -> None:
    included = {line.path for path in script_paths() for line in lines(path)} - set(script_paths())
    assert included == set(include_paths())


def test_python_holds_no_scripts() -> None:
    for package in PACKAGES:
        assert "redis.call(" not in sources(package)


@pytest.mark.parametrize("path", script_paths())
def test_a_script_says_what_it_takes_and_gives(path: str) -> None:
    assert HEAD.match(read(path)), path


@pytest.mark.parametrize("path", script_paths())
def test_flags_are_the_first_line_that_redis_gets(path: str) -> None:
    assert [number for number, line in enumerate(script(path).splitlines()) if line.startswith("#!")] in ([], [0])
    assert INCLUDE not in script(path)


def test_every_file_is_in_the_wheel() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    data = setup["options.package_data"]
    packed = {
        str(file.relative_to(ROOT))
        for package, patterns in data.items()
        for pattern in patterns.split(",")
        for file in (ROOT / package.replace(".", "/")).glob(pattern.strip())
    }
    assert {*script_paths(), *include_paths()} <= packed


def test_the_numbers_of_the_counters_are_those_of_python() -> None:
    assert read(HEADER) == header(), "run python -m tests.lua_header"


def test_what_is_wrong_in_a_file_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program("luacheck", package="lua-check")
    (tmp_path / "part.lua").write_text("-- A part.\nlocal unused = 1\n")
    for name in ("one.lua", "two.lua"):
        (tmp_path / name).write_text("-- include: part.lua\nreturn nothing\n")
    monkeypatch.setattr("tasks.storage.scripts.ROOT", tmp_path)
    monkeypatch.setattr("tasks.storage.scripts.read", lambda path: (tmp_path / path).read_text())
    assert lint_lua.check(["one.lua", "two.lua"]) == [
        "part.lua:2:7: (W211) unused variable 'unused'",
        "one.lua:2:8: (W113) accessing undefined variable 'nothing'",
        "two.lua:2:8: (W113) accessing undefined variable 'nothing'",
    ]


@pytest.mark.parametrize("ci", [True, False])
def test_without_luacheck_only_ci_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, ci: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv(CI, raising=False)
    if ci:
        monkeypatch.setenv(CI, "1")
    assert lint_lua.main() == int(ci)
    assert capsys.readouterr().out == "luacheck is not installed, so Lua is not linted: apt-get install lua-check\n"
