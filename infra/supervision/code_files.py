"""The files of the estimators that are not ours, and whether they have changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tasks.estimators.offered import OURS

#: Folders whose files are no sources.
SKIPPED: Final = frozenset({"__pycache__", "node_modules"})

#: What is known of each file: when it was changed (nanoseconds) and how large it is (bytes).
Seen = Mapping[Path, tuple[int, int]]


def code_of(paths: Iterable[str]) -> list[Path]:
    """The folders of the packages, and the files of the modules, that `package.module:Class` lie in; of ours none. What
    cannot be found is left out."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.startswith(OURS):
            continue
        try:
            spec = find_spec(path.partition(":")[0].partition(".")[0])
        except (ImportError, ValueError):
            continue
        if spec is not None:
            folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
            found.update(dict.fromkeys(folders or ([Path(spec.origin)] if spec.origin else [])))
    return list(found)


def seen_of(sources: Iterable[Path]) -> Seen:
    """How their files are now."""
    return dict(look for source in sources for look in _looks(source))


def changed(before: Seen, now: Seen) -> list[Path]:
    """The files that are other, new or gone, sorted."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def _looks(source: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    for folder, below, names in os.walk(source):
        below[:] = [name for name in below if name not in SKIPPED and not name.startswith(".")]
        for name in names:
            # What editors write beside a file begins with a dot or ends with a tilde.
            if not name.startswith(".") and not name.endswith(("~", ".pyc")):
                yield from _look(Path(folder, name))
    if not source.is_dir():
        yield from _look(source)


def _look(file: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    try:
        status = file.stat()
    except OSError:
        return
    yield file, (status.st_mtime_ns, status.st_size)
