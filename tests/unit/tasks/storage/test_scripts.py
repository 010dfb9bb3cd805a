"""Scripts in files: what stands for another file, and that each is read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.storage import scripts


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where scripts are looked for, with nothing read before."""
    monkeypatch.setattr(scripts, "ROOT", tmp_path)
    monkeypatch.setattr(scripts, "read", scripts.read.__wrapped__)
    return tmp_path


def joined(path: str) -> list[str]:
    return [line.text for line in scripts.lines(path)]


def test_a_line_stands_for_another_file_once(root: Path) -> None:
    (root / "clock.lua").write_text("local now = 1\n")
    (root / "free.lua").write_text("-- include: clock.lua\nlocal free = now\n")
    (root / "all.lua").write_text("#!lua\n-- include: clock.lua\n-- include: free.lua\nreturn free\n")
    assert joined("all.lua") == ["#!lua", "local now = 1", "local free = now", "return free"]


def test_in_a_function_it_stands_for_it_each_time(root: Path) -> None:
    (root / "numbers.lua").write_text("local ONE = 1\n")
    (root / "all.lua").write_text(
        "function a()\n  -- include: numbers.lua\nend\nfunction b()\n  -- include: numbers.lua\nend\n"
    )
    assert joined("all.lua").count("local ONE = 1") == 2


def test_a_line_knows_where_it_stands(root: Path) -> None:
    (root / "part.lua").write_text("-- A part.\nlocal part\n")
    (root / "all.lua").write_text("-- include: part.lua\nreturn part -- include: it\n")
    assert [(line.path, line.number) for line in scripts.lines("all.lua")] == [
        ("part.lua", 1),
        ("part.lua", 2),
        ("all.lua", 2),
    ]


def test_a_file_that_is_missing_is_an_error(root: Path) -> None:
    (root / "all.lua").write_text("-- include: nothing.lua\n")
    with pytest.raises(FileNotFoundError, match=r"nothing\.lua"):
        joined("all.lua")


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "tasks/storage/lua/discard_blob.lua"
    text = scripts.script(path)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read again"))
    assert scripts.script(path) is text
