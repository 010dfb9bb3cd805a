"""What a database refuses, in words that tell nothing of where it is and of who enters there."""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pyarrow as pa

from tasks.config.sources_file import DataSource
from tasks.errors import InvalidField, InvalidTable, ServiceError, Unavailable
from tasks.sources.asked import Asked
from tasks.storage.places import is_of_place

T = TypeVar("T")

log = logging.getLogger(__name__)

#: What the operator does about a source that does not answer.
CHECK: Final = "the operator runs `mlservice sources check`"
#: SQLSTATE of a statement that took too long.
_TIMED_OUT: Final = "57014"
#: What is said of a connection that will not come about however often it is tried: of a user, a password, a database or
#: a certificate that is wrong, and of a URL that libpq cannot read.
_SHUT_OUT: Final = re.compile(
    r"FATAL:.*(authentication|pg_hba\.conf|does not exist|permission denied|not permitted)"
    r"|no password supplied|certificate|does not support SSL|invalid |missing |unterminated|forbidden"
)
#: The first line of what PostgreSQL, or SQLite, says of a statement.
_SAID: Final = re.compile(r"(?:ERROR:  |Failed to prepare query: )([^\n]*)")
#: SQLSTATE of a table, or a schema, that is not there.
_NO_TABLE: Final = ("42P01", "3F000")
#: What SQLite says of a statement that it cannot carry out.
_MISSING: Final = re.compile(
    r"no such (table|column|function)|syntax error|not authorized|prohibited|one statement at a time|readonly database"
)
_NO_DATABASE: Final = "file is not a database"


class Deadline:
    """When reading has to be over."""

    def __init__(self, asked: Asked, source: DataSource) -> None:
        self._asked, self._seconds = asked, source.timeout_seconds
        self._end = time.monotonic() + source.timeout_seconds

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() > self._end

    def check(self) -> None:
        """Raise InvalidField if it is over."""
        if self.passed:
            raise slow(self._asked, self._seconds)


def slow(asked: Asked, seconds: float) -> InvalidField:
    """The error of what took too long."""
    return InvalidField(
        f"{asked.subject}: reading took longer than {seconds:g} s; ask for less, or have the operator raise"
        " timeout_seconds"
    ).at(asked.pointer)


def unreachable(asked: Asked) -> Unavailable:
    """The error of a source that may be there again later."""
    return Unavailable(f"the source {asked.source!r} cannot be reached: try again later; if it stays so, {CHECK}")


def reached(asked: Asked, read: Callable[[], T]) -> T:
    """What `read` returns of files. What their place raises meanwhile is InvalidField for what is not there or may not
    be read, and Unavailable for what may pass: the place's own words hold buckets and hosts."""
    try:
        return read()
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        # Trying again does not help, as it may with other errors of a place.
        reason = "may not be read" if isinstance(error, PermissionError) else "is not there"
        found: ServiceError = InvalidField(f"the source {asked.source!r} {reason}: {CHECK}").at("/source")
    except Exception as error:
        # What is not of a place goes its way: errors of ours, a time limit.
        if not is_of_place(error):
            raise
        log.warning("the source %r cannot be read: %s", asked.source, type(error).__name__)
        found = unreachable(asked)
    raise found


def translated(asked: Asked, source: DataSource, read: Callable[[], T]) -> T:
    """What `read` returns. What a driver raises meanwhile is an error of ours: InvalidField for what is not there or
    not allowed, Unavailable for what may pass, InvalidTable for values that cannot be read. The driver's own words are
    in none but those about SQL that the caller sent."""
    try:
        return read()
    except (ServiceError, MemoryError):
        raise
    except Exception as error:
        if not _is_drivers(error):
            raise
        found = _translated(asked, source, error)
    # Out here the driver's error is not its context, of which logs tell too: hosts, users, the URL stand in it.
    raise found


def _is_drivers(error: Exception) -> bool:
    # What is refused memory says so in the words of C++, which are known elsewhere.
    return "bad_alloc" not in str(error) and (
        isinstance(error, (pa.ArrowException, OSError, sqlite3.Error)) or hasattr(error, "sqlstate")
    )


def _translated(asked: Asked, source: DataSource, error: Any) -> ServiceError:
    state, said = getattr(error, "sqlstate", None) or "", str(error)
    log.warning("the source %r cannot be read: %s %s", asked.source, type(error).__name__, state)
    if state == _TIMED_OUT:
        return slow(asked, source.timeout_seconds)
    if state[:2] in ("42", "22", "25", "0A") or _MISSING.search(said):
        return InvalidField(f"{asked.subject}: {_of_statement(asked, state, said)}").at(asked.pointer)
    if _NO_DATABASE in said:
        return InvalidField(f"the source {asked.source!r} is no database of SQLite: {CHECK}").at("/source")
    if isinstance(error, (pa.ArrowInvalid, UnicodeDecodeError)):
        return InvalidTable(f"{asked.subject}: a value cannot be read, such as text that is not UTF-8; leave it out")
    if not state and _SHUT_OUT.search(said):
        return InvalidField(f"the source {asked.source!r} does not let the service in: {CHECK}").at("/source")
    return unreachable(asked)


def _of_statement(asked: Asked, state: str, said: str) -> str:
    found = _SAID.search(said)
    if asked.sql:
        return f"the database refuses the SQL: {found[1] if found else said.partition(chr(10))[0]}; correct it"
    if state == "42501":
        return "the database does not let the service read it; the operator grants SELECT"
    if asked.table and (state in _NO_TABLE or "no such table: " in said):
        return "the database has no such table or view now; name another, or have the operator correct it"
    return f"the database fails to read it; {CHECK} and corrects the view or query"
