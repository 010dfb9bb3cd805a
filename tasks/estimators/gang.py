"""Processes of other machines that make one fit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

#: Hears what the first member tells; None now and then while there is nothing. Let pass what it raises.
Told = Callable[[Any], None]


class Gang(Protocol):
    """A number of members, each a process with some threads. They all work, or none goes on."""

    @property
    def size(self) -> int:
        """How many there are: 2 or more."""

    @property
    def threads(self) -> int:
        """How many threads each of them may use."""

    def remark(self, message: str) -> None:
        """Have the result say what is not as in a fit of one process."""

    def run(self, jobs: Sequence[Mapping[str, bytes]], tell: Told) -> bytes:
        """What the first member has made. `jobs`: the files of each member, by name.

        Raises ClusterFailed when a member is lost, the error of ours that one raised, and whatever `tell` raises; then
        no member goes on.
        """


class Link(Protocol):
    """How a member speaks with those that it works for."""

    def tell(self, event: Any) -> None:
        """Say something, which JSON can hold, to who asked for the fit."""

    def meet(self, port: int) -> str:
        """The addresses of all members, as LightGBM reads them, when each is ready; this one will listen at `port`."""
