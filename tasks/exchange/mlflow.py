"""Models as MLflow stores them: a folder with a file `MLmodel`. MLflow itself is not needed.

Source: https://mlflow.org/docs/latest/ml/model/ (the format of `MLmodel`, of signatures and of input examples).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from tasks.errors import InvalidField
from tasks.exchange.brought import Brought, Said, SaidColumn, of_lightgbm
from tasks.exchange.mlflow_sklearn import of_scikit_learn
from tasks.exchange.skops_booster import read_booster
from tasks.tables.checks import listed

Part = TypeVar("Part", bound=msgspec.Struct)

#: The file that says what is in the folder.
DESCRIPTION: Final = "MLmodel"
#: Most bytes of it.
_MOST_BYTES: Final = 1024 * 1024
#: What of it is kept with the version.
_TOLD: Final = ("mlflow_version", "model_id", "model_uuid", "run_id", "utc_time_created")
#: What a signature calls types that are booleans here.
_BOOLEAN: Final = "boolean"
#: How files end, and serialisations are called, that run code when they are read.
_PICKLED: Final = (".pkl", ".pickle", ".cloudpickle", ".joblib", ".dill")
_PICKLES: Final = ("pickle", "cloudpickle")
#: How many times larger than what it is in a zip in a zip may be.
_ZIPPED: Final = 20
#: Said of them.
PICKLED: Final = (
    "the model is stored with pickle, which runs what is in it when it is read, and is not taken; save it again with"
    ' serialization_format="skops"'
)


class _Flavor(msgspec.Struct, frozen=True):
    #: The model's file.
    data: str = ""
    pickled_model: str = ""
    serialization_format: str | None = None
    #: A version of two parts is a number to YAML.
    sklearn_version: str | float = ""


class _Signature(msgspec.Struct, frozen=True):
    #: JSON of a list of columns or of one tensor.
    inputs: str | None = None
    outputs: str | None = None


class _Example(msgspec.Struct, frozen=True):
    artifact_path: str = ""


class Description(msgspec.Struct, frozen=True):
    """What is read of `MLmodel`."""

    flavors: dict[str, Any]
    signature: _Signature | None = None
    saved_input_example_info: _Example | None = None


def read_mlflow(files: Mapping[str, bytes], *, target: str = "", trusted: Collection[str] = ()) -> Brought:
    """The model of a folder. `target`: what it predicts, else what the signature calls that, or `target`; `trusted`:
    classes that the operator has added to those that a model of scikit-learn may be made of. Raises InvalidField for
    one that is not taken."""
    document = _document(files[DESCRIPTION])
    found = _converted(document, Description)
    told = {name: str(document[name]) for name in _TOLD if document.get(name)}
    inputs, outputs = _columns(found.signature, "inputs"), _columns(found.signature, "outputs")
    named = target or next((str(column["name"]) for column in outputs if column.get("name")), "target")
    said = Said(
        target=named,
        columns=[
            SaidColumn(name=str(column["name"]), type="boolean" if column.get("type") == _BOOLEAN else None)
            for column in inputs
        ],
    )
    if "lightgbm" in found.flavors:
        brought = _of_lightgbm(files, found.flavors["lightgbm"], said, told)
    elif "sklearn" in found.flavors:
        flavor = _converted(found.flavors["sklearn"], _Flavor)
        if _is_pickled(flavor, flavor.pickled_model):
            raise InvalidField(PICKLED)
        data = _file(files, flavor.pickled_model)
        brought = of_scikit_learn(
            data, inputs, target=named, told=told, made_by=str(flavor.sklearn_version), trusted=trusted
        )
    else:
        raise InvalidField(
            f"the model has the MLflow flavours {listed(sorted(found.flavors))}; taken are lightgbm, and sklearn stored"
            " with skops"
        )
    return replace(brought, examples=_examples(files, found))


def _converted(given: Any, kind: type[Part]) -> Part:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidField(f"{DESCRIPTION} is not what MLflow writes: {error}") from error


def _document(text: bytes) -> dict[str, Any]:
    import yaml

    if len(text) > _MOST_BYTES:
        raise InvalidField(f"{DESCRIPTION} has {len(text):,} bytes, more than the {_MOST_BYTES:,} that are read")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidField(f"{DESCRIPTION} is not valid YAML: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise InvalidField(f"{DESCRIPTION} is not what MLflow writes")
    return document


def _of_lightgbm(files: Mapping[str, bytes], flavor: Any, said: Said, told: dict[str, str]) -> Brought:
    found = _converted(flavor, _Flavor)
    data = _file(files, found.data or "model.lgb")
    if found.data.endswith(".skops"):
        text, classes = read_booster(data, most_bytes=_most_bytes(files))
        return of_lightgbm(text, msgspec.structs.replace(said, classes=classes), kind="mlflow", told=told)
    if _is_pickled(found, found.data):
        raise InvalidField(PICKLED)
    return of_lightgbm(_text(data), said, kind="mlflow", told=told)


def _is_pickled(flavor: _Flavor, file: str) -> bool:
    # What is said of a Booster's own text is how it would be stored if it were another model.
    said = flavor.serialization_format in _PICKLES and not file.endswith((".lgb", ".txt"))
    return said or file.endswith(_PICKLED)


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise InvalidField(f"{DESCRIPTION} names the file {name[:80]!r}, which is not there")
    return files[name]


def _most_bytes(files: Mapping[str, bytes]) -> int:
    """A zip in a zip may be as large as all that it came with, many times."""
    return _ZIPPED * sum(map(len, files.values()))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidField("the model is not in LightGBM's text format, as `Booster.save_model` writes it") from None


def _columns(signature: _Signature | None, name: str) -> list[dict[str, Any]]:
    """The columns of one side of a signature; none where it is a tensor, or not there."""
    text = getattr(signature, name, None)
    if not text:
        return []
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidField(f"the signature of {DESCRIPTION} cannot be read: {error}") from error
    listed_ones = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return listed_ones if all("name" in one for one in listed_ones) else []


def _examples(files: Mapping[str, bytes], found: Description) -> list[dict[str, Any]]:
    """The rows of the input example, if it is a table."""
    info = found.saved_input_example_info
    if info is None or info.artifact_path not in files:
        return []
    try:
        example = json.loads(files[info.artifact_path])
        return [dict(zip(example["columns"], row, strict=True)) for row in example["data"]]
    except (ValueError, KeyError, TypeError):
        # A tensor, say; nothing depends on it.
        return []
