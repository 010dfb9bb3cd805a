"""`make lint-kubernetes`: holds infra/kubernetes/ against the schemas of Kubernetes and of KEDA, without a cluster.

kubectl or kustomize puts each overlay together, as a roll-out does. Each manifest must be what each release here takes,
and have no field that it does not know; so must the secrets of `secrets.sh`. That a check can fail is tried on each
manifest too: with one more field it must be refused.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import jsonschema

from tests.kubernetes import FOLDER, Manifest, read

#: The oldest release that is checked, one between, and, of what the package has, the newest.
RELEASES: Final = ("1.30", "1.34", "")
#: What the kinds of KEDA are of.
KEDA: Final = "keda.sh/v1alpha1"
#: A field that no manifest has.
UNKNOWN: Final = "noSuchField"
#: Programs that put an overlay together.
RENDERERS: Final = (("kustomize", "build"), ("kubectl", "kustomize"))

#: What is wrong with a manifest; nothing if it is as it should be.
Check = Callable[[Manifest], str]


def main() -> int:
    """Check all, and say what is wrong. Returns the exit status."""
    wrong, count = [], 0
    for where, manifest in everything():
        what = f"{where}: {manifest['kind']} {manifest['metadata']['name']}"
        for name, check in checks(manifest).items():
            count += 1
            if found := check(manifest):
                wrong.append(f"{what} is not for {name}: {found}")
            wrong += [f"{what}: {name} takes {path} too, so nothing was checked" for path in unseen(manifest, check)]
    print("\n".join(wrong) or f"infra/kubernetes: no issues found in {count} checks, of {', '.join(releases())}")
    return 1 if wrong or not count else 0


def everything() -> Iterator[tuple[str, Manifest]]:
    """All manifests, and where each is from."""
    for overlay in sorted((FOLDER / "overlays").iterdir()):
        yield from ((overlay.name, manifest) for manifest in rendered(str(overlay)))
    done = subprocess.run(["sh", FOLDER / "secrets.sh"], capture_output=True, text=True, check=True)
    yield from (("secrets.sh", manifest) for manifest in read(done.stdout))


def rendered(overlay: str) -> list[Manifest]:
    """The manifests of an overlay. Ends the process without a program that makes them."""
    for program, action in RENDERERS:
        if shutil.which(program):
            done = subprocess.run([program, action, overlay], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{overlay}: {done.stderr}")
            return read(done.stdout)
    sys.exit("neither kustomize nor kubectl is installed, of which one puts the overlays together")


def releases() -> list[str]:
    """What is checked against."""
    return [*(f"Kubernetes {release}" for release in kubernetes_releases()), f"KEDA {keda_release()}"]


def checks(manifest: Manifest) -> Mapping[str, Check]:
    """By what a manifest is checked, by name."""
    if manifest["apiVersion"] == KEDA:
        return {f"KEDA {keda_release()}": check_keda}
    return {f"Kubernetes {release}": _check_of(release) for release in kubernetes_releases()}


@cache
def kubernetes_releases() -> tuple[str, ...]:
    """The releases that are checked."""
    from kubernetes_validate import latest_version

    return tuple(release or ".".join(latest_version().split(".")[:2]) for release in RELEASES)


@cache
def keda_release() -> str:
    """The release of KEDA whose kinds the models are made of: they have its number and one of their own."""
    return version("cloudcoil-models-keda").rpartition(".")[0]


def _check_of(release: str) -> Check:
    import kubernetes_validate

    def check(manifest: Manifest) -> str:
        try:
            kubernetes_validate.validate(manifest, release, strict=True)
        except jsonschema.ValidationError as error:
            return said(error)
        except kubernetes_validate.SchemaNotFoundError as error:
            return str(error.message)
        return ""

    return check


def check_keda(manifest: Manifest) -> str:
    """What is wrong with a manifest of KEDA."""
    schema = keda_schema(manifest["kind"])
    if schema is None:
        return "there is no such kind"
    errors = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    return "; ".join(map(said, errors))


@cache
def keda_schema(kind: str) -> dict[str, Any] | None:
    """The schema of a kind of KEDA."""
    from cloudcoil.models.keda import v1alpha1

    model = getattr(v1alpha1, kind, None)
    return model and strictly(model.model_json_schema(by_alias=True))


def strictly(schema: Any) -> Any:
    """The same schema, by which an object has no other fields than those that are named."""
    if isinstance(schema, list):
        return [strictly(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: strictly(part) for name, part in schema.items()}
    # A field may be called `properties` too: then it is no list of types, but what a field is.
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        strict.setdefault("additionalProperties", False)
    return strict


def said(error: jsonschema.ValidationError) -> str:
    """An error in a line: where, and what."""
    where = ".".join(map(str, error.absolute_path))
    return f"{where or 'the whole'}: {error.message[:300]}"


def unseen(manifest: Manifest, check: Check) -> list[str]:
    """Where in a manifest a field more is not seen."""
    return [
        ".".join(path) or "itself"
        for path in ((), ("metadata",), ("spec",))
        if has(manifest, path) and not check(with_field(manifest, path))
    ]


def has(manifest: Manifest, path: tuple[str, ...]) -> bool:
    """Whether a manifest has such a part."""
    return all(name in manifest for name in path)


def with_field(manifest: Manifest, path: tuple[str, ...]) -> Manifest:
    """The same manifest, with a field more in a part of it."""
    changed = part = copy.deepcopy(manifest)
    for name in path:
        part = part[name]
    part[UNKNOWN] = "here"
    return changed


if __name__ == "__main__":
    sys.exit(main())
