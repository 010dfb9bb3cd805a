"""The sessions of the page on clients work as they stand there; those with packages of others are run by `make
test-clients`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import sessions
from tests.clients.generating import PAGE
from tests.clients.packaged import CLIENTS as OTHERS
from tests.clients.sums import make_sums
from tests.service import Service

HERE = ("commands", "python", "celery")


@pytest.fixture
def shell(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user who has what the page asks for."""
    make_sums(service)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("URL", service.url)
    monkeypatch.setenv("TOKEN", service.token())
    (tmp_path / ".mlservice").symlink_to(service.home.root)
    return tmp_path


@pytest.mark.parametrize("name", HERE)
def test_a_session_of_the_page(name: str, service: Service, shell: Path) -> None:
    steps = sessions.steps(PAGE, name)
    assert steps
    written = "".join(sessions.run(steps, url=service.url, folder=shell, seconds=90))
    assert "7." in written


def test_every_session_of_the_page_is_run_somewhere() -> None:
    elsewhere = {client.name for client in OTHERS} | {"polars", "typescript"}
    assert {block.session for block in sessions.blocks(PAGE) if block.session} <= {*HERE} | elsewhere
