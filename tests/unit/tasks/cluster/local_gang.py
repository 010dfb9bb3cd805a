"""A gang whose members are children of the test, without Dask."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.cluster.member import CHILD, MADE, Member
from tasks.errors import by_name
from tasks.estimators.gang import Told


class LocalGang:
    """Of two members, each with one thread."""

    size = 2
    threads = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.remarks: list[str] = []

    def remark(self, message: str) -> None:
        self.remarks.append(message)

    def run(self, jobs: Sequence[Mapping[str, bytes]], tell: Told) -> bytes:
        folders = [self._folder / str(rank) for rank in range(len(jobs))]
        members = []
        try:
            for folder, files in zip(folders, jobs, strict=True):
                folder.mkdir(exist_ok=True)
                for name, content in files.items():
                    (folder / name).write_bytes(content)
                members.append(started(folder))
            ports = [_until(member, "port")[0] for member in members]
            for member in members:
                member.say(",".join(f"127.0.0.1:{port}" for port in ports))
            _, told = _until(members[0], "made")
            for event in told:
                if "step" in event:
                    tell(event["step"])
            return (folders[0] / MADE).read_bytes()
        finally:
            for member in members:
                member.end()


def started(folder: Path) -> Member:
    """A member whose files lie in this folder."""
    command = [sys.executable, "-m", CHILD, str(folder)]
    member = Member(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    threading.Thread(target=member.hear, daemon=True).start()
    return member


def _until(member: Member, name: str) -> tuple[Any, list[Any]]:
    """What an event of this name says, and all events until it came. Raises what the member raised."""
    told: list[Any] = []
    for _ in range(600):
        told += member.take()
        for event in told:
            if name in event:
                return event[name], told
            if "failed" in event:
                raise by_name(event["failed"][0])(event["failed"][1])
            assert "ended" not in event, event
        time.sleep(0.1)
    raise AssertionError(f"no {name} within a minute: {told}")
