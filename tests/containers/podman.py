"""podman on a machine where nothing of it is set up, such as CI's: as root, without systemd, without a registry.

Debian's podman runs containers there with runc, by a file of settings of its own. A base image that cannot be pulled is
made by debootstrap from the mirror that apt uses. pip in a build finds what it finds on this machine: its settings, its
folders of packages and its certificates are mounted for the build alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tasks.errors import Unavailable
from tests.containers.engine import LONG_SECONDS, Engine, podman_compose
from tests.lock import ROOT

#: What Debian calls what is needed.
PACKAGES: Final = ("podman", "runc", "netavark", "aardvark-dns", "iptables", "debootstrap", "catatonit")
#: No systemd, no CNI; and no more of anything than a container's own machine may have.
SETTINGS: Final = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
"""
#: How long it is tried to pull a base image (seconds).
PULL_SECONDS: Final = 60.0
#: The release of Debian that the base is of, and what it has beside the least.
RELEASE: Final = "trixie"
INCLUDED: Final = "python3,python3-venv,ca-certificates"
#: Settings of pip that say where packages come from, and folders that they name.
PLACES: Final = ("index-url", "extra-index-url", "find-links", "trusted-host")
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


def podman(folder: Path) -> Engine:
    """podman, whose settings are written into this folder. Raises Unavailable if it cannot be had."""
    if os.geteuid() != 0:
        raise Unavailable("Docker does not answer, and podman is used as root alone: start Docker, or be root")
    if not all(map(shutil.which, ("podman", "runc", "debootstrap"))):
        install()
    (folder / "containers.conf").write_text(SETTINGS)
    return Engine(
        command=("podman",),
        compose=(podman_compose(),),
        building=("--isolation=chroot", "--network=host", "--ulimit=nofile=20000:20000", *pip_mounts(folder)),
        environment={"CONTAINERS_CONF": str(folder / "containers.conf")},
    )


def install() -> None:
    """Install what is needed. Raises Unavailable."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Unavailable(f"podman cannot be installed: {done.stderr[-500:]}")


def ensure(engine: Engine, image: str, make: Callable[[Engine, str], None] | None) -> str:
    """Have an image, pulled or made; how, in words. Raises Unavailable if it can be neither."""
    if engine.succeeds("image", "exists", image):
        return "was there"
    try:
        engine.run("pull", "--quiet", image, seconds=PULL_SECONDS)
    except (Unavailable, subprocess.TimeoutExpired):
        if make is None:
            raise Unavailable(f"{image} cannot be pulled here, and nothing takes its place") from None
        make(engine, image)
        return "made of what Debian has, because it could not be pulled"
    return "pulled"


def base_image() -> str:
    """The base that the Dockerfile names."""
    match = re.search(r"^ARG PYTHON_IMAGE=(\S+)", (ROOT / "infra/docker/Dockerfile").read_text(), flags=re.M)
    assert match, "the Dockerfile has a base"
    return match[1]


def make_base(engine: Engine, image: str) -> None:
    """A Debian with its Python, as this image."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", RELEASE, str(root), mirror()],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for left in [*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")]:
            left.unlink()
        archive = Path(folder) / "root.tar"
        subprocess.run(
            ["tar", "--create", "--numeric-owner", f"--file={archive}", "--directory", str(root), "."], check=True
        )
        engine.run("import", "--quiet", str(archive), image, seconds=LONG_SECONDS)


def mirror() -> str:
    """The mirror of Debian from which apt has what it installs."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Component: main", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    mirrors = [line for line in done.stdout.split() if line.rstrip("/").endswith("debian")]
    if not mirrors:
        raise Unavailable("apt names no mirror of Debian: run apt-get update")
    return mirrors[0]


def pip_mounts(folder: Path) -> list[str]:
    """Options that let pip find in a build what it finds here."""
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found = dict(re.findall(r"^(?:global|:env:)\.([a-z-]+)='(.*)'$", settings, flags=re.M))
    places = {name: " ".join(found[name].split("\\n")) for name in PLACES if name in found}
    lines = ["[global]", *(f"{name} = {value}" for name, value in places.items())]
    folders = {folder_of(name, word) for name, value in places.items() for word in value.split()}
    mounted = [path for path in sorted(folders) if path.is_absolute() and path.is_dir()]
    if CERTIFICATES.is_file():
        lines.append(f"cert = {CERTIFICATES}")
        mounted.append(CERTIFICATES)
    file = folder / "pip.conf"
    file.write_text("\n".join(lines) + "\n")
    return [f"--volume={file}:/etc/pip.conf:ro", *(f"--volume={path}:{path}:ro" for path in mounted)]


def folder_of(setting: str, place: str) -> Path:
    """The folder that a place of packages is of: an index that lies in files names others beside its own folder."""
    path = Path(place.removeprefix("file://"))
    return path.parent if setting.endswith("index-url") else path
