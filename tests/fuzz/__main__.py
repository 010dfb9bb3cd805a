"""Start a service that holds something of everything, have schemathesis try it, and judge what that has shown.

Options are passed on to `schemathesis run`, such as `--max-examples 200` or `--seed 1`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from gateway.resources.docs import DEFINITION
from tests.fuzz import material
from tests.fuzz.verdict import RECORD, complaints, read
from tests.receiving import NETWORK
from tests.service import Service
from tests.slow import ENVIRONMENT as SLOW

CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS: Final = Path(sys.executable).parent / "schemathesis"
SETTINGS: Final = {
    "MLSERVICE_DEFAULT_SOURCE": "sales",
    "MLSERVICE_DEFAULT_TARGET": "price",
    "MLSERVICE_MAX_WAIT_SECONDS": "30",
    "MLSERVICE_WEBHOOK_NETWORKS": NETWORK,
    "MLSERVICE_WEBHOOKS_PER_ACCOUNT": "1000",
    **SLOW,
}
#: Who asks for few examples wants a glance.
FEW: Final = ("-n", "--max-examples")
SEED: Final = "--seed"


def main(options: list[str]) -> int:
    """Run it; 0 if nothing was found and everything was seen."""
    # Without this, a run that is ended from outside would leave the service behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = seeded(options)
    with tempfile.TemporaryDirectory(prefix="ml-fuzz-") as name:
        folder = Path(name)
        (folder / "table.csv").write_text(material.TABLE)
        env = {"MLSERVICE_SOURCES": f"sales=file://{folder}/table.csv", **SETTINGS}
        with Service(env=env) as service:
            dictionaries = material.make(service)
            config = configured(folder / "schemathesis.toml", dictionaries)
            os.environ |= {
                f"FUZZ_{name.upper()}": " ".join(dictionaries[name]) for name in ("results", "spares", "unmade")
            }
            failed = schemathesis(service, options, config=config, record=folder / "record")
        return int(judged(folder / "record", glance=bool({*FEW} & {*options})) or failed)


def seeded(options: list[str]) -> list[str]:
    """The options with a seed, which is said first: what was found is found again with it."""
    if not any(option == SEED or option.startswith(f"{SEED}=") for option in options):
        options = [*options, SEED, str(secrets.randbelow(2**31))]
    print(f'make fuzz FUZZ="{" ".join(options)}" repeats this run.', flush=True)
    return options


def configured(file: Path, dictionaries: Mapping[str, list[str]]) -> Path:
    """Our configuration, with these dictionaries added."""
    added = [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in dictionaries.items()]
    file.write_text("\n".join([CONFIG.read_text(), *added]))
    return file


def schemathesis(service: Service, options: list[str], *, config: Path, record: Path) -> bool:
    """Whether it found something. Secrets go by its environment, because everybody can see arguments."""
    tokens = {name: service.token() for name in ("FUZZ_TOKEN", "FUZZ_TOKEN_TO_END", "FUZZ_SESSION_TO_END")}
    hidden = {**tokens, "FUZZ_PASSWORD": service.home.admin_password.read_text().strip()}
    environment = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", RECORD: str(record), **hidden}
    command: list[str | Path] = [SCHEMATHESIS, "--config-file", config, "run", DEFINITION, "--url", service.url]
    command += ["--checks", "all", *options]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode != 0


def judged(record: Path, *, glance: bool) -> bool:
    """Whether the run has shown too little. Says what was answered and what was not."""
    seen = read(record)
    found = complaints(yaml.safe_load(DEFINITION.read_text()), seen, glance=glance)
    counts = Counter(answer.status for answer in seen)
    print(f"\n{len(seen)} answers: " + ", ".join(f"{counts[status]} x {status}" for status in sorted(counts)))
    print("\n".join(found) or f"Every operation succeeded{'' if glance else ' in every way that the definition has'}.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
