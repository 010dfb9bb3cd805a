"""A model as bytes, and back: a line of JSON, then what skops writes. Nothing is pickled, and only what is trusted is
made."""

from __future__ import annotations

import logging
import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from tasks.errors import EstimatorFailed
from tasks.estimators.scikit_learn.library import load_skops, versions
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.estimators.scikit_learn.sound import check_sound, owners
from tasks.estimators.scikit_learn.trusted import TRUSTED
from tasks.tables.checks import listed
from tasks.tables.columns import Schema

log = logging.getLogger(__name__)

_FORMAT: Final = 1


class Header(msgspec.Struct, frozen=True):
    """The first line of a dumped model, as JSON."""

    format: int
    schema: Schema
    #: Of the packages that made it.
    versions: dict[str, str]
    importance: dict[str, float]
    #: The words of each vectorizer by their numbers, in the order in which they are found in the pipeline. skops would
    #: take 430 bytes for each, and a second for 80,000 of them.
    words: list[list[str]] = []


def dump(model: ScikitModel, more: Collection[str]) -> bytes:
    """The bytes. Raises EstimatorFailed, which names them, for types that are not trusted."""
    with _without_words(model.pipeline) as words:
        data = dump_pipeline(model.pipeline, more)
    header = Header(_FORMAT, model.schema, versions(), model.importance, words)
    return msgspec.json.encode(header) + b"\n" + data


def dump_pipeline(pipeline: Any, more: Collection[str]) -> bytes:
    """An object of scikit-learn's as skops writes it, compressed. Raises EstimatorFailed as `dump` does."""
    skops = load_skops()
    try:
        data: bytes = skops.dumps(pipeline, compression=zipfile.ZIP_DEFLATED)
    except Exception as error:
        raise EstimatorFailed(f"the model cannot be stored: {error}") from error
    if unknown := untrusted(data, more):
        raise EstimatorFailed(
            f"the model cannot be stored: it is made of {listed(unknown)}, which is not trusted; an operator may add"
            " it to MLSERVICE_TRUSTED_CLASSES"
        )
    return data


def untrusted(data: bytes, more: Collection[str]) -> list[str]:
    """The types in what skops wrote that are not trusted, sorted."""
    return [name for name in load_skops().get_untrusted_types(data=data) if name not in TRUSTED and name not in more]


def load(data: bytes, more: Collection[str]) -> ScikitModel:
    """The model. Raises EstimatorFailed if it cannot be read, with the versions that made it and those here."""
    head, _, body = data.partition(b"\n")
    try:
        header = msgspec.json.decode(head, type=Header)
    except msgspec.DecodeError as error:
        raise EstimatorFailed(f"the stored model cannot be read: {error}; train it again") from error
    if header.format != _FORMAT:
        raise EstimatorFailed(f"the stored model has format {header.format}; this version reads {_FORMAT}")
    pipeline = load_pipeline(body, more, made_by=header.versions)
    found = _vectorizers(pipeline)
    if len(found) != len(header.words):
        raise EstimatorFailed("the stored model cannot be read: its words are missing; train it again")
    for one, words in zip(found, header.words, strict=True):
        one.vocabulary_ = {word: number for number, word in enumerate(words)}
    return ScikitModel(pipeline, header.schema, header.importance, made_by=header.versions)


def load_pipeline(data: bytes, more: Collection[str], *, made_by: dict[str, str]) -> Any:
    """What skops wrote, if all that it is made of is trusted and its trees are sound. `made_by`: the versions that
    wrote it. Raises EstimatorFailed."""
    skops = load_skops()
    other = changed(made_by)
    try:
        if unknown := untrusted(data, more):
            raise EstimatorFailed(
                f"the stored model is made of {listed(unknown)}, which is not trusted; an operator may add it to"
                " MLSERVICE_TRUSTED_CLASSES"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline = skops.loads(data, trusted=[*TRUSTED, *more])
    except EstimatorFailed:
        raise
    except Exception as error:
        raise EstimatorFailed(f"the stored model cannot be read{other}: {error}; train it again") from error
    if other:
        log.warning("a model of scikit-learn is read%s", other)
    check_sound(pipeline)
    return pipeline


def changed(made_by: dict[str, str]) -> str:
    """`, which was made by ... (here is ...)`, of the packages whose versions are other ones; empty if none is."""
    here = versions()
    names = [name for name in here if made_by.get(name, here[name]) != here[name]]
    made, present = (", ".join(f"{name} {of[name]}" for name in names) for of in (made_by, here))
    return f", which was made by {made} (here is {present})" if names else ""


def _vectorizers(pipeline: Any) -> list[Any]:
    """Those that have found words themselves, in the order in which a walk comes to them."""
    return [one for one in owners(pipeline) if hasattr(one, "fixed_vocabulary_") and not one.fixed_vocabulary_]


@contextmanager
def _without_words(pipeline: Any) -> Iterator[list[list[str]]]:
    """The words of each vectorizer, which has none for as long as this lasts."""
    found = _vectorizers(pipeline)
    kept = [one.vocabulary_ for one in found]
    for one in found:
        one.vocabulary_ = {}
    try:
        yield [sorted(words, key=words.__getitem__) for words in kept]
    finally:
        for one, words in zip(found, kept, strict=True):
            one.vocabulary_ = words
