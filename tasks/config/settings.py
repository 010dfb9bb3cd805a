"""One typed Settings: the environment first, then the files, then a safe default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tasks.config.areas.http import HttpSettings
from tasks.config.areas.identity import IdentitySettings
from tasks.config.areas.original import OriginalSettings
from tasks.config.areas.outward import OutwardSettings
from tasks.config.areas.redis import RedisSettings
from tasks.config.areas.storage import StorageSettings
from tasks.config.areas.telemetry import TelemetrySettings
from tasks.config.areas.webhooks import WebhookSettings
from tasks.config.areas.work import WorkSettings
from tasks.config.gateway_file import GATEWAY_FILE, token_life_seconds
from tasks.config.redis_file import REDIS_FILE, redis_access
from tasks.config.setting import check_numbers
from tasks.config.settings_file import SETTINGS_FILE, file_variables
from tasks.config.values import PREFIX, parse, shown, variable, written
from tasks.errors import SettingsError

#: Names the folder of configuration.
CONFIG: Final = f"{PREFIX}CONFIG"
#: Names the Redis as Flower reaches it, where it is a user of its own there; else it is as everybody.
FLOWER_REDIS_URL: Final = f"{PREFIX}FLOWER_REDIS_URL"
#: The files that the folder may have.
FILES: Final = (GATEWAY_FILE, REDIS_FILE, SETTINGS_FILE)
#: Each says which of its values are refused.
AREAS: Final = (
    *(RedisSettings, StorageSettings, IdentitySettings, HttpSettings, OutwardSettings),
    *(WorkSettings, WebhookSettings, TelemetrySettings, OriginalSettings),
)


@dataclass(frozen=True, kw_only=True)
class Settings(
    OriginalSettings,
    TelemetrySettings,
    WebhookSettings,
    OutwardSettings,
    HttpSettings,
    IdentitySettings,
    StorageSettings,
):
    """Every setting, with its unit in its name. `load` reads them; a bad value is a SettingsError."""

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this environment and of the files in its folder of configuration.

        Raises SettingsError, which names the variable or the file and key, for a value of the wrong type or range and
        for a variable with our prefix that no setting has.
        """
        environ = with_file(environ)
        known = {variable(f.name, f.metadata["env"]): f for f in fields(cls)}
        values = from_files(config_folder(environ), without={f.name for v, f in known.items() if v in environ})
        for name, f in known.items():
            if name in environ:
                values[f.name] = parse(name, environ[name], type(f.default))
        unknown = sorted(v for v in environ if v.startswith(PREFIX) and v not in known and v not in COMMAND_VARIABLES)
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a setting; the settings are listed by `mlservice settings`")
        settings = cls(**values)  # type: ignore[arg-type]
        check_numbers(settings)
        for area in AREAS:
            area.check(settings)
        return settings


#: Variables with our prefix that the command line reads and that are no settings.
COMMAND_VARIABLES: Final = frozenset({f"{PREFIX}HOME", f"{PREFIX}HOST", f"{PREFIX}PORT", CONFIG, FLOWER_REDIS_URL})


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder below which the files may lie: MLSERVICE_CONFIG, or the working folder.

    Raises SettingsError if MLSERVICE_CONFIG names a folder in which none is.
    """
    folder = Path(environ.get(CONFIG, "."))
    if CONFIG in environ and not any((folder / file).is_file() for file in FILES):
        raise SettingsError(f"{CONFIG}={folder} has neither {' nor '.join(map(str, FILES))}: add one, or unset it")
    return folder


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """What the file says that may say any setting."""

    path: Path
    #: By variable.
    variables: dict[str, str]


def settings_file(environ: Mapping[str, str]) -> SettingsFile:
    """The file of this environment's folder of configuration, which need not be there. Raises SettingsError."""
    path = config_folder(environ) / SETTINGS_FILE
    names = (variable(f.name, f.metadata["env"]) for f in fields(Settings))
    return SettingsFile(path=path, variables=file_variables(path, known=names))


def with_file(environ: Mapping[str, str]) -> dict[str, str]:
    """This environment, with what the file says where the environment does not. Raises SettingsError."""
    return {**settings_file(environ).variables, **environ}


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of each setting."""
    return [(variable(f.name, f.metadata["env"]), written(f.default), f.metadata["doc"]) for f in fields(Settings)]


def as_set(settings: Settings) -> list[dict[str, str]]:
    """Each setting as it is, for people: variable, value, default, meaning; a secret is hidden."""
    return [
        {
            "variable": name,
            "value": shown(getattr(settings, f.name), secret=not f.repr),
            "default": default,
            "about": about,
        }
        for f, (name, default, about) in zip(fields(settings), describe(), strict=True)
    ]


def redis_url(*, socket: Path, user: str, password: str) -> str:
    """The URL of a Redis on a unix socket."""
    return f"unix://{quote(user, safe='')}:{quote(password, safe='')}@{quote(str(socket))}?db=0"


def from_files(folder: Path, *, without: set[str]) -> dict[str, object]:
    """What the two files say, by setting; a file is not read if all it says is in `without`."""
    found: dict[str, object] = {}
    if "token_life_seconds" not in without and (life := token_life_seconds(folder / GATEWAY_FILE)):
        found["token_life_seconds"] = life
    if "redis_url" not in without and (access := redis_access(folder / REDIS_FILE)):
        found["redis_url"] = access.url
    return found
