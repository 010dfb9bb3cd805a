"""`/metrics`: what is shown of the counters, once a second at most, and to whom."""

from __future__ import annotations
