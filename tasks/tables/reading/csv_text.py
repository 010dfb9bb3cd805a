"""Text as UTF-8, however it was encoded."""

from __future__ import annotations

import codecs
from typing import Final

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.bounds import Bounds
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.reading.hints import Hints
from tasks.tables.signs import BOM, UTF16

#: Decoded at a time (bytes).
PART_BYTES: Final = 1024 * 1024
#: Encodings that are read. Not all that Python has: some of them are no encodings of text, and some are slow.
ENCODINGS: Final = frozenset(
    {
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii"),
        *(f"cp{page}" for page in (437, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874, 932)),
        *(f"cp{page}" for page in (936, 949, 950, *range(1250, 1259))),
        *(f"iso8859-{part}" for part in range(1, 17)),
        *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "koi8-r", "koi8-u", "tis-620"),
        *("shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "iso2022_jp"),
    }
)
_UTF8: Final = ("utf-8", "utf-8-sig", "ascii")


def as_text(data: bytes, hints: Hints, bounds: Bounds) -> tuple[bytes, list[Finding]]:
    """(the text, what was found out). The order of trust: a byte order mark, `options.csv.encoding`, the charset of
    the Content-Type, UTF-8. Raises MalformedBody for bytes that are not in it, InvalidField for one that is not read.
    """
    if data.startswith(UTF16):
        encoding, why = "utf-16", "its byte order mark"
    elif data.startswith(BOM):
        return _checked(data[len(BOM) :]), []
    else:
        encoding, why = _said(hints)
    if encoding in _UTF8:
        return _checked(data), []
    text = _recoded(data, encoding, bounds)
    message = f"the text was read as {encoding}, as {why} says"
    return text, [finding("encoding", message)]


def _said(hints: Hints) -> tuple[str, str]:
    charset = hints.parameter("charset")
    name, why = (hints.csv.encoding, "options.csv.encoding") if hints.csv.encoding else (charset, "its Content-Type")
    if not name:
        return "utf-8", ""
    try:
        found = codecs.lookup(name).name if name.isascii() else ""
    except (LookupError, ValueError):
        found = ""
    # What is called latin-1 is windows-1252 wherever it matters (https://encoding.spec.whatwg.org/#names-and-labels).
    found = "cp1252" if found == "iso8859-1" else found.replace("_", "-") if found.startswith(("utf", "mac")) else found
    if found not in ENCODINGS:
        pointer = "/options/csv/encoding" if hints.csv.encoding else None
        error = InvalidField(f"the encoding {name[:40]!r} is not read; save as UTF-8, or name one such as windows-1252")
        raise error.at(pointer) if pointer else error
    return found, why


def _checked(data: bytes) -> bytes:
    """The bytes, if they are UTF-8."""
    if data.isascii():
        return data
    decoder, place = codecs.getincrementaldecoder("utf-8")(), 0
    view = memoryview(data)
    try:
        for place in range(0, len(data), PART_BYTES):
            decoder.decode(view[place : place + PART_BYTES], place + PART_BYTES >= len(data))
    except UnicodeDecodeError as error:
        # Its first bytes may have been at the end of the part before.
        start = max(place - len(error.object) + len(view[place : place + PART_BYTES]), 0) + error.start
        raise MalformedBody(
            f"the text is not UTF-8: byte {start} (counted from 0) is 0x{data[start]:02x}; save as UTF-8, or say how it"
            " is encoded, as with Content-Type: text/csv; charset=windows-1252"
        ) from None
    return data


def _recoded(data: bytes, encoding: str, bounds: Bounds) -> bytes:
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    parts, size = [], 0
    try:
        for place in range(0, len(data), PART_BYTES):
            text = decoder.decode(view[place : place + PART_BYTES], place + PART_BYTES >= len(data))
            parts.append(text.encode())
            size += len(parts[-1])
            bounds.check_bytes(size)
    except (UnicodeError, ValueError) as error:
        reason = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
        raise MalformedBody(f"the text is not in {encoding}: {reason}; save as UTF-8") from None
    return b"".join(parts).removeprefix(BOM)


def is_recoded(data: bytes, hints: Hints) -> bool:
    """Whether the text is or may be in another encoding than UTF-8."""
    return data.startswith(UTF16) or bool(hints.csv.encoding or hints.parameter("charset"))
