"""Reading `config.properties`: lines of `KEY=VALUE`, below `[section]` or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.errors import SettingsError

#: The section of what stands above all sections.
TOP: Final = ""
#: What a line that says nothing begins with.
COMMENTS: Final = ("#", ";")


def read_properties(path: Path) -> dict[str, dict[str, str]] | None:
    """Sections, keys and values of a file, with TOP always among them; None if there is no such file.

    A value is all that follows the first `=`, to the end of its line, as it stands: `#`, `=`, quotes, `$` and spaces
    belong to it. Python's configparser would expand `%`, and a shell nearly everything. The file is UTF-8. Raises
    SettingsError, which names file and line.
    """
    text = _text(path)
    if text is None:
        return None
    sections: dict[str, dict[str, str]] = {TOP: {}}
    section = sections[TOP]
    # Not splitlines: it also splits at characters that a value may hold.
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.strip()
        if not bare or bare.startswith(COMMENTS):
            continue
        if bare.startswith("[") and bare.endswith("]"):
            section = sections.setdefault(bare[1:-1].strip(), {})
            continue
        key, separator, value = line.removesuffix("\r").partition("=")
        key = key.strip()
        if not (key and separator):
            # Without the line itself, which may hold a password.
            raise SettingsError(f"{path}, line {number} is not KEY=VALUE: write it so, or begin it with # to skip it")
        if key in section:
            raise SettingsError(f"{path}, line {number} gives {key} a second time: remove one of the two")
        section[key] = value
    return sections


def refuse_others(where: object, given: Mapping[str, str], *, known: tuple[str, ...]) -> None:
    """Raise SettingsError if a key that nobody reads is given: it may be a slip of the pen."""
    for key in given:
        if key not in known:
            raise SettingsError(f"{where}, {key} is not known: correct or remove it; known are {', '.join(known)}")


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; let the service's user read it") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: save it as UTF-8") from error
