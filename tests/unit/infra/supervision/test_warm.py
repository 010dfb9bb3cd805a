"""When a program is forked from what was imported, and when it begins anew."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

from infra.host.process_title import entitle
from infra.supervision.warm import Warm

WORKER = ("python", "-P", "-m", "infra", "worker", "estimate")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that can be imported."""
    file = tmp_path / "just_made.py"
    file.write_text("THERE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "just_made", raising=False)
    return file


def load() -> None:
    importlib.import_module("just_made")


def test_workers_are_forked_until_a_file_of_theirs_is_another_one(module: Path) -> None:
    warm = Warm(("worker",), load=load)
    warm.look()
    assert not warm.suits(WORKER), "nothing is imported"
    warm.prepare()
    warm.look()
    assert warm.suits(WORKER)
    assert not warm.suits(("python", "-P", "-m", "infra", "gateway"))
    assert not warm.suits(("nginx", "-p", "-m", "infra", "worker"))
    module.write_text("THERE = 'again'\n")
    warm.look()
    assert not warm.suits(WORKER)


@pytest.mark.usefixtures("module")
def test_what_cannot_be_imported_is_left_to_each_program() -> None:
    def fail() -> None:
        raise ImportError("broken")

    warm = Warm(("worker",), load=fail)
    warm.prepare()
    warm.look()
    assert not warm.suits(WORKER)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems ask elsewhere")
def test_a_forked_process_is_shown_as_what_it_is() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        entitle(WORKER)
        os.write(writer, Path("/proc/self/cmdline").read_bytes())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as said:
        shown = said.read().rstrip(b"\0").split(b"\0")
    # As far as there is room.
    assert [word.decode() for word in shown] == list(WORKER[: len(shown)])
    assert len(shown) > 1
