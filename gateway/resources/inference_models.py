"""`/v2`: what clients of the Open Inference Protocol ask of the service and of its models."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from itertools import starmap
from typing import Any, Final

import msgspec
from falcon import HTTP_503
from falcon.asgi import Request, Response

from gateway.identity.auth import public, requires
from gateway.identity.scopes import VIEWING, seen_models
from gateway.resources.health import ReadyResource
from gateway.resources.inference import checked_model, checked_version
from gateway.web.parameters import PAGE_LIMIT
from gateway.web.representations import show
from gateway.web.small_bodies import read_json
from tasks.contract import CURRENT
from tasks.registry.aliases import Aliases
from tasks.registry.descriptions import Descriptions
from tasks.registry.models_registry import Registry

#: What all routes of the protocol begin with.
PREFIX: Final = "/v2"
#: What the service is called, and which extensions of the protocol it has.
NAME: Final = "mlservice"
EXTENSIONS: Final = ("binary_tensor_data",)
#: The datatype of an input, by the type of the column; others are texts.
INPUTS: Final = {"number": "FP64", "boolean": "BOOL"}
#: The datatype of a prediction, by the type of the classes.
PREDICTIONS: Final = {"string": "BYTES", "integer": "INT64", "float": "FP64", "boolean": "BOOL", "none": "FP64"}


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str


class _Schema(msgspec.Struct, frozen=True):
    """What is read here of a schema."""

    columns: list[_Column]
    class_type: str = "none"


_read_schema = msgspec.json.Decoder(_Schema | None).decode


class ServerResource:
    """The service."""

    def __init__(self) -> None:
        try:
            self._version = version(NAME)
        except PackageNotFoundError:
            self._version = ""

    @public
    async def on_get(self, _req: Request, resp: Response) -> None:
        """Its name, its version, and the extensions that it has."""
        show(resp, {"name": NAME, "version": self._version, "extensions": EXTENSIONS})


class ServerLiveResource:
    """Whether this process answers."""

    @public
    async def on_get(self, _req: Request, resp: Response) -> None:
        """200, always."""
        show(resp, {"live": True})


class ServerReadyResource:
    """Whether work that is accepted now would be done."""

    def __init__(self, ready: ReadyResource) -> None:
        self._ready = ready

    @public
    async def on_get(self, req: Request, resp: Response) -> None:
        """200, or 503 with what is missing."""
        missing = await self._ready.missing()
        if missing is None:
            show(resp, {"ready": True})
            return
        resp.status = HTTP_503
        resp.set_header("Retry-After", "1")
        show(resp, {"ready": False, "error": missing})


class Served:
    """What there is to say of models and of the versions that answer."""

    def __init__(self, registry: Registry, descriptions: Descriptions, aliases: Aliases) -> None:
        self._registry, self._descriptions, self._aliases = registry, descriptions, aliases

    def number(self, model: str, version: str | None) -> int:
        """The version that would answer. Raises UnknownModel, UnknownVersion, NotReady."""
        if version in (None, CURRENT):
            current = self._registry.current(checked_model(model))
            if current is None:
                raise self._registry.not_trained(model)
            return current
        named = checked_version(model, version)
        number = int(named) if named.isdigit() else self._aliases.find(checked_model(model), named).version
        self._registry.check_version(model, number)
        return number

    def metadata(self, model: str, version: str | None) -> dict[str, Any]:
        """What a version takes and gives. Raises as `number`."""
        found = self._descriptions.version(model, self.number(model, version))
        listed = self._registry.listing.versions(model, limit=PAGE_LIMIT)
        schema = _read_schema(found.version.schema) or _Schema([])
        prediction = {"name": "prediction", "datatype": PREDICTIONS[schema.class_type], "shape": [-1]}
        return {
            "name": model,
            "versions": [str(number) for number in sorted(listed.versions)],
            "platform": found.version.estimator,
            "inputs": [
                {"name": column.name, "datatype": INPUTS.get(column.type, "BYTES"), "shape": [-1]}
                for column in schema.columns
            ],
            "outputs": [prediction],
        }

    def index(self, among: Collection[str] | None) -> list[dict[str, str]]:
        """All models, or those of these names, with their current versions."""
        found: list[dict[str, str]] = []
        after, more = "", True
        while more:
            models, more = self._registry.listing.models(limit=PAGE_LIMIT, after=after, among=among)
            found += starmap(_line, self._registry.currents(models).items())
            after = next(reversed(models), after)
        return found


class InferenceModelResource:
    """One model, or one version of it."""

    def __init__(self, served: Served) -> None:
        self._served = served

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str, version: str | None = None) -> None:
        """What it takes and gives: a tensor for each column, of as many rows as the caller likes."""
        show(resp, await asyncio.to_thread(self._served.metadata, model, version))


class InferenceModelReadyResource:
    """Whether a model, or one version of it, answers."""

    def __init__(self, served: Served) -> None:
        self._served = served

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str, version: str | None = None) -> None:
        """200 if there is a version that would answer."""
        await asyncio.to_thread(self._served.number, model, version)
        show(resp, {"name": model, "ready": True})


class RepositoryResource:
    """All models."""

    def __init__(self, served: Served) -> None:
        self._served = served

    @requires()
    async def on_post(self, req: Request, resp: Response) -> None:
        """The models that the caller may use, each with its current version."""
        await read_json(req)
        show(resp, await asyncio.to_thread(self._served.index, seen_models(req.context.principal.scopes)))


def inference_routes(infer: object, served: Served, ready: ReadyResource) -> dict[str, object]:
    """All routes of the protocol, by path."""
    metadata, model_ready = InferenceModelResource(served), InferenceModelReadyResource(served)
    found: dict[str, object] = {
        PREFIX: ServerResource(),
        f"{PREFIX}/health/live": ServerLiveResource(),
        f"{PREFIX}/health/ready": ServerReadyResource(ready),
        f"{PREFIX}/repository/index": RepositoryResource(served),
    }
    model = f"{PREFIX}/models/{{model}}"
    for path in (model, f"{model}/versions/{{version}}"):
        found |= {path: metadata, f"{path}/ready": model_ready, f"{path}/infer": infer}
    return found


def _line(model: str, current: int | None) -> dict[str, str]:
    if current is None:
        return {"name": model, "version": "", "state": "UNAVAILABLE", "reason": "the model has no current version"}
    return {"name": model, "version": str(current), "state": "READY", "reason": ""}
