"""A program that describes estimators in a process of its own, so that no worker keeps what they import.

Reads {name: path} from its standard input and writes {name: description}, both as JSON.
"""

from __future__ import annotations

import sys

import msgspec

from tasks.estimators.catalogue import Catalogue
from tasks.estimators.describing import describe


def main() -> None:
    """Describe those that are asked for."""
    paths = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, str])
    catalogue = Catalogue(paths, threads=1)
    # Their modules may print.
    answer, sys.stdout = sys.stdout, sys.stderr
    found = {name: describe(catalogue, name) for name in paths}
    answer.buffer.write(msgspec.json.encode(found))
    answer.flush()


if __name__ == "__main__":
    main()
