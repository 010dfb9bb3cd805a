"""The completion of bash, asked as bash asks it, and those of the others."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from infra.cli import parser
from infra.commands.completion import bash, fish, words, zsh

TABLE = words(parser())


def completed(*line: str) -> list[str]:
    """What bash offers in place of the last word."""
    given = " ".join(map(shlex.quote, line))
    ask = f'COMP_WORDS=({given}); COMP_CWORD={len(line) - 1}; _mlservice; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-ec", bash(TABLE) + ask], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (("mlservice", "esti"), ["estimate"]),
        (("mlservice", "models", "sh"), ["show"]),
        (("mlservice", "--server", "https://ml.example.org", "models", "list", "--ta"), ["--tag"]),
        (("mlservice", "completion", ""), ["--help", "bash", "fish", "zsh"]),
        (("mlservice", "--ser"), ["--server"]),
        (("mlservice", "train", "homes", "--par"), ["--params"]),
    ],
)
def test_bash_is_offered_what_may_come_next(line: tuple[str, ...], offered: list[str]) -> None:
    assert completed(*line) == offered


def test_the_others_are_told_of_each_command() -> None:
    for made in (zsh(TABLE), fish(TABLE)):
        assert all(f'"{at}"' in made for at in TABLE)
        assert "{" + "at" not in made
