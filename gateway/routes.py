"""Which resource answers where."""

from __future__ import annotations

from gateway.collaborators import Collaborators
from gateway.identity.directory import Directory
from gateway.identity.entrance import Networks
from gateway.identity.links import Links
from gateway.metrics.exposition import ServiceCollector
from gateway.metrics.measures import Gauge
from gateway.resources.accounts import AccountResource, AccountsResource, AccountTokensResource
from gateway.resources.activity import ActivityResource
from gateway.resources.aliases import AliasResource
from gateway.resources.artefacts import ArtefactResource
from gateway.resources.authorize import AuthorizeBodyResource, AuthorizeResource
from gateway.resources.dead import DeadLetterResource, DeadLettersResource, ReplayResource
from gateway.resources.docs import AssetResource, DefinitionResource, DocsResource
from gateway.resources.drift import DriftResource
from gateway.resources.estimators import EstimatorsResource
from gateway.resources.events import EventsResource
from gateway.resources.health import LiveResource, ReadyResource
from gateway.resources.immediate import Immediate
from gateway.resources.inference import InferResource
from gateway.resources.inference_models import Served, inference_routes
from gateway.resources.invocations import DefaultInvocationsResource, InvocationsResource
from gateway.resources.metrics import MetricsResource
from gateway.resources.models import (
    DataResource,
    HistoryResource,
    ModelResource,
    ModelsResource,
)
from gateway.resources.original import AuthResource, InitResource, PredictResource, StatusResource
from gateway.resources.queues import QueuesResource
from gateway.resources.session import SessionResource
from gateway.resources.settings import SettingsResource
from gateway.resources.signing_keys import SigningKeysResource
from gateway.resources.sources import SourcesResource
from gateway.resources.tasks import ResultResource, TaskResource, TasksResource
from gateway.resources.tokens import KeysResource
from gateway.resources.versions import PromoteResource, ReportResource, VersionResource, VersionsResource
from gateway.resources.webhook_routes import webhook_routes
from gateway.resources.work import Work
from gateway.resources.workers import WorkersResource
from tasks.contract import Kind
from tasks.ledger.dead_letters import DeadLetters
from tasks.registry.aliases import Aliases
from tasks.registry.deleting import Deleting
from tasks.registry.descriptions import Descriptions
from tasks.registry.drift import Drift
from tasks.registry.exports import Exports
from tasks.registry.models_registry import Registry
from tasks.registry.noting import Noting


def routes(parts: Collaborators) -> dict[str, object]:
    """All of them, by path."""
    ready = readiness(parts)
    return {
        **work_routes(parts),
        **webhook_routes(parts.hooks),
        **model_routes(parts),
        **identity_routes(parts),
        **admin_routes(parts),
        **protocol_routes(parts, ready),
        **service_routes(parts, ready),
    }


def work_routes(parts: Collaborators) -> dict[str, object]:
    """Submitting work, and what became of it."""
    outcomes, max_wait = parts.outcomes, parts.settings.max_wait_seconds
    letters = DeadLetters(parts.connections.client, parts.ledger, settings=parts.settings)
    work = {
        f"/v1/models/{{model}}/{kind.value}": Work(
            kind,
            dispatcher=parts.dispatcher,
            outcomes=outcomes,
            settings=parts.settings,
            # What is traced is looked at each time.
            known=parts.known if kind is Kind.ESTIMATE and not parts.traces.on else None,
            clock=parts.clock,
            check_webhook=parts.hooks.check_asked,
        )
        for kind in Kind
    }
    return {
        **work,
        "/v1/sources": SourcesResource(parts.settings),
        "/v1/tasks": TasksResource(outcomes),
        "/v1/tasks/{handle}": TaskResource(outcomes, max_wait=max_wait),
        "/v1/tasks/{handle}/events": EventsResource(outcomes, parts.follower),
        "/v1/tasks/{handle}/result": ResultResource(outcomes, max_wait=max_wait),
        "/v1/dead": DeadLettersResource(letters),
        "/v1/dead/{handle}": DeadLetterResource(letters),
        "/v1/dead/{handle}/replay": ReplayResource(letters, parts.pressure),
    }


def model_routes(parts: Collaborators) -> dict[str, object]:
    """The registry."""
    client = parts.connections.client
    registry = Registry(client)
    deleting = Deleting(client, registry)
    aliases, life = Aliases(client, registry), parts.settings.result_life_seconds
    noting = Noting(client, registry)
    descriptions = Descriptions(client, registry, parts.connections.blobs)
    version = "/v1/models/{model}/versions/{version}"
    return {
        "/v1/estimators": EstimatorsResource(registry.offers),
        "/v1/models": ModelsResource(registry.listing),
        "/v1/models/{model}": ModelResource(descriptions, noting, deleting),
        "/v1/models/{model}/snapshot": DataResource(deleting),
        "/v1/models/{model}/history": HistoryResource(client),
        "/v1/models/{model}/drift": DriftResource(descriptions, Drift(client)),
        "/v1/models/{model}/versions": VersionsResource(registry, descriptions),
        version: VersionResource(descriptions, noting, deleting),
        "/v1/models/{model}/aliases/{alias}": AliasResource(aliases),
        f"{version}/artefact": ArtefactResource(
            registry,
            aliases,
            Exports(client, life_seconds=life),
            dispatcher=parts.dispatcher,
            outcomes=parts.outcomes,
            max_wait=parts.settings.max_wait_seconds,
        ),
        f"{version}/report": ReportResource(registry, parts.connections.blobs),
        f"{version}/promote": PromoteResource(registry),
    }


def identity_routes(parts: Collaborators) -> dict[str, object]:
    """Tokens, and what NGINX asks before it lets somebody in."""
    identity = parts.identity
    return {
        "/v1/token": identity.login,
        "/v1/session": SessionResource(
            identity.accounts,
            identity.tokens,
            Links(parts.connections.client),
            identity.login.login,
            most_bytes=parts.settings.max_body_bytes,
            count=parts.connections.tally.count,
        ),
        "/.well-known/jwks.json": KeysResource(identity.keys),
        "/internal/authorize": AuthorizeResource(identity.entrance),
        "/internal/authorize/body": AuthorizeBodyResource(identity.authenticator),
    }


def admin_routes(parts: Collaborators) -> dict[str, object]:
    """What administrators see and change."""
    accounts, tokens = parts.identity.accounts, parts.identity.tokens
    directory = Directory(parts.connections.client, accounts, quota_of=parts.identity.callers.quota_of)
    return {
        "/v1/accounts": AccountsResource(accounts, directory),
        "/v1/accounts/{account}": AccountResource(accounts, directory),
        "/v1/accounts/{account}/tokens": AccountTokensResource(accounts, tokens),
        "/v1/keys": SigningKeysResource(parts.identity.keys, parts.settings),
        "/v1/settings": SettingsResource(parts.settings),
    }


def protocol_routes(parts: Collaborators, ready: ReadyResource) -> dict[str, object]:
    """Those of the original service, of MLflow, and of the Open Inference Protocol."""
    settings, client = parts.settings, parts.connections.client
    known = None if parts.traces.on else parts.known
    outcomes, dispatcher, model = parts.outcomes, parts.dispatcher, settings.default_model
    immediate = Immediate(dispatcher=dispatcher, outcomes=outcomes, settings=settings, known=known, clock=parts.clock)
    registry = Registry(client)
    served = Served(registry, Descriptions(client, registry, parts.connections.blobs), Aliases(client, registry))
    return {
        "/resource/auth": AuthResource(parts.identity.login),
        "/resource/init": InitResource(settings, dispatcher=dispatcher, outcomes=outcomes),
        "/resource/predict": PredictResource(immediate, model),
        "/resource/task/status/{task_id}": StatusResource(outcomes),
        "/v1/models/{model}/invocations": InvocationsResource(immediate),
        "/invocations": DefaultInvocationsResource(immediate, model),
        **inference_routes(InferResource(immediate), served, ready),
    }


def service_routes(parts: Collaborators, ready: ReadyResource) -> dict[str, object]:
    """How the service does, and what it says of itself."""
    client, age = parts.connections.client, parts.upkeep_age
    gauge = Gauge(client, upkeep_age=lambda: age.seconds)
    networks = Networks(parts.settings.metrics_from)
    return {
        "/metrics": MetricsResource(ServiceCollector(gauge.read), parts.identity.entrance, networks),
        "/v1/queues": QueuesResource(gauge),
        "/v1/activity": ActivityResource(client),
        "/v1/workers": WorkersResource(client),
        "/health/live": LiveResource(),
        "/health/ready": ready,
        "/openapi.yml": DefinitionResource(),
        "/docs": DocsResource(),
        "/docs/{asset}": AssetResource(),
    }


def readiness(parts: Collaborators) -> ReadyResource:
    """What tells whether the service would do what it accepts."""
    return ReadyResource(
        parts.connections.client,
        parts.waiting,
        has_callers=parts.identity.has_callers,
        upkeep_age=lambda: parts.upkeep_age.seconds,
        unsafe=lambda: parts.pressure.unsafe,
        warning=lambda: parts.pressure.warning,
    )
