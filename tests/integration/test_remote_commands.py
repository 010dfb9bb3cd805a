"""`mlservice --server URL ...`: a session with a service elsewhere, of which only the URL and an account are known."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from infra.cli import main
from tests.service import Service

TABLE = "a,b,y\n" + "".join(f"{a},{b},{a + b + 0.5}\n" for a in range(20) for b in range(20))


class Session:
    """Commands of one user, in this process."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.url, self._capsys, self._patch = url, capsys, patch

    def run(self, *arguments: str | Path, text: str = "") -> tuple[int, str, str]:
        """The status, what was written, and what was complained of."""
        self._patch.setattr(sys, "stdin", io.StringIO(text))
        self._capsys.readouterr()
        status = main(["--server", self.url, *map(str, arguments)])
        return status, *self._capsys.readouterr()

    def said(self, *arguments: str | Path, text: str = "") -> str:
        """What a command writes that succeeds."""
        status, output, errors = self.run(*arguments, text=text)
        assert (status, errors) == (0, ""), errors
        return output


@pytest.fixture
def session(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Session:
    """One whose files are its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "rows.csv").write_text("a,b\n3,4\n10,12\n")
    return Session(service.url, capsys, monkeypatch)


def test_a_session_with_a_service_elsewhere(session: Session, service: Service, tmp_path: Path) -> None:
    status, _, errors = session.run("models", "list")
    assert status == 1
    assert f"mlservice --server {service.url} login" in errors
    session.said("login", "--name", "admin", "--password-stdin", text=f"{service.home.first_password()}\n")
    assert "rows" in session.said("init", "remote", "table.csv", "--target", "y").splitlines()[0]
    assert "version 1" in session.said("train", "remote", "--params", '{"num_iterations": 60}')
    header, *lines = session.said("estimate", "remote", "rows.csv").splitlines()
    assert header.split()[0] == "prediction"
    assert [float(line.split()[0]) for line in lines] == pytest.approx([7.5, 22.5], abs=1)
    told = json.loads(session.said("estimate", "remote", "rows.csv", "--json", "--version", "1"))
    assert told["version"] == 1
    session.said("estimate", "remote", "rows.csv", "--out", "found.csv", "--keep", "a")
    assert (tmp_path / "found.csv").read_text().startswith('"a","prediction"\n')
    listed = [line.split() for line in session.said("models", "list").splitlines()]
    assert ["remote", "lightgbm", "regression", "y", "1", "1"] in listed
    assert json.loads(session.said("models", "show", "remote"))["links"]["infer"] == "/v2/models/remote/infer"
    assert json.loads(session.said("models", "show", "remote", "--history"))["history"]
    task = session.said("train", "remote", "--no-wait", "--promote", "never").strip()
    assert "version 2" in session.said("watch", task)
    status, _, errors = session.run("estimate", "remote", "rows.csv", "--version", "99")
    assert (status, "99" in errors) == (1, True)
    session.said("logout")
    assert session.run("watch", task)[0] == 1


def test_what_is_wrong_is_said(session: Session, service: Service) -> None:
    for arguments, text, words in (
        (("login", "--name", "admin", "--password-stdin"), "wrong\n", "password"),
        (("login", "--token-stdin"), "wrong\n", "token"),
        (("login",), "", "--name"),
        (("train", "remote", "--params", "[1]"), "", "JSON object"),
    ):
        if arguments[0] == "train":
            session.said("login", "--token-stdin", text=f"{service.token()}\n")
        status, _, errors = session.run(*arguments, text=text)
        assert (status, words in errors) == (1, True), errors
    with pytest.raises(SystemExit):
        session.run("status")


def test_the_same_words_are_for_a_home(session: Session, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    session.said("login", "--token-stdin", text=f"{service.token()}\n")
    session.said("init", "remote-home", "table.csv", "--target", "y")
    home = ("--home", str(service.home.root))
    assert main(["train", "remote-home", "--params", '{"num_iterations": 20}', "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1
    assert main(["estimate", "remote-home", "rows.csv", *home]) == 0
    assert capsys.readouterr().out.split()[0] == "prediction"
