"""Start a service with a model, have schemathesis try it, and end with schemathesis's own status.

Options are passed on to `schemathesis run`, such as `--max-examples 200` or `--seed 1`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.service import Service

CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS: Final = Path(sys.executable).parent / "schemathesis"
TABLE: Final = "area,rooms,price\n" + "".join(
    f"{30 + 5 * a},{rooms},{(30 + 5 * a) * 3000 + rooms * 10000}\n" for a in range(20) for rooms in range(1, 6)
)
SETTINGS: Final = {
    "MLSERVICE_DEFAULT_SOURCE": "sales",
    "MLSERVICE_DEFAULT_TARGET": "price",
    "MLSERVICE_MAX_WAIT_SECONDS": "10",
}


def main() -> int:
    """Run it; 0 if nothing was found."""
    # Without this, a run that is ended from outside would leave the service behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="ml-fuzz-") as folder:
        table = Path(folder) / "table.csv"
        table.write_text(TABLE)
        env = {"MLSERVICE_SOURCES": f"sales=file://{table}", **SETTINGS}
        with Service(env=env) as service:
            service.init("housing", TABLE.encode(), target="price", media="text/csv").raise_for_status()
            service.train("housing").raise_for_status()
            service.http.get("/resource/init").raise_for_status()
            return schemathesis(service)


def schemathesis(service: Service) -> int:
    """The status with which schemathesis ends. Secrets go by its environment, because everybody can see arguments."""
    tokens = {"FUZZ_TOKEN": service.token(), "FUZZ_TOKEN_TO_END": service.token()}
    secrets = {**tokens, "FUZZ_PASSWORD": service.home.admin_password.read_text().strip()}
    command: list[str | Path] = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{service.url}/openapi.yml"]
    command += ["--checks", "all", *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, **secrets}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
