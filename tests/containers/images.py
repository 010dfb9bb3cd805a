"""The images: linted, built from nothing, looked at, and listed in a bill of materials."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.containers.engine import LONG_SECONDS, Engine
from tests.lock import IMAGES, IMAGES_FOLDER, ROOT

DOCKERFILE: Final = ROOT / "infra" / "docker" / "Dockerfile"
#: The most that the gateway may have beyond its base (bytes).
MOST_GATEWAY_BYTES: Final = 150 * 10**6
#: What tells the packages of an image.
LIST: Final = "import importlib.metadata as m; print(*sorted(d.metadata['Name'].lower() for d in m.distributions()))"
#: What no gateway has.
MODEL_CODE: Final = frozenset({"numpy", "scipy", "pyarrow", "lightgbm", "scikit-learn", "matplotlib", "celery"})
#: What tells in which files of a container something like a secret lies.
SECRETS: Final = (
    "find / -xdev \\( -name 'config.properties' -o -name '*.password' -o -name 'token.keys' -o -name 'pip.conf' \\)"
    " -size +0 2>/dev/null; true"
)


def name_of(image: str, version: str = "0.1.0") -> str:
    """What an image is called here."""
    return f"localhost/{image if image == 'mlservice' else f'mlservice-{image}'}:{version}"


def lint() -> None:
    """hadolint finds nothing. Raises CalledProcessError."""
    subprocess.run([str(Path(sys.executable).with_name("hadolint")), str(DOCKERFILE)], check=True)


def build(engine: Engine, *, anew: bool) -> dict[str, float]:
    """Build all; how long each took (seconds). `anew`: from nothing, whatever was built before."""
    took: dict[str, float] = {}
    for image in IMAGES:
        began = time.monotonic()
        options = [*engine.building, *(() if engine.is_docker else ("--format=docker",))]
        # What the images share is built once.
        options += ["--no-cache"] if anew and not took else []
        options += [f"--target={image}", f"--file={DOCKERFILE}", f"--tag={name_of(image)}", str(ROOT)]
        engine.run("build", *options, seconds=LONG_SECONDS)
        took[image] = time.monotonic() - began
    return took


def size(engine: Engine, image: str) -> int:
    """The size of an image (bytes)."""
    (found,) = json.loads(engine.run("image", "inspect", image))
    return int(found["Size"])


def packages(engine: Engine, image: str) -> set[str]:
    """The names of the packages that are inside."""
    return set(inside(engine, image, "python", "-c", LIST).split())


def inside(engine: Engine, image: str, program: str, *arguments: str) -> str:
    """What a program of the image says."""
    return engine.run("run", "--rm", "--read-only", f"--entrypoint={program}", name_of(image), *arguments)


def check(engine: Engine, base: str) -> dict[str, int]:
    """Look at each image; their sizes beyond the base (bytes). Raises AssertionError for what should not be so."""
    beyond = {image: size(engine, name_of(image)) - size(engine, base) for image in IMAGES}
    assert beyond["gateway"] <= MOST_GATEWAY_BYTES, beyond
    assert not packages(engine, "gateway") & MODEL_CODE
    for image in IMAGES:
        assert inside(engine, image, "id", "-u").strip() == "1000", image
        found = [line for line in inside(engine, image, "sh", "-c", SECRETS).split() if line != "/etc/pip.conf"]
        assert not found, f"{image} has {found}"
    return beyond


def write_bills(folder: Path) -> list[Path]:
    """A CycloneDX bill of materials for each image, out of the list that it was installed from."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for image in IMAGES:
        file = folder / f"{image}.cdx.json"
        command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(IMAGES_FOLDER / f"{image}.txt")]
        command += ["--output-reproducible", "--output-format", "JSON", "--output-file", str(file)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        assert json.loads(file.read_text())["components"], file
        made.append(file)
    return made
