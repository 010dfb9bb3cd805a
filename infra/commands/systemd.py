"""`mlservice systemd-unit`: the unit with which systemd serves a home."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from pathlib import Path
from typing import Final

from infra.host.templates import fill
from tasks.errors import SettingsError

#: Letters that stand for themselves in a unit; systemd splits at blanks, and expands `%` and `$`.
PLAIN: Final = re.compile(r"[A-Za-z0-9/._+@:-]+")


def print_unit(args: argparse.Namespace) -> int:
    """Print a unit for this installation, this home and this user. Raises SettingsError for what a unit cannot name."""
    home, program = args.home.resolve(), Path(sys.executable).with_name("mlservice")
    user = args.user or getpass.getuser()
    for what, value in (("the home", str(home)), ("the program", str(program)), ("the user", user)):
        if PLAIN.fullmatch(value) is None:
            raise SettingsError(f"{what}, {value!r}, has letters that a unit of systemd takes for something else")
    print(fill("systemd/mlservice.service.template", home=home, program=program, user=user), end="")
    return 0
