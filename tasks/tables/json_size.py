"""How much memory a JSON body takes when it is decoded, told from its punctuation."""

from __future__ import annotations

from typing import Final

from tasks.tables.bounds import Bounds
from tasks.tables.scanning import count_outside_texts

#: What CPython 3.11 allocates at most for what a sign stands for (bytes): a value and its place in a list; an entry of
#: a dict; a list; a dict; half a text.
COSTS: Final = {",": 40, ":": 54, "[": 96, "{": 136, '"': 28}
#: No byte stands for more.
MOST_A_BYTE: Final = max(COSTS.values())


def check_size(data: bytes, bounds: Bounds) -> None:
    """Raise BodyTooLarge for a body that would take more memory than `bounds` allow. A small one costs nothing."""
    if len(data) * MOST_A_BYTE <= bounds.bytes:
        return
    # First as if there were no punctuation in texts, which is fast and never too little.
    if _size(data, [data.count(sign.encode()) for sign in COSTS]) > bounds.bytes:
        bounds.check_bytes(_size(data, count_outside_texts(data, [ord(sign) for sign in COSTS])))


def _size(data: bytes, counts: list[int]) -> int:
    return len(data) + sum(count * cost for count, cost in zip(counts, COSTS.values(), strict=True))
