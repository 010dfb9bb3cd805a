"""`mlservice models`: what there is, and taking it away."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import msgspec
import redis

from gateway.web.model_documents import fact_document, model_document, version_document
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from tasks.errors import UnknownModel
from tasks.registry.deleting import Deleting
from tasks.registry.descriptions import Descriptions
from tasks.registry.history import COMMAND_LINE, history
from tasks.registry.models import Models
from tasks.registry.models_registry import Registry
from tasks.storage.blobs import Blobs
from tasks.storage.stores import blobs_of

#: How many facts are read together.
PAGE: Final = 200


def show_all(args: argparse.Namespace) -> int:
    """Print the models, one a line: name, estimator, problem, target, versions, which one is current,
    aliases, tags."""
    with _registry(args) as (client, registry, blobs):
        descriptions = Descriptions(client, registry, blobs)
        documents = []
        for name in Models(client, blobs, who=COMMAND_LINE).list(tag=args.tag):
            with suppress(UnknownModel):
                documents.append(model_document(descriptions.model(name), root=""))
    if args.json:
        _print(documents)
        return 0
    for document in documents:
        named = (document[name] for name in ("model", "estimator", "problem", "target"))
        told = (_pairs(document["aliases"]), _pairs(document["tags"]))
        print(*named, document["version_count"], document["current"] or "-", *told, sep="\t")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print a model as JSON, one version of it, or what happened to it. Raises UnknownModel, UnknownVersion."""
    with _registry(args) as (client, registry, blobs):
        descriptions = Descriptions(client, registry, blobs)
        if args.history:
            _show_history(client, args.model)
        elif args.version is None:
            _print(model_document(descriptions.model(args.model), root=""))
        else:
            _print(version_document(descriptions.version(args.model, args.version)))
    return 0


def promote(args: argparse.Namespace) -> int:
    """Make a version current. Raises InvalidField, UnknownModel, UnknownVersion."""
    with _registry(args) as (client, _, blobs):
        Models(client, blobs, who=COMMAND_LINE).promote(args.model, args.version, reason=args.reason)
    return 0


def note(args: argparse.Namespace) -> int:
    """Change notes and tags of a model, or of a version, and print what is said then. Raises InvalidField,
    UnknownModel, UnknownVersion."""
    tags = {name: value if equals else None for name, equals, value in (tag.partition("=") for tag in args.tag)}
    with _registry(args) as (client, _, blobs):
        models = Models(client, blobs, who=COMMAND_LINE)
        _print(models.note(args.model, args.version, notes=args.notes, tags=tags))
    return 0


def delete(args: argparse.Namespace) -> int:
    """Delete a model, one version, or its data. Raises UnknownModel, UnknownVersion, NotFound, Conflict."""
    with _registry(args) as (client, registry, _):
        deleting = Deleting(client, registry)
        if args.version is not None:
            deleting.version(args.model, args.version, who=COMMAND_LINE, force=args.force)
        elif args.data:
            deleting.data(args.model, who=COMMAND_LINE, force=args.force)
        else:
            deleting.model(args.model, who=COMMAND_LINE, force=args.force)
    return 0


def _pairs(values: Mapping[str, object]) -> str:
    return ",".join(f"{name}={value}" for name, value in values.items()) or "-"


def _show_history(client: redis.Redis, model: str) -> None:
    before = None
    while True:
        facts, before = history(client, model, limit=PAGE, before=before)
        for fact in facts:
            document = fact_document(fact)
            named = (document[name] for name in ("at", "what", "version", "who", "why"))
            print(*("-" if value is None else value for value in named), sep="\t")
        if before is None:
            return


@contextmanager
def _registry(args: argparse.Namespace) -> Iterator[tuple[redis.Redis, Registry, Blobs]]:
    settings = settings_of(Home(args.home), os.environ)
    with redis_of(settings) as client:
        yield client, Registry(client), blobs_of(settings, client)


def _print(document: object) -> None:
    print(msgspec.json.encode(document).decode())
