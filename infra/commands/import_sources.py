"""Where a model that is imported lies: a file, a folder or a URL. It goes to a worker as one zip."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO, Any, Final

from tasks.errors import BodyTooLarge, InvalidField, Unavailable
from tasks.exchange.archives import MAGIC, MOST_FILES, zipped
from tasks.exchange.importing import SCHEMA, TEXT
from tasks.exchange.mlflow import DESCRIPTION

#: Longest wait for a server's next bytes, and for all of them (seconds).
PAUSE_SECONDS: Final = 30.0
ALL_SECONDS: Final = 600.0
#: Read at a time (bytes).
PART_BYTES: Final = 1024 * 1024
_SCHEMES: Final = ("http", "https")


def packed(source: str, *, schema: str | None, most_bytes: int) -> tuple[bytes, str]:
    """(a zip of at most so many bytes, what its source is called where versions are shown, without passwords).

    Raises InvalidField for what is none of these, BodyTooLarge, Unavailable for a URL that does not answer, OSError for
    files that cannot be read.
    """
    if "://" in source:
        if urllib.parse.urlsplit(source).scheme not in _SCHEMES:
            raise InvalidField(f"{plain_url(source)} is not fetched: name a file, a folder, or a URL of http or https")
        _check_no_schema(schema, "a URL")
        return _zip(fetched(source, most_bytes=most_bytes), source), plain_url(source)
    path = Path(source)
    if path.is_dir():
        if not (path / DESCRIPTION).is_file():
            raise InvalidField(f"the folder {source} has no file {DESCRIPTION}, as MLflow writes it")
        _check_no_schema(schema, "a folder of MLflow")
        return zipped(_files(path, most_bytes)), path.resolve().name
    data = _read(path, most_bytes)
    if data.startswith(MAGIC):
        _check_no_schema(schema, "a zip, which has its own")
        return data, path.name
    if schema is None:
        if not data.startswith(b"tree\n"):
            raise InvalidField(
                f"{source} is neither a zip nor a model in LightGBM's text format, as `Booster.save_model` writes it"
            )
        return zipped({TEXT: data, SCHEMA: b"{}"}), path.name
    return zipped({TEXT: data, SCHEMA: _read(Path(schema), most_bytes)}), path.name


def _check_no_schema(schema: str | None, source: str) -> None:
    if schema is not None:
        raise InvalidField(f"--schema belongs to a file of LightGBM's text, not to {source}: leave it out")


def plain_url(url: str) -> str:
    """A URL without account, password, query and fragment."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    return urllib.parse.urlunsplit((parts.scheme, place, parts.path, "", ""))


def fetched(url: str, *, most_bytes: int, all_seconds: float = ALL_SECONDS) -> bytes:
    """What is at a URL. Follows it to no other host. Raises InvalidField, BodyTooLarge, Unavailable."""
    until = time.monotonic() + all_seconds
    opener = urllib.request.build_opener(_SameHost)
    shown = plain_url(url)
    parts: list[bytes] = []
    size = 0
    try:
        with opener.open(url, timeout=PAUSE_SECONDS) as answer:
            while part := answer.read(PART_BYTES):
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    raise BodyTooLarge(f"{shown} has more than the {most_bytes:,} bytes that are taken")
                if time.monotonic() > until:
                    raise Unavailable(f"{shown} takes longer than {all_seconds:g} s; fetch it, and import the file")
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable(f"{shown} answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Unavailable(f"{shown} cannot be fetched: {getattr(error, 'reason', error)}") from error
    return b"".join(parts)


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the same host and port alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl)[:2] != urllib.parse.urlsplit(req.full_url)[:2]:
            raise InvalidField(
                f"{plain_url(req.full_url)} leads to {plain_url(newurl)}, which is elsewhere; name that if it is meant"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _zip(data: bytes, source: str) -> bytes:
    if not data.startswith(MAGIC):
        raise InvalidField(f"at {plain_url(source)} is no zip")
    return data


def _read(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise BodyTooLarge(f"{path} has more than the {most_bytes:,} bytes that are taken (MLSERVICE_MAX_BODY_BYTES)")
    return data


def _files(folder: Path, most_bytes: int) -> dict[str, bytes]:
    """All files in a folder, by path, but for links."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if len(files) == MOST_FILES:
            raise BodyTooLarge(f"{folder} has more than the {MOST_FILES} files that are taken")
        files[path.relative_to(folder).as_posix()] = _read(path, most_bytes - sum(map(len, files.values())))
    return files
