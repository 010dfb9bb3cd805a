"""How small and how varied a table may be."""

from __future__ import annotations

from typing import Final

#: Fewest rows of a table, after those without a target are left out.
FEWEST_ROWS: Final = 10
#: Most different texts of a column that are categories of their own, and most classes.
MOST_CATEGORIES: Final = 1000
#: Classes of fewer rows cannot be measured: one is needed to learn from and one to measure on.
FEWEST_OF_CLASS: Final = 2
