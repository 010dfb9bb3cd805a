"""What tests use and pip does not install. A laptop may lack it, and the test is skipped; in CI the test fails."""

from __future__ import annotations

import os
import shutil
from typing import Final, NoReturn

import pytest

#: The variable that says that this is CI, if it is set to anything. `.ci/run` sets it, and so do CI services.
CI: Final = "CI"


def program(*names: str, package: str) -> str:
    """The path of a program, which may have several names, out of a package of Debian."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or lacking(f"{names[0]} is not installed: apt-get install {package}")


def lacking(reason: str) -> NoReturn:
    """Skip the test; in CI, fail it."""
    if os.environ.get(CI):
        pytest.fail(f"in CI nothing is skipped: {reason}", pytrace=False)
    pytest.skip(reason)
