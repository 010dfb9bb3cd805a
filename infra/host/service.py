"""What a running service tells the other commands."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Service:
    """One running service, as its home's file says."""

    #: The process of `mlservice up`.
    pid: int
    #: Where it answers.
    url: str
    #: The folder of its sockets.
    sockets: str
    #: All URLs where it answers, the first one included; none in the file of an earlier release.
    urls: list[str] = field(default_factory=list)
