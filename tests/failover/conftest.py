"""What is here takes minutes: it runs where it is asked for."""

from __future__ import annotations

import os
from typing import Final

#: Set by `make test-redis`.
WANTED: Final = "MLSERVICE_TEST_REDIS"
collect_ignore_glob = [] if os.environ.get(WANTED) else ["test_*.py"]
