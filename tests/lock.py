"""`make lock`: write what is installed, with the hashes of all files of each version, into `constraints.txt` and
`constraints/`.

Versions stay as they are where setup.cfg allows it; `make lock LOCK=--upgrade` takes the newest. The files are for all
systems and versions of Python that setup.cfg names: what only some of them need has a marker.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from configparser import RawConfigParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
#: What `make install` installs; the files of other extras have what they need beside it.
BASE_EXTRA: Final = "test"
BASE_FILE: Final = ROOT / "constraints.txt"
FOLDER: Final = ROOT / "constraints"
#: What installs the rest, in a file of its own: pip is replaced before it works.
INSTALLERS: Final = ("pip", "setuptools")
INSTALLERS_FILE: Final = FOLDER / "pip.txt"
#: Extras that others are made of, and that no command installs by itself.
PARTS: Final = frozenset(
    {
        "client",
        "gateway",
        "support",
        "worker",
        "embedded",
        "s3",
        "otel",
        "search",
        "sql",
        "onnx",
        "fast",
        "dask",
        "mcp",
        "demo",
    }
)
#: What each image has, by the extras that it is made of; `constraints/images/` holds all of it.
IMAGES: Final = {
    "gateway": ("gateway", "otel"),
    "support": ("support", "otel"),
    "worker": ("worker", "otel", "search", "sql"),
    "mlservice": ("embedded", "s3", "otel", "search", "sql"),
}
IMAGES_FOLDER: Final = FOLDER / "images"
#: What is asked for in each environment in which `make test-clients` tries packages that ours cannot have beside it;
#: `constraints/clients/` holds all of it.
CLIENTS: Final[Mapping[str, Sequence[str]]] = {
    "tritonclient": ("tritonclient[http]>=2.60", "numpy>=2.2"),
    # Asks for an older FastAPI than the one that we measure against.
    "mlserver": ("mlserver>=1.7", "httpx>=0.28"),
    "kserve": ("kserve>=0.20",),
    "mlflow": ("mlflow-skinny>=3", "pandas>=2.3", "scipy>=1.15"),
    "django": ("django>=5.2", "celery[redis]>=5.7", "packaging>=24"),
    "fastapi": ("fastapi>=0.130", "httpx>=0.28", "celery[redis]>=5.7", "packaging>=24"),
    "airflow": ("apache-airflow>=3.3", "celery[redis]>=5.7", "packaging>=24"),
    "pandas": ("pandas>=3", "pyarrow>=23"),
    "polars": ("polars>=2",),
    # What the package is built with, as it is given to others.
    "build": ("build>=1.3",),
}
CLIENTS_FOLDER: Final = FOLDER / "clients"
#: The oldest Python with which every version of the lock can be installed.
PYTHON: Final = "3.11.5"
#: A package with its version: the first line of its piece.
NAMED: Final = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)")
HEADER: Final = "# {what}, with the hashes of its files. Written by `make lock`.\n"

#: The argument that has versions change.
UPGRADE: Final = "--upgrade"

#: The lines of each package, by its name.
Lock = dict[str, str]


def main(arguments: Sequence[str]) -> None:
    """Resolve, and write the files."""
    lock_clients(newest=UPGRADE in arguments)
    found = extras()
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("" if UPGRADE in arguments else "".join(without_hashes(file.read_text()) for file in files()))
        # All together first, so that they have one version of each package.
        pins.write_text(without_hashes(resolve(found, pins=pins, more=INSTALLERS)))
        FOLDER.mkdir(exist_ok=True)
        installers = pieces(resolve([], pins=pins, more=INSTALLERS))
        write(INSTALLERS_FILE, installers, what="What installs the rest")
        base = pieces(resolve([BASE_EXTRA], pins=pins))
        write(BASE_FILE, base, what="All that `make install` installs", without=installers)
        for extra in sorted({*found} - {BASE_EXTRA}):
            what = f"What the extra {extra!r} takes beside constraints.txt"
            taken = pieces(resolve([extra], pins=pins))
            write(FOLDER / f"{extra}.txt", taken, what=what, without={**installers, **base})
        IMAGES_FOLDER.mkdir(exist_ok=True)
        for image, parts in IMAGES.items():
            taken = pieces(resolve(parts, pins=pins))
            write(IMAGES_FOLDER / f"{image}.txt", taken, what=f"What the image {image!r} has beside our own wheel")


def lock_clients(*, newest: bool) -> None:
    """Resolve each environment of a client by itself."""
    CLIENTS_FOLDER.mkdir(parents=True, exist_ok=True)
    for client, asked in CLIENTS.items():
        file = CLIENTS_FOLDER / f"{client}.txt"
        with tempfile.NamedTemporaryFile("w+", suffix=".txt") as pins:
            pins.write("" if newest or not file.exists() else without_hashes(file.read_text()))
            pins.flush()
            taken = pieces(resolve([], pins=Path(pins.name), more=asked))
        write(file, taken, what=f"What the client {client!r} is tried with, in an environment of its own")


def write(file: Path, found: Lock, *, what: str, without: Iterable[str] = ()) -> None:
    """Write these packages, but those that are elsewhere."""
    beside = (text for name, text in found.items() if name not in {*without})
    file.write_text(HEADER.format(what=what) + "".join(beside))


def extras() -> list[str]:
    """The extras that commands install."""
    parser = RawConfigParser()
    parser.read(ROOT / "setup.cfg")
    return [name for name in parser.options("options.extras_require") if name not in PARTS]


def files() -> list[Path]:
    """The files that there are."""
    return [BASE_FILE, *sorted(FOLDER.glob("*.txt"))]


def resolve(names: Sequence[str], *, pins: Path, more: Sequence[str] = ()) -> str:
    """What these extras and `more` take, as pip reads it."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "-", *["setup.cfg"] * bool(names), "--universal", "--python-version", PYTHON]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", "--quiet"]
    command += ["--constraint", str(pins), *(word for name in names for word in ("--extra", name))]
    done = subprocess.run(command, input="\n".join(more), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def pieces(text: str) -> Lock:
    """The lines of each package, by its name."""
    found: Lock = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if match := NAMED.match(line):
            name = match[1]
        if name and not line.startswith("#"):
            found[name] = found.get(name, "") + line
    return found


def without_hashes(text: str) -> str:
    """The same, as constraints of packages whose files may be any."""
    lines = (line.rstrip(" \\\n") for line in text.splitlines() if not line.lstrip().startswith(("--hash", "#")))
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
