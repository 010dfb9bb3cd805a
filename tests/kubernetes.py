"""The manifests of infra/kubernetes/, as they lie there: each of its own, before kustomize puts them together."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[1] / "infra" / "kubernetes"
#: What kustomize is told, which is no manifest.
PLANS: Final = "kustomization.yaml"
#: The kinds that make pods.
WORKLOADS: Final = ("Deployment", "StatefulSet")

Manifest = dict[str, Any]


@cache
def manifests() -> tuple[Manifest, ...]:
    """All of them."""
    files = sorted(file for file in FOLDER.rglob("*.yaml") if file.name != PLANS)
    return tuple(manifest for file in files for manifest in read(file.read_text()))


@cache
def plans() -> dict[str, Manifest]:
    """What kustomize is told, by folder."""
    found = {file: yaml.safe_load(file.read_text()) for file in sorted(FOLDER.rglob(PLANS))}
    return {str(file.parent.relative_to(FOLDER)): plan for file, plan in found.items()}


@cache
def secrets() -> dict[str, dict[str, str]]:
    """What `secrets.sh` makes, by name of the secret."""
    done = subprocess.run(["sh", FOLDER / "secrets.sh"], capture_output=True, text=True, check=True)
    return {made["metadata"]["name"]: made["stringData"] for made in read(done.stdout)}


def read(text: str) -> list[Manifest]:
    """The manifests in a text."""
    return [manifest for manifest in yaml.safe_load_all(text) if manifest is not None]


def of_kind(*kinds: str) -> Iterator[Manifest]:
    """All manifests of these kinds."""
    return (manifest for manifest in manifests() if manifest["kind"] in kinds)


def pod(workload: Manifest) -> Manifest:
    """What a workload says of its pods."""
    found: Manifest = workload["spec"]["template"]["spec"]
    return found


def containers(workload: Manifest) -> list[Manifest]:
    """All containers of its pods, those that come first included."""
    return [*pod(workload).get("initContainers", ()), *pod(workload)["containers"]]


def matches(selector: Manifest, workload: Manifest) -> bool:
    """Whether labels that are asked for are those of a workload's pods."""
    labels = workload["spec"]["template"]["metadata"]["labels"]
    return bool(selector.items() <= labels.items())
