"""Which values settings may have."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tasks.config.values import PREFIX, check_outside_url, check_worker_name, parse_pairs, variable
from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import SettingsError

if TYPE_CHECKING:
    from tasks.config.settings import Settings

#: How logs may be written, and their levels.
LOG_FORMATS: Final = ("auto", "json", "text")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
#: What the names of numbers end with that mean something special when they are 0, and further such names.
FROM_ZERO: Final = ("_processes", "_threads", "_niceness", "_per_second")
MAY_BE_ZERO: Final = frozenset(
    {
        "max_retries",
        "max_queued_items",
        "versions_kept",
        "version_life_seconds",
        "max_queue_age_seconds",
        "address_connections",
        "large_bodies",
        "account_large_bodies",
        "hsts_seconds",
        "redirect_port",
        "worker_memory_bytes",
        "redis_memory_bytes",
        "quota_queued_items",
        "traces_part",
    }
)
#: What `redis_sync` may be, as Valkey's appendfsync.
SYNCS: Final = ("everysec", "always")


def check(settings: Settings) -> None:
    """Raise SettingsError if a value is out of range."""
    for f in fields(settings):
        value = getattr(settings, f.name)
        floor = 0 if f.name in MAY_BE_ZERO or f.name.endswith(FROM_ZERO) else 1
        if isinstance(value, float) and f.name not in MAY_BE_ZERO and not 0 < value < 2**53:
            raise SettingsError(f"{variable(f.name, f.metadata['env'])} must be greater than 0, not {value}")
        if isinstance(value, int) and not floor <= value < 2**53:
            raise SettingsError(f"{variable(f.name, f.metadata['env'])} must be at least {floor}, not {value}")
    _check_default(settings)
    _check_logs(settings)
    _check_traces(settings)
    if settings.redis_sync not in SYNCS:
        raise SettingsError(f"{PREFIX}REDIS_SYNC must be {' or '.join(SYNCS)}, not {settings.redis_sync!r}")
    scheme = urlsplit(settings.redis_url).scheme
    if scheme not in ("redis", "rediss", "unix"):
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://")
    check_worker_name(f"{PREFIX}WORKER_NAME", settings.worker_name)
    parse_pairs(f"{PREFIX}ESTIMATORS", settings.estimators)
    parse_pairs(f"{PREFIX}SOURCES", settings.sources)
    _ = settings.trusted_networks, settings.metrics_from
    if settings.redirect_port > 65535:
        raise SettingsError(f"{PREFIX}REDIRECT_PORT must be 0 to 65535, not {settings.redirect_port}")
    if settings.oidc_issuer:
        if not settings.oidc_audience:
            raise SettingsError(f"{PREFIX}OIDC_AUDIENCE is needed: which tokens of that issuer are for this service")
        check_outside_url(f"{PREFIX}OIDC_ISSUER", settings.oidc_issuer)
    if settings.oidc_jwks_url:
        check_outside_url(f"{PREFIX}OIDC_JWKS_URL", settings.oidc_jwks_url)


def _check_logs(settings: Settings) -> None:
    for name, known in (("log_format", LOG_FORMATS), ("log_level", LOG_LEVELS)):
        if getattr(settings, name) not in known:
            raise SettingsError(
                f"{PREFIX}{name.upper()} must be one of {', '.join(known)}, not {getattr(settings, name)!r}"
            )


def _check_traces(settings: Settings) -> None:
    if not 0 <= settings.traces_part <= 1:
        raise SettingsError(f"{PREFIX}TRACES_PART must be from 0 to 1, not {settings.traces_part}")
    if settings.traces_endpoint and urlsplit(settings.traces_endpoint).scheme not in ("http", "https"):
        raise SettingsError(f"{PREFIX}TRACES_ENDPOINT must be an http:// or https:// URL")


def _check_default(settings: Settings) -> None:
    if MODEL_NAME.fullmatch(settings.default_model) is None:
        raise SettingsError(f"{PREFIX}DEFAULT_MODEL must be {MODEL_NAME_RULE}, not {settings.default_model!r}")
    known = settings.source_urls
    if settings.default_source and settings.default_source not in known:
        names = ", ".join(sorted(known)) or "none"
        raise SettingsError(f"{PREFIX}DEFAULT_SOURCE must be one of {PREFIX}SOURCES ({names})")
    if settings.default_source and not settings.default_target:
        raise SettingsError(f"{PREFIX}DEFAULT_TARGET must name the column of {settings.default_source} to be learned")
