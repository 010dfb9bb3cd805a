"""All commands: from the parser of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from docs.generate.markdown import code, codes, table
from infra.cli import parser

#: What argparse adds to each command by itself.
HELP: Final = "help"


def commands() -> str:
    """A section a command: what it is for, and its arguments."""
    return "\n".join(_section(command) for command in leaves(parser()))


def leaves(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The commands that can be run: a command with actions stands for them."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from leaves(below)
            return
    yield command


def _section(command: argparse.ArgumentParser) -> str:
    text = f"## `{command.prog}`\n\n{command.description or ''}\n"
    rows = [_row(command, action) for action in command._actions if action.dest != HELP]
    return f"{text}\n{table(('argument', 'meaning'), rows)}" if rows else text


def _row(command: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    formatter = command._get_formatter()
    meaning = formatter._expand_help(action) if action.help else ""
    if action.choices is not None:
        meaning = f"{meaning} one of {codes(map(str, action.choices))}".strip()
    return code(_spelling(action)), meaning


def _spelling(action: argparse.Action) -> str:
    """The argument as it is typed."""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"{value} ..." if action.nargs in ("*", "+") else value
    return f"{action.option_strings[-1]} {value}".strip()
