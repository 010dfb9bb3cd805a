"""Packages of others as they are, each in an environment of its own, against what plain HTTP says."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests import sessions
from tests.clients.client import Client, told
from tests.clients.environments import python_of
from tests.clients.generating import PAGE
from tests.clients.packages.asking import NUMBERS, NUMBERS_SUFFIX, ROWS
from tests.clients.sums import make_sums
from tests.commands import said
from tests.service import Service

PROGRAMS: Final = Path(__file__).with_name("packages")
SESSION_SECONDS: Final = 120.0
TABLE: Final = [{"x": x, "kind": "aébc"[x % 4], "flag": x % 3 == 0, "y": 2.5 * x + x % 4} for x in range(200)]
NUMBERS_TABLE: Final = [{"a": a, "b": b / 2, "y": a + b} for a in range(20) for b in range(20)]


def asked(program: str, service: Service, model: str, python: Path) -> Iterator[str]:
    """Make the models, run the program, compare what it has seen with what an estimate says, and run the session of
    the page that has the model's name."""
    want = predictions(service, model)
    command = (python, PROGRAMS / f"{program}.py", service.url, model)
    env = {"TOKEN": service.token(), "PASSWORD": service.home.first_password(), "PYTHONPATH": "", **places(service)}
    yield from compared(want, told(command, env=env))
    if session := sessions.steps(PAGE, model, python=python):
        make_sums(service)
        env["URL"] = service.url
        with tempfile.TemporaryDirectory() as folder:
            print(*sessions.run(session, url=service.url, folder=Path(folder), seconds=SESSION_SECONDS, env=env))


def places(service: Service) -> dict[str, str]:
    """Where the service is, as `mlservice env` says."""
    lines = (shlex.split(line) for line in said("env", home=service.home).splitlines())
    return dict(words[1].split("=", 1) for words in lines)


def predictions(service: Service, model: str) -> Mapping[bool, list[float]]:
    """What there is to see: for `NUMBERS`, and for `ROWS`, of models that are made for it."""
    numbers = f"{model}{NUMBERS_SUFFIX}"
    for name, table in ((model, TABLE), (numbers, NUMBERS_TABLE)):
        service.init(name, {"rows": table}, target="y").raise_for_status()
        service.train(name).raise_for_status()
    return {
        True: service.estimate(numbers, {"rows": NUMBERS}).json()["predictions"],
        False: service.estimate(model, {"rows": ROWS}).json()["predictions"],
    }


def compared(want: Mapping[bool, list[float]], seen: Mapping[str, Any]) -> Iterator[str]:
    """In what it has seen something else than there is."""
    if not seen:
        yield "nothing was tried"
    for name, found in seen.items():
        right = want[name.startswith("numbers")]
        if found != right:
            yield f"{name}: {found!r}, not {right!r}"


def client(name: str) -> Client:
    """The client whose program is `with_NAME.py`, in the environment NAME."""
    return Client(name=name, make=partial(python_of, name), faults=partial(asked, f"with_{name}"))


NAMES: Final = ("tritonclient", "mlserver", "kserve", "mlflow", "django", "fastapi", "airflow")
CLIENTS: Final = tuple(map(client, NAMES))
