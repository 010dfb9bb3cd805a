"""A zip that `mlservice models export` wrote, read back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tasks.errors import InvalidField
from tasks.exchange.brought import Brought
from tasks.exchange.package import FORMAT, KIND, MANIFEST, RECORD, Manifest, digest
from tasks.registry.records import Version
from tasks.tables.checks import listed
from tasks.tables.columns import Schema


def read_ours(files: Mapping[str, bytes]) -> Brought:
    """The version in these files. Raises InvalidField where they are not those that were written, all of them."""
    manifest = _manifest(files[MANIFEST])
    given = {name for name in files if name != MANIFEST}
    if missing := sorted(manifest.files.keys() - given):
        raise InvalidField(f"the zip lacks {listed(missing)}, which its manifest names")
    if added := sorted(given - manifest.files.keys()):
        raise InvalidField(f"the zip has {listed(added)}, which its manifest does not name")
    for name, said in manifest.files.items():
        if digest(files[name]) != said.sha256:
            raise InvalidField(f"the file {name!r} in the zip is not the one that was exported: its hash differs")
    if RECORD not in files or not manifest.artefact or not manifest.files.keys() >= set(manifest.artefact):
        raise InvalidField(f"the zip has no {RECORD}, or not all of the model")
    try:
        version = msgspec.json.decode(files[RECORD], type=Version)
        schema = msgspec.json.decode(version.schema, type=Schema)
    except msgspec.DecodeError as error:
        raise InvalidField(f"{RECORD} in the zip cannot be read by this release: {error}") from error
    told = {"model": manifest.model, "version": str(manifest.version), "fingerprint": version.fingerprint}
    return Brought(
        kind="mlservice",
        estimator=version.estimator,
        schema=schema,
        artefact=b"".join(files[name] for name in manifest.artefact),
        version=version,
        told=told,
    )


def _manifest(data: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidField(
            f"{MANIFEST} in the zip is not one that `mlservice models export` writes: {error}"
        ) from error
    if (manifest.kind, manifest.format) != (KIND, FORMAT):
        raise InvalidField(
            f"the zip says that it is {manifest.kind[:40]!r}, format {manifest.format}; this release reads"
            f" {KIND!r}, format {FORMAT}"
        )
    return manifest
