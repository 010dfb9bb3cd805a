"""Logs: one line an event. JSON for machines, a readable line on a terminal. The same for every process.

A message says what happened; what it is about is said in fields, `log.info("...", extra={"task_id": handle})`, of which
FIELDS has all names. Never the data of a request, a password or a token.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec

from tasks.config.settings import Settings

log = logging.getLogger(__name__)

#: What an event may be about, beside what happened: fields of a line, each left out where it is not known.
FIELDS: Final = (
    *("request_id", "trace_id", "task_id", "owner", "model", "version", "kind", "lane", "items"),
    *("reason", "pointer", "seconds", "method", "path", "status", "address"),
)
#: Most characters of a traceback; its end is kept, which says what happened.
ERROR_LENGTH: Final = 8000
#: What a process says when it begins.
STARTS: Final = "%s starts: mlservice %s, settings %s"

_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default={})  # noqa: B039 - never changed, only replaced


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, program, pid, logger, message; FIELDS; `error`, a traceback."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        said = event(record.created, record.levelname, self._program, logger=record.name, message=record.getMessage())
        return json_line({**said, **known_fields(record), **self._error(record)})

    def _error(self, record: logging.LogRecord) -> dict[str, str]:
        text = self.formatException(record.exc_info) if record.exc_info else record.stack_info or ""
        return {"error": text[-ERROR_LENGTH:]} if text else {}


class Readable(logging.Formatter):
    """A record for people: time, level, logger, message, what it is about; a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or with a traceback the lines, without the end."""
        said = event(record.created, record.levelname, "", logger=record.name, message=record.getMessage())
        lines = [_readable({**said, **known_fields(record)})]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return "\n".join(lines)


def setup(settings: Settings, program: str, *, stream: TextIO | None = None) -> None:
    """Have every logger of this process, and of those that it forks, write to `stream`, stderr if none is given.

    An error that nobody catches and the warnings of Python are logged as well. Says that the program starts.
    """
    stream = stream or sys.__stderr__ or sys.stderr
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and stream.isatty())
    write_to(stream, Readable() if as_text else JsonLines(program), level=settings.log_level)
    log.info(STARTS, program, installed_version(), fingerprint(settings))


def write_to(stream: TextIO, formatter: logging.Formatter, *, level: str = "info") -> None:
    """Have every logger of this process write to the stream, and what nobody else would see of an error too."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _on_uncaught


def is_written() -> bool:
    """Whether this process writes its log, so that what goes wrong belongs there."""
    return any(isinstance(handler.formatter, (JsonLines, Readable)) for handler in logging.getLogger().handlers)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Every record that is made within has these fields, where it does not say others."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def known_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a record is about."""
    told = {**_about.get(), **record.__dict__}
    fields = {name: told[name] for name in FIELDS if told.get(name) not in (None, "")}
    # Celery's own records name their task like this.
    data = told.get("data")
    if isinstance(data, dict) and "task_id" not in fields and data.get("id"):
        fields["task_id"] = data["id"]
    return fields


def event(created: float, level: str, program: str, *, logger: str, message: str) -> dict[str, Any]:
    """What every line has. `created`: seconds since the epoch."""
    when = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "time": when,
        "level": level.lower(),
        "program": program,
        "pid": os.getpid(),
        "logger": logger,
        "message": message,
    }


def json_line(values: Mapping[str, Any]) -> str:
    """The values as a JSON object in one line. What is no JSON value is written as its text."""
    try:
        return msgspec.json.encode(values, enc_hook=str).decode()
    except UnicodeEncodeError:
        # A text that came from outside and is no Unicode.
        plain = {name: _unicode(value) if isinstance(value, str) else value for name, value in values.items()}
        return msgspec.json.encode(plain, enc_hook=str).decode()


def readable(line: str) -> str:
    """A line of a log for people; as it is, if it is not one of ours."""
    try:
        values = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError:
        return line
    error = values.pop("error", "")
    return _readable(values) + (f"\n{error}" if error else "")


def fingerprint(settings: Settings) -> str:
    """What tells these settings from others; the secrets among them do not count."""
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:12]


def installed_version() -> str:
    """The version of this package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mlservice")
    except PackageNotFoundError:
        return "unknown"


def _unicode(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _readable(values: Mapping[str, Any]) -> str:
    shown = ("time", "level", "logger", "message")
    head = [str(values.get(name, "")) for name in shown]
    rest = [f"{name}={value}" for name, value in values.items() if name in FIELDS]
    return f"{head[0]} {head[1].upper():7} {head[2]}: {head[3]}{'  ' if rest else ''}{' '.join(rest)}"


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("the process ends of an error that nobody caught", exc_info=(kind, error, trace))
