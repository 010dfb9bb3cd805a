"""A file in a form (RFC 7578), as curl -F, browsers and most clients send it, and the fields beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tasks.contract import Media
from tasks.errors import InvalidField, MalformedBody
from tasks.tables.reading.hints import Hints

#: Most parts that are looked at, and most bytes of a field and of the heads of a part.
MOST_PARTS: Final = 100
MOST_FIELD_BYTES: Final = 64 * 1024
_PARAMETER: Final = re.compile(r';\s*([A-Za-z*]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;"\s]*))')


@dataclass(frozen=True, kw_only=True)
class Form:
    """A body that may have been a form."""

    #: The file, or the body itself if it is none.
    data: bytes
    #: What is said of it.
    content_type: str
    fields: dict[str, str] = field(default_factory=dict)


def opened(data: bytes, content_type: str, *, instead: str = "") -> Form:
    """The file in a form, and its fields; the body as it is if it is no form. `instead`: a field that may be there in
    place of the file, of which no bytes are left then.

    Raises MalformedBody for a form that cannot be read, InvalidField if there is not one file in it.
    """
    hints = Hints(content_type=content_type)
    if hints.media is not Media.FORM and not _looks_so(data):
        return Form(data=data, content_type=content_type)
    if not data.startswith(b"--"):
        # Something else that was called a form.
        return Form(data=data, content_type="")
    boundary = hints.parameter("boundary").encode("latin-1", "replace")
    if not boundary or not data.startswith(b"--" + boundary):
        boundary = data[2 : data.find(b"\n")].strip()
    files: list[Form] = []
    fields: dict[str, str] = {}
    for name, filename, said, body in _parts(data, boundary):
        if filename is not None:
            # A browser sends an empty one for each that was not chosen.
            files += [Form(data=body, content_type=said)] if filename or body else []
        elif len(body) > MOST_FIELD_BYTES or name in ("file", "data"):
            files.append(Form(data=body, content_type=said))
        elif name in fields:
            raise InvalidField(f"the form gives {name[:80]!r} twice; give it once")
        else:
            fields[name] = body.decode(errors="replace")
    if not files and fields.get(instead):
        return Form(data=b"", content_type="", fields=fields)
    if len(files) != 1:
        raise InvalidField(f"the form has {len(files)} files; send one, as with curl -F file=@FILE")
    return Form(data=files[0].data, content_type=files[0].content_type, fields=fields)


def _looks_so(data: bytes) -> bool:
    return data.startswith(b"--") and b"content-disposition: form-data" in data[:4096].lower()


def _parts(data: bytes, boundary: bytes) -> Iterator[tuple[str, str | None, str, bytes]]:
    """(name, file's name or None, Content-Type, content) of each part."""
    mark = b"\n--" + boundary
    start = len(mark) - 1
    for _ in range(MOST_PARTS):
        if data[start : start + 2] == b"--":
            return
        begin = data.find(b"\n", start) + 1
        end = data.find(mark, begin - 1) if begin else -1
        if end < 0:
            raise MalformedBody("the form is cut off: its last boundary is missing; send the whole of it")
        part = data[begin:end]
        blank = b"\r\n\r\n" if b"\r\n\r\n" in part[:MOST_FIELD_BYTES] else b"\n\n"
        head, _, body = part.partition(blank)
        yield *_head(head), body.removesuffix(b"\r")
        start = end + len(mark)
    raise MalformedBody(f"the form has more than {MOST_PARTS} parts; send one file")


def _head(head: bytes) -> tuple[str, str | None, str]:
    lines = (line.partition(":") for line in head.decode(errors="replace").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise MalformedBody("a part of the form has a Content-Transfer-Encoding; send it as it is")
    said = headers.get("content-disposition", "")
    found = {key.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for key, quoted, plain in _PARAMETER.findall(said)}
    if "name" not in found:
        raise MalformedBody("a part of the form has no name; send one file, as with curl -F file=@FILE")
    return found["name"], found.get("filename", found.get("filename*")), headers.get("content-type", "")
