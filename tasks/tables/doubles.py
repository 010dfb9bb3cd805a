"""What 64-bit floats, which models compute in, hold of whole numbers."""

from __future__ import annotations

from typing import Final

#: Beyond this magnitude they do not have every whole number.
EXACT: Final = 2**53
#: The first beyond what a whole number of 64 bits, with its sign, can be.
BEYOND_INT64: Final = 2.0**63
