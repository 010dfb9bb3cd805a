"""Commands of `mlservice`, carried out in this process: another Python takes a third of a second to start."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from infra.cli import main
from infra.host.home import Home


def mlservice(*arguments: str | Path, home: Home, text: str = "") -> CompletedProcess[str]:
    """What a command for the service in this home writes, with this text as its standard input, and its status."""
    command = [*map(str, arguments), "--home", str(home.root)]
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "stdin", io.StringIO(text))
        try:
            status = main(command)
        except SystemExit as ended:
            # argparse ends the process when it cannot read the arguments.
            status = int(ended.code or 0)
    return CompletedProcess(command, status, output.getvalue(), errors.getvalue())


def said(*arguments: str | Path, home: Home, text: str = "") -> str:
    """What a command writes that succeeds, and complains of nothing."""
    done = mlservice(*arguments, home=home, text=text)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def add_account(name: str, *scopes: str, home: Home, password: str) -> None:
    """Add an account with these scopes."""
    options = [option for scope in scopes for option in ("--scope", scope)]
    said("user", "add", name, *options, "--password-stdin", home=home, text=f"{password}\n")
