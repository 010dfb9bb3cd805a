"""One typed Settings: the environment first, then the two files, then a safe default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tasks.config.bounds import check
from tasks.config.gateway_file import GATEWAY_FILE, token_life_seconds
from tasks.config.redis_file import REDIS_FILE, redis_access
from tasks.config.values import PREFIX, parse, parse_networks, parse_pairs, variable
from tasks.errors import SettingsError

#: Names the folder of configuration.
CONFIG: Final = f"{PREFIX}CONFIG"
#: Names the Redis as Flower reaches it, where it is a user of its own there; else it is as everybody.
FLOWER_REDIS_URL: Final = f"{PREFIX}FLOWER_REDIS_URL"


def _setting(default: object, *, doc: str, secret: bool = False, env: str | None = None) -> Any:
    return field(default=default, repr=not secret, metadata={"doc": doc, "env": env})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, with its unit in its name. `load` reads them; a bad value is a SettingsError."""

    redis_url: str = _setting(
        "redis://127.0.0.1:6379/0",
        doc="Redis or Valkey: redis://, rediss:// or unix://[USER:PASSWORD@]/path?db=0.",
        secret=True,
        env="REDIS_URL",
    )
    blobs_url: str = _setting(
        "redis", doc="Where bytes by content hash live: `redis`, or an fsspec URL (file:///…, s3://…)."
    )
    inline_bytes: int = _setting(
        256 * 1024, doc="Bodies and results over this size lie in the blob store, not in Redis records."
    )
    token_key: str = _setting("", doc="The key that signs tokens (HS256), at least 32 characters.", secret=True)
    token_key_file: str = _setting("", doc="A file that holds the key that signs tokens (HS256).")
    token_keys_file: str = _setting(
        "", doc="A file of keys that sign tokens (EdDSA), made and rotated by `mlservice keys`. It comes before a key."
    )
    token_life_seconds: int = _setting(3600, doc="Life of a token.")
    oidc_issuer: str = _setting("", doc="The OpenID Connect issuer whose tokens are accepted as well: its URL.")
    oidc_audience: str = _setting("", doc="The audience that tokens of that issuer must have.")
    oidc_jwks_url: str = _setting("", doc="Where that issuer's keys are; empty: its discovery document says.")
    oidc_name_claim: str = _setting("sub", doc="The claim of that issuer's tokens that names the caller.")
    oidc_scope_claim: str = _setting(
        "scope",
        doc="The claim of that issuer's tokens that holds our scopes; `none`: an account `oidc:NAME` here has them.",
    )
    quota_requests_per_second: int = _setting(
        0, doc="Requests a second that an account without a quota of its own may make; 0: any number."
    )
    quota_bytes_per_second: int = _setting(
        0, doc="Bytes of bodies a second that an account without a quota of its own may send; 0: any number."
    )
    quota_rows_per_second: int = _setting(
        0, doc="Rows a second that are predicted for an account without a quota of its own; 0: any number."
    )
    quota_queued_items: int = _setting(
        0, doc="Unfinished items that an account without a quota of its own may have; 0: any number."
    )
    max_body_bytes: int = _setting(128 * 1024 * 1024, doc="Largest request body.")
    max_wait_seconds: int = _setting(60, doc="Longest `Prefer: wait`.")
    header_timeout_seconds: int = _setting(15, doc="How long the header of a request may take to arrive.")
    body_timeout_seconds: int = _setting(
        30, doc="Longest pause in the arrival of a body, and in the taking of an answer."
    )
    large_bodies: int = _setting(
        128, doc="Bodies of 100 kB or more, or of unknown length, that NGINX takes at a time; 0: any number."
    )
    account_large_bodies: int = _setting(64, doc="So many of them may be of one account; 0: any number.")
    address_connections: int = _setting(
        2048,
        doc="Requests of one address that are served at once, a quarter of NGINX's connections at most; 0: any number.",
    )
    address_requests_per_second: int = _setting(0, doc="Requests of one address in a second; 0: any number.")
    address_logins_per_second: int = _setting(
        20, doc="Requests with a password (HTTP Basic) of one address in a second, more are slowed; 0: any number."
    )
    trusted_proxies: str = _setting(
        "", doc="Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    metrics_networks: str = _setting(
        "", doc="Addresses or networks that may read /metrics without an account, as NGINX in front tells them."
    )
    tls_cert_file: str = _setting("", doc="The certificate, with its chain (PEM), with which `up` speaks HTTPS.")
    tls_key_file: str = _setting("", doc="The key of that certificate (PEM, without a password).")
    hsts_seconds: int = _setting(
        2 * 365 * 24 * 3600, doc="How long browsers are told to keep to HTTPS, where it is spoken; 0: they are not."
    )
    redirect_port: int = _setting(0, doc="Port that speaks HTTP and sends callers to HTTPS; 0: none.")
    result_life_seconds: int = _setting(24 * 3600, doc="How long finished work and its result are kept.")
    redis_timeout_seconds: float = _setting(1.5, doc="Longest wait for Redis to answer a command or to connect.")
    visibility_timeout_seconds: int = _setting(
        8, doc="Work whose worker has not renewed its lease for so long is given to another one."
    )
    max_queued_items: int = _setting(
        1_000_000, doc="So many unfinished items in a lane of a queue, and no more are accepted; 0: no bound."
    )
    max_queue_age_seconds: int = _setting(
        0, doc="While the first item that waits in a lane has waited longer, no more are accepted there; 0: no bound."
    )
    max_memory_part: float = _setting(0.9, doc="While Redis uses a greater part of its maxmemory, nothing is accepted.")
    redis_memory_bytes: int = _setting(
        0, doc="Most memory of the embedded Valkey (its maxmemory); 0: half of what this machine has."
    )
    redis_sync: str = _setting(
        "everysec",
        doc="When the embedded Valkey syncs its file: everysec (a power cut loses the last second) or always.",
    )
    max_deliveries: int = _setting(5, doc="Work that ended its worker so often is failed as poison.")
    max_retries: int = _setting(5, doc="How often work is tried again after an error that passes (Redis, disk).")
    retry_seconds: float = _setting(1.0, doc="Wait before the first retry; it doubles each time, up to 60 s.")
    dead_life_seconds: int = _setting(7 * 24 * 3600, doc="How long work that was given up is kept for a replay.")
    versions_kept: int = _setting(0, doc="How many versions of a model are kept beside the current one; 0: all.")
    version_life_seconds: int = _setting(0, doc="How long versions that are not current are kept; 0: for ever.")
    gateway_processes: int = _setting(0, doc="Gateway processes; 0: one a core.")
    estimate_processes: int = _setting(0, doc="Processes of the estimate worker; 0: one a core.")
    train_processes: int = _setting(0, doc="Processes of the train worker; 0: one a core, at least two.")
    worker_name: str = _setting(
        "", doc="What the workers started here are called, as FLEET@NAME; empty: the name of the host."
    )
    train_threads: int = _setting(0, doc="Threads of one train, and of one large estimate; 0: one a core.")
    train_niceness: int = _setting(
        5, doc="Niceness of train workers, so that estimates are answered while a train runs."
    )
    init_time_limit_seconds: int = _setting(600, doc="Soft time limit of an init.")
    train_time_limit_seconds: int = _setting(3600, doc="Soft time limit of a train.")
    estimate_time_limit_seconds: int = _setting(120, doc="Soft time limit of a group of estimates.")
    time_limit_grace_seconds: int = _setting(
        5, doc="How long after its soft time limit work that went on is killed, with its process."
    )
    worker_memory_bytes: int = _setting(
        0, doc="Memory for data that one process of a worker may have (RLIMIT_DATA); 0: any amount."
    )
    model_cache_size: int = _setting(16, doc="Model versions that one estimate process keeps in memory.")
    estimators: str = _setting("", doc="Further estimators: name=package.module:Class, separated by commas.")
    sources: str = _setting(
        "", doc="Data that init may read by name: NAME=URL, separated by commas; file:// or fsspec URLs."
    )
    log_format: str = _setting(
        "auto", doc="How logs are written: `json`, `text`, or `auto`: JSON, but text on a terminal."
    )
    log_level: str = _setting("info", doc="The least level that is logged: debug, info, warning, error.")
    traces_endpoint: str = _setting(
        "", doc="The OpenTelemetry collector that gets traces over OTLP/HTTP: http://HOST:4318; empty: none is made."
    )
    traces_part: float = _setting(
        0.0, doc="The part of the submits without a `traceparent` that is traced nevertheless, from 0 to 1."
    )
    default_model: str = _setting("default", doc="The model of the original routes, /resource/*.")
    default_source: str = _setting("", doc="The one of the sources that /resource/init reads.")
    default_target: str = _setting("", doc="The column that /resource/init has it learn.")

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this environment and of the files in its folder of configuration.

        Raises SettingsError, which names the variable or the file and key, for a value of the wrong type or range and
        for a variable with our prefix that no setting has.
        """
        known = {variable(f.name, f.metadata["env"]): f for f in fields(cls)}
        values = _from_files(config_folder(environ), without={f.name for v, f in known.items() if v in environ})
        for name, f in known.items():
            if name in environ:
                values[f.name] = parse(name, environ[name], type(f.default))
        unknown = sorted(v for v in environ if v.startswith(PREFIX) and v not in known and v not in COMMAND_VARIABLES)
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a setting; the settings are listed by `mlservice settings`")
        settings = cls(**values)  # type: ignore[arg-type]
        check(settings)
        return settings

    @property
    def broker_url(self) -> str:
        """The same Redis in the form that kombu and Celery read."""
        parts = urlsplit(self.redis_url)
        if parts.scheme != "unix":
            return self.redis_url
        login, _, _ = parts.netloc.rpartition("@")
        db = "0"
        for pair in parts.query.split("&"):
            if pair.startswith("db="):
                db = pair[3:]
        return f"redis+socket://{login + '@' if login else ''}{parts.path}?virtual_host={db}"

    @property
    def source_urls(self) -> dict[str, str]:
        """The data that init may read, by name."""
        return parse_pairs(f"{PREFIX}SOURCES", self.sources)

    @property
    def trusted_networks(self) -> list[str]:
        """The proxies whose word for a client's address is taken, as networks. Raises SettingsError."""
        return parse_networks(f"{PREFIX}TRUSTED_PROXIES", self.trusted_proxies)

    @property
    def metrics_from(self) -> list[str]:
        """From where /metrics may be read without an account, as networks. Raises SettingsError."""
        return parse_networks(f"{PREFIX}METRICS_NETWORKS", self.metrics_networks)

    @property
    def grace_seconds(self) -> int:
        """How long what nothing refers to is left alone, because work in progress may yet refer to it."""
        limits = (self.init_time_limit_seconds, self.train_time_limit_seconds, self.estimate_time_limit_seconds)
        return max(limits) + 3600

    @property
    def estimator_paths(self) -> dict[str, str]:
        """Dotted paths of further estimators, by name."""
        return parse_pairs(f"{PREFIX}ESTIMATORS", self.estimators)

    def given_key(self) -> str:
        """The key for HS256 that these settings give; empty if they give none. Raises SettingsError if it is short."""
        key = self.token_key
        if not key and self.token_key_file:
            try:
                key = Path(self.token_key_file).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{PREFIX}TOKEN_KEY_FILE cannot be read: {error}") from error
        if len(key) < 32 and (key or self.token_key_file):
            raise SettingsError(
                f"{PREFIX}TOKEN_KEY or {PREFIX}TOKEN_KEY_FILE must give a key of at least 32 characters"
            )
        return key


#: Variables with our prefix that the command line reads and that are no settings.
COMMAND_VARIABLES: Final = frozenset({f"{PREFIX}HOME", f"{PREFIX}HOST", f"{PREFIX}PORT", CONFIG, FLOWER_REDIS_URL})


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder below which the two files may lie: MLSERVICE_CONFIG, or the working folder.

    Raises SettingsError if MLSERVICE_CONFIG names a folder in which neither is.
    """
    folder = Path(environ.get(CONFIG, "."))
    if CONFIG in environ and not any((folder / file).is_file() for file in (GATEWAY_FILE, REDIS_FILE)):
        raise SettingsError(f"{CONFIG}={folder} has neither {GATEWAY_FILE} nor {REDIS_FILE}: add one, or unset it")
    return folder


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of each setting."""
    return [(variable(f.name, f.metadata["env"]), str(f.default), f.metadata["doc"]) for f in fields(Settings)]


def redis_url(*, socket: Path, user: str, password: str) -> str:
    """The URL of a Redis on a unix socket."""
    return f"unix://{quote(user, safe='')}:{quote(password, safe='')}@{quote(str(socket))}?db=0"


def _from_files(folder: Path, *, without: set[str]) -> dict[str, object]:
    """What the two files say, by setting; a file is not read if all it says is in `without`."""
    found: dict[str, object] = {}
    if "token_life_seconds" not in without and (life := token_life_seconds(folder / GATEWAY_FILE)):
        found["token_life_seconds"] = life
    if "redis_url" not in without and (access := redis_access(folder / REDIS_FILE)):
        found["redis_url"] = access.url
    return found
