"""Whether a run of schemathesis has shown anything: each operation must have succeeded, in each way that is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

#: The environment variable that names the file in which each answer becomes a line.
RECORD: Final = "FUZZ_RECORD"
#: Fewer cases than this show little.
CASES: Final = 2000
#: Successes that depend on luck: a task that is to be cancelled may have begun, if the workers are quick.
LUCKY: Final = {("cancelTask", 200)}
METHODS: Final = {"get", "put", "post", "patch", "delete"}


class Seen(NamedTuple):
    """An answer: of which operation (none: by a method that it has not), with what status and media type."""

    operation: str
    status: int
    media: str = ""

    def __str__(self) -> str:
        return f"{self.operation} {self.status} {self.media}".rstrip()

    def line(self) -> str:
        """As the record holds it."""
        return f"{self.operation} {self.status} {self.media}\n"

    @classmethod
    def parse(cls, line: str) -> Seen:
        """What `line` has written."""
        operation, status, media = line.removesuffix("\n").split(" ")
        return cls(operation, int(status), media)


def read(record: Path) -> list[Seen]:
    """All answers of a run."""
    with record.open() as lines:
        return [Seen.parse(line) for line in lines]


def complaints(definition: Mapping[str, Any], seen: Collection[Seen], *, glance: bool = False) -> list[str]:
    """What the run has not shown: enough cases, and each success of the definition, in each media type that it has.

    Of a glance it is enough that each operation has succeeded.
    """
    wanted = set(successes(definition))
    if glance:
        never = {answer.operation for answer in wanted} - {answer.operation for answer in wanted & {*seen}}
        return [f"never succeeded: {operation}" for operation in sorted(never)]
    found = [f"{len(seen)} cases are fewer than {CASES}"] if len(seen) < CASES else []
    missing = [success for success in sorted(wanted - {*seen}) if success[:2] not in LUCKY]
    return found + [f"never seen: {success}" for success in missing]


def successes(definition: Mapping[str, Any]) -> Iterator[Seen]:
    """Each success of each operation, by media type where it has a body."""
    for item in definition["paths"].values():
        for operation in (operation for method, operation in item.items() if method in METHODS):
            for status, response in operation["responses"].items():
                if "$ref" in response:
                    response = definition["components"]["responses"][response["$ref"].rpartition("/")[2]]
                if status.startswith("2"):
                    for media in response.get("content") or [""]:
                        yield Seen(operation["operationId"], int(status), media)
