"""`make test` installs no client of others."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = ["test_*.py"] if importlib.util.find_spec("mcp") is None else []
