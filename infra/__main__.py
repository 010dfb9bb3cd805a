"""What the supervisor starts: `python -m infra PROGRAM ...`."""

from __future__ import annotations

import sys

from infra.cli import main
from infra.host.launch import launch

if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:], command=main))
