"""`mlservice completion SHELL`: what has a shell complete commands and options, made of the commands there are."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

#: Words by the commands before them, which have a blank before each; the first entry is that of no command.
Table = Mapping[str, Sequence[str]]
_BASH: Final = """\
_mlservice() {{
  local at="" word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in
      {paths}) at="$at $word" ;;
    esac
  done
  case "$at" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _mlservice mlservice
"""
_ZSH: Final = """\
#compdef mlservice
_mlservice() {{
  local at="" word words_here
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$at $word" in
      ({paths}) at="$at $word" ;;
    esac
  done
  case "$at" in
{cases}
  esac
  compadd -- ${{=words_here}}
  _files
}}
compdef _mlservice mlservice
"""
_FISH: Final = """\
function __mlservice_at
  set -l at ""
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case {paths}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
{cases}
"""


def run(args: argparse.Namespace) -> int:
    """Print it; `args.parser` has all commands."""
    table = words(args.parser)
    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell](table), end="")
    return 0


def words(parser: argparse.ArgumentParser) -> Table:
    """What may come after each command."""
    return dict(_words(parser, ""))


def _words(parser: argparse.ArgumentParser, at: str) -> Iterator[tuple[str, list[str]]]:
    found: list[str] = []
    below: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        found += [option for option in action.option_strings if option.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):
            below += action.choices.items()
        elif not action.option_strings and action.choices:
            found += map(str, action.choices)
    yield at, sorted([*found, *(name for name, _ in below)])
    for name, parser_below in below:
        yield from _words(parser_below, f"{at} {name}")


def bash(table: Table) -> str:
    """For bash 4 and later."""
    cases = "\n".join(f'    "{at}") words="{" ".join(found)}" ;;' for at, found in table.items())
    return _BASH.format(paths="|".join(f'"{at}"' for at in table if at), cases=cases)


def zsh(table: Table) -> str:
    """For zsh, sourced after `compinit`."""
    cases = "\n".join(f'    ("{at}") words_here="{" ".join(found)}" ;;' for at, found in table.items())
    return _ZSH.format(paths="|".join(f'"{at}"' for at in table if at), cases=cases)


def fish(table: Table) -> str:
    """For fish."""
    cases = "\n".join(
        f"complete -c mlservice -n '__mlservice_at \"{at}\"' -a '{' '.join(found)}'" for at, found in table.items()
    )
    return _FISH.format(paths=" ".join(f'"{at}"' for at in table if at), cases=cases)
