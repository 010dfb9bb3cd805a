"""The name of a project, and those that follow from it."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from tasks.errors import InvalidField
from tasks.estimators.offered import offered

#: What a name may be.
NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
#: Longest name (characters).
MOST: Final = 40
#: What a project has beside its package.
TAKEN: Final = frozenset({"tests", "data"})


@dataclass(frozen=True)
class Naming:
    """The names of one project."""

    #: The folder, the distribution and the estimator.
    project: str

    @property
    def package(self) -> str:
        """What is imported."""
        return self.project.replace("-", "_")

    @property
    def estimator(self) -> str:
        """The class."""
        return "".join(part.capitalize() for part in self.package.split("_"))


def naming(name: str) -> Naming:
    """The names. Raises InvalidField, which says why, for one that cannot be a project's."""
    if not NAME.fullmatch(name) or len(name) > MOST:
        raise InvalidField(
            f"{name[:MOST]!r} cannot be the name of a project: small letters and digits, with - or _ between words,"
            f" at most {MOST} characters, such as churn-model"
        )
    found = Naming(name)
    if keyword.iskeyword(found.package) or found.package in sys.stdlib_module_names | TAKEN:
        raise InvalidField(
            f"{name!r} would hide a name of Python's or of the project's own: give another, as my-{name}"
        )
    if name in offered() or find_spec(found.package) is not None:
        raise InvalidField(f"{name!r} is there already, as an estimator or a package that is installed: give another")
    return found
