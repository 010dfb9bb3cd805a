"""Where the value of each setting comes from, for people who ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from tasks.config.gateway_file import GATEWAY_FILE
from tasks.config.redis_file import REDIS_FILE
from tasks.config.settings import Settings, config_folder, from_files, settings_file
from tasks.config.values import parse, shown, variable

#: What the file in a home's `run` is called that keeps them for those who ask.
SETTINGS: Final = "settings.json"
#: The files that say one setting each.
FILES: Final = {"token_life_seconds": GATEWAY_FILE, "redis_url": REDIS_FILE}


@dataclass(frozen=True, kw_only=True)
class Known:
    """One setting, as it is."""

    variable: str
    #: As text; a secret is hidden, and so is a password in a URL.
    value: str
    #: `default`, `environment`, the file that says it, or who settled it.
    origin: str


def known(settings: Settings, environ: Mapping[str, str], *, settled_by: str = "") -> list[Known]:
    """All settings, which were loaded of this environment; what differs from that was settled by somebody else."""
    folder, file = config_folder(environ), settings_file(environ)
    said = from_files(folder, without=set())
    found = []
    for f in fields(settings):
        name, value = variable(f.name, f.metadata["env"]), getattr(settings, f.name)
        told = environ.get(name, file.variables.get(name))
        origin = "default"
        if told is not None and value == parse(name, told, type(f.default)):
            origin = "environment" if name in environ else str(file.path)
        elif f.name in said and said[f.name] == value:
            origin = str(folder / FILES[f.name])
        elif value != f.default:
            origin = settled_by
        found.append(Known(variable=name, value=shown(value, secret=not f.repr), origin=origin))
    return found


def as_json(settings: list[Known]) -> list[dict[str, str]]:
    """The same, to be kept in a file."""
    return [asdict(one) for one in settings]
