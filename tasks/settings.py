"""One typed Settings, from the environment first, then a safe default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import SettingsError

#: What the name of a setting in the environment begins with, but for REDIS_URL.
PREFIX: Final = "MLSERVICE_"


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
    token_key_file: str = _setting("", doc="A file that holds the key that signs tokens.")
    token_life_seconds: int = _setting(3600, doc="Life of a token.")
    max_body_bytes: int = _setting(128 * 1024 * 1024, doc="Largest request body.")
    max_wait_seconds: int = _setting(60, doc="Longest `Prefer: wait`.")
    result_life_seconds: int = _setting(24 * 3600, doc="How long finished work and its result are kept.")
    redis_timeout_seconds: float = _setting(2.0, doc="Longest wait for Redis to answer a command or to connect.")
    visibility_timeout_seconds: int = _setting(
        3600, doc="After so long without an acknowledgement Celery delivers a message again."
    )
    max_deliveries: int = _setting(3, doc="Work that was delivered so often without an end is failed as poison.")
    gateway_processes: int = _setting(0, doc="Gateway processes; 0: one a core.")
    estimate_processes: int = _setting(0, doc="Processes of the estimate worker; 0: one a core.")
    train_processes: int = _setting(0, doc="Processes of the train worker; 0: one a core, at least two.")
    train_threads: int = _setting(0, doc="Threads of one train, and of one large estimate; 0: one a core.")
    train_niceness: int = _setting(
        5, doc="Niceness of train workers, so that estimates are answered while a train runs."
    )
    init_time_limit_seconds: int = _setting(600, doc="Soft time limit of an init.")
    train_time_limit_seconds: int = _setting(3600, doc="Soft time limit of a train.")
    estimate_time_limit_seconds: int = _setting(120, doc="Soft time limit of a group of estimates.")
    model_cache_size: int = _setting(16, doc="Model versions that one estimate process keeps in memory.")
    estimators: str = _setting("", doc="Further estimators: name=package.module:Class, separated by commas.")
    sources: str = _setting(
        "", doc="Data that init may read by name: NAME=URL, separated by commas; file:// or fsspec URLs."
    )
    default_model: str = _setting("default", doc="The model of the original routes, /resource/*.")
    default_source: str = _setting("", doc="The one of the sources that /resource/init reads.")
    default_target: str = _setting("", doc="The column that /resource/init has it learn.")

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this environment.

        Raises SettingsError, which names the variable, for a value of the wrong type or range and for a variable
        with our prefix that no setting has.
        """
        values: dict[str, object] = {}
        known = {_variable(f.name, f.metadata["env"]): f for f in fields(cls)}
        for variable, f in known.items():
            if variable in environ:
                values[f.name] = _parse(variable, environ[variable], type(f.default))
        unknown = sorted(v for v in environ if v.startswith(PREFIX) and v not in known and v not in COMMAND_VARIABLES)
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a setting; the settings are listed by `mlservice settings`")
        settings = cls(**values)  # type: ignore[arg-type]
        settings.check()
        return settings

    def check(self) -> None:
        """Raise SettingsError if a value is out of range."""
        for f in fields(self):
            value = getattr(self, f.name)
            floor = 0 if f.name.endswith(("_processes", "_threads", "_niceness")) else 1
            if isinstance(value, int | float) and not floor <= value < 2**53:
                raise SettingsError(f"{_variable(f.name, f.metadata['env'])} must be at least {floor}, not {value}")
        self._check_default()
        scheme = urlsplit(self.redis_url).scheme
        if scheme not in ("redis", "rediss", "unix"):
            raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://")
        parse_pairs(f"{PREFIX}ESTIMATORS", self.estimators)
        parse_pairs(f"{PREFIX}SOURCES", self.sources)

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

    def _check_default(self) -> None:
        if MODEL_NAME.fullmatch(self.default_model) is None:
            raise SettingsError(f"{PREFIX}DEFAULT_MODEL must be {MODEL_NAME_RULE}, not {self.default_model!r}")
        known = self.source_urls
        if self.default_source and self.default_source not in known:
            names = ", ".join(sorted(known)) or "none"
            raise SettingsError(f"{PREFIX}DEFAULT_SOURCE must be one of {PREFIX}SOURCES ({names})")
        if self.default_source and not self.default_target:
            raise SettingsError(f"{PREFIX}DEFAULT_TARGET must name the column of {self.default_source} to be learned")

    @property
    def estimator_paths(self) -> dict[str, str]:
        """Dotted paths of further estimators, by name."""
        return parse_pairs(f"{PREFIX}ESTIMATORS", self.estimators)

    def signing_key(self) -> str:
        """The key that signs tokens. Raises SettingsError if there is none or it is too short."""
        key = self.token_key
        if not key and self.token_key_file:
            try:
                key = Path(self.token_key_file).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{PREFIX}TOKEN_KEY_FILE cannot be read: {error}") from error
        if len(key) < 32:
            raise SettingsError(
                f"{PREFIX}TOKEN_KEY or {PREFIX}TOKEN_KEY_FILE must give a key of at least 32 characters"
            )
        return key


#: Variables with our prefix that the command line reads and that are no settings.
COMMAND_VARIABLES: Final = frozenset({f"{PREFIX}HOME", f"{PREFIX}HOST", f"{PREFIX}PORT"})


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of each setting."""
    return [(_variable(f.name, f.metadata["env"]), str(f.default), f.metadata["doc"]) for f in fields(Settings)]


def parse_pairs(variable: str, text: str) -> dict[str, str]:
    """`a=x,b=y` as a dict. Raises SettingsError, which names the variable."""
    pairs: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, sep, value = part.partition("=")
        if not (name and sep and value):
            raise SettingsError(f"{variable} must be NAME=VALUE, separated by commas, not {part!r}")
        pairs[name] = value
    return pairs


def redis_url(*, socket: Path, user: str, password: str) -> str:
    """The URL of a Redis on a unix socket."""
    return f"unix://{quote(user, safe='')}:{quote(password, safe='')}@{quote(str(socket))}?db=0"


def login(url: str) -> tuple[str | None, str | None]:
    """(user, password) in a Redis URL."""
    parts = urlsplit(url)
    return (
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def _variable(name: str, env: str | None) -> str:
    return env or PREFIX + name.upper()


def _parse(variable: str, text: str, kind: type) -> object:
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f"{variable} must be {kind.__name__}, not {text!r}") from None
