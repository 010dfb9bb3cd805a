"""One of the two processes of a check: `python -m tasks.conformance ROLE FOLDER`, started by `running` in a folder of
its own. The folder has the request; what is found is written into its file `ROLE.jsonl`, a line an item: a check's name
when it begins, the check when it has ended, at the very end whether all could be looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from tasks.conformance.learning import learn
from tasks.conformance.observing import Observer
from tasks.conformance.remarks import Check
from tasks.conformance.request import Request
from tasks.conformance.running import LEARNING, REQUEST, SERVING, TEMPORARY
from tasks.conformance.serving import serve

ROLES: Final = {LEARNING: learn, SERVING: serve}


def main(role: str, folder: Path) -> None:
    """Carry out one role."""
    request = msgspec.json.decode((folder / REQUEST).read_bytes(), type=Request)
    with (folder / f"{role}.jsonl").open("ab", buffering=0) as file:

        def tell(item: str | Check | bool) -> None:
            file.write(msgspec.json.encode(item) + b"\n")

        tell(ROLES[role](request, folder, Observer([folder / TEMPORARY]), tell))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
