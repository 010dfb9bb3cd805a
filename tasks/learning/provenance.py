"""What code makes a version, and for whom."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path
from typing import Final

from tasks.ledger.groups import Claim
from tasks.registry.history import who_asked
from tasks.registry.lineage import Code, Lineage

#: What a version of this service is found by, and the package of its estimators.
SERVICE: Final = "mlservice"
#: The libraries that may have to do with what a fit comes to.
LIBRARIES: Final = ("lightgbm", "numpy", "pyarrow", "scikit-learn", "scipy", "skops")


def lineage_of(path: str, claim: Claim | None, *, start: int = 0, workers: int = 0) -> Lineage:
    """Where a version comes from that an estimator fits, which is imported from this path (`package.module:Class`).
    `start`: the version that it goes on from, or 0; `workers`: of a cluster, over which it was fitted, or 0."""
    head = claim.heads[0] if claim else None
    return Lineage(
        who=who_asked(claim),
        request_id=head.request_id if head else "",
        code=code_of(path),
        packages=packages(),
        from_version=start,
        workers=workers,
    )


@cache
def code_of(path: str) -> Code:
    """The code of an estimator. Found once: it may mean a look at every package."""
    module = path.partition(":")[0]
    package = _package(module.partition(".")[0])
    return Code(
        service=_version(SERVICE), package=package, version=_version(package) if package else "", source=_digest(module)
    )


@cache
def packages() -> dict[str, str]:
    """The versions of Python and of the libraries that are installed, by name."""
    found = {name: _version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **{name: said for name, said in found.items() if said}}


def _package(top: str) -> str:
    """The installed package that has this top-level module."""
    if top == __name__.partition(".")[0]:
        return SERVICE
    # Most are called as their module is; to look at all takes a third of a second.
    if _has(top, top):
        return top
    return next(iter(packages_distributions().get(top, ())), "")


def _has(package: str, top: str) -> bool:
    """Whether a package of this name is installed and has this top-level module."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return False
    named = (found.read_text("top_level.txt") or "").split()
    return top in named or any(file.parts[0] in (top, f"{top}.py") for file in found.files or ())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _digest(module: str) -> str:
    """Of the file from which the module was imported."""
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
    except OSError:
        return ""
