"""Tasks that are under way when they are asked for: a placeholder in a path becomes one at the moment of the call."""

from __future__ import annotations

from typing import Final

#: Stands in a path for a task that was submitted just now.
PLACEHOLDER: Final = "f" * 32 + "-0"
#: The model whose train takes its time, and what it is told.
MODEL: Final = "slow"
TRAIN: Final = {"params": {"iterations": 2}, "promote": "never"}
#: A model that answers at once, and a row that it can be asked for.
SOUND_MODEL: Final = "housing"
SOUND_ROW: Final = {"area": 50, "rooms": 2}
#: The models that others than those who delete them need.
NEEDED: Final = (MODEL, SOUND_MODEL, "default")
#: Behind all other work of its kind, which it shall not delay.
LANE: Final = "low"
