"""A module that speaks to a machine when it is imported: this one, where nobody answers."""

from __future__ import annotations

from tests.planted import Rough, speak

speak()


class Speaking(Rough):
    """As rough as the other, from a module that speaks."""
