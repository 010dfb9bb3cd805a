"""What a body is, told by its first bytes: they know better than who sent it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from tasks.contract import Media
from tasks.errors import MalformedBody
from tasks.tables.signs import BOM, UTF16


class Format(StrEnum):
    """What is read."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"
    ORC = "orc"
    XLSX = "xlsx"
    GZIP = "gzip"
    ZSTD = "zstd"
    FORM = "form"


#: What each format is called in messages.
NAMES: Final = {
    Format.CSV: "CSV",
    Format.JSON: "JSON",
    Format.PARQUET: "Parquet",
    Format.ARROW: "Arrow",
    Format.ORC: "ORC",
    Format.XLSX: "an Excel workbook (.xlsx)",
    Format.GZIP: "gzip",
    Format.ZSTD: "zstd",
    Format.FORM: "a form (multipart/form-data)",
}
#: What a media type promises.
PROMISED: Final = {
    Media.JSON: Format.JSON,
    Media.NDJSON: Format.JSON,
    Media.CSV: Format.CSV,
    Media.PARQUET: Format.PARQUET,
    Media.ARROW: Format.ARROW,
    Media.ORC: Format.ORC,
    Media.XLSX: Format.XLSX,
    Media.FORM: Format.FORM,
}
#: Said where a body is something that holds no table, or none that is read.
READ: Final = (
    "CSV, JSON, Parquet, Arrow (Feather), ORC or an Excel workbook (.xlsx), which may be packed with gzip or zstd"
)

#: How many of the first bytes are looked at for what no text has.
_LOOKED_AT: Final = 1024
_SAVE: Final = "save the table as CSV or Parquet"
_UNPACK: Final = "unpack it, or pack it with gzip or zstd"
#: (first bytes, what it is, what to do): formats that are not read, so that it can be said which it is.
_NOT_READ: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or Office file", "save it as .xlsx"),
    (b"%PDF-", "a PDF", _SAVE),
    (b"FEA1", "Feather of version 1", "write version 2, or Parquet"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV or Parquet"),
    (b"\x89HDF\r\n\x1a\n", "HDF5", _SAVE),
    (b"Obj\x01", "Avro", _SAVE),
    (b"\x93NUMPY", "a NumPy array", _SAVE),
    (b"\x80\x02", "a Python pickle, which is never read", _SAVE),
    (b"\x80\x03", "a Python pickle, which is never read", _SAVE),
    (b"\x80\x04", "a Python pickle, which is never read", _SAVE),
    (b"\x80\x05", "a Python pickle, which is never read", _SAVE),
    (b"X\n\x00\x00", "an R object (.rds)", _SAVE),
    (b"RDX2\n", "an R workspace (.rda)", _SAVE),
    (b"RDX3\n", "an R workspace (.rda)", _SAVE),
    (b"$FL2", "an SPSS file", _SAVE),
    (b"$FL3", "an SPSS file", _SAVE),
    (b"<stata_dta>", "a Stata file", _SAVE),
    (b"MATLAB 5.0", "a MATLAB file", _SAVE),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "packed with xz", _UNPACK),
    (b"\x04\x22\x4d\x18", "packed with LZ4", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x89PNG", "a picture", _SAVE),
    (b"\xff\xd8\xff", "a picture", _SAVE),
    (b"{\\rtf", "RTF", _SAVE),
)
#: How HTML and XML begin.
_MARKUP: Final = re.compile(rb"\s*<[A-Za-z!?]")
_ENDS_OF_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
#: How a document of JSON begins that may be a table; a CSV would begin so only by accident.
_JSON: Final = re.compile(rb'\s*(?:\{\s*(?:["}]|$)|\[\s*(?:[\[{\]]|$))')
_OPENS: Final = re.compile(rb"\s*[\[{]")
_FORM_FIELD: Final = re.compile(
    rb"--[^\r\n]{1,200}\r?\n(?:[!-9;-~]+:[^\r\n]*\r?\n)*?content-disposition:", re.IGNORECASE
)


def format_of(data: bytes, said: Media = Media.BYTES, *, encoded: bool = False) -> Format:
    """What these bytes are. `encoded`: the sender says an encoding, in which text may look like no text.

    Raises MalformedBody, which says what they are, for what is not read.
    """
    if not data:
        raise MalformedBody("the body is empty; send a table")
    if (found := _binary(data, said)) is not None:
        return found
    if _FORM_FIELD.match(data):
        return Format.FORM
    text = data[: len(BOM) + _LOOKED_AT].removeprefix(BOM)
    if _MARKUP.match(text):
        raise _not_read("a page or document of HTML or XML", _SAVE)
    if not (encoded or data.startswith(UTF16)) and b"\x00" in text:
        raise MalformedBody(_neither(data, said))
    promised = PROMISED.get(said)
    if _JSON.match(text) or (promised is Format.JSON and (_OPENS.match(text) or not _lines(data))):
        return Format.JSON
    return Format.CSV


def _binary(data: bytes, said: Media) -> Format | None:
    head = data[:_LOOKED_AT]
    if head.startswith(b"PAR1") and _is_binary(data, b"PAR1"):
        return Format.PARQUET
    if head.startswith(b"ORC") and _is_binary(data, b"ORC"):
        return Format.ORC
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return Format.ARROW
    if head.startswith(b"\x1f\x8b"):
        return Format.GZIP
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return Format.ZSTD
    if head.startswith(_ENDS_OF_ZIP):
        return _zipped(data)
    for start, name, remedy in _NOT_READ:
        if head.startswith(start):
            raise _not_read(name, remedy)
    # Older streams begin with a length.
    return Format.ARROW if said is Media.ARROW and b"\x00" in head and not head.startswith(UTF16) else None


def _is_binary(data: bytes, magic: bytes) -> bool:
    """True unless this is a text that begins with the same letters."""
    return data[-len(magic) - 1 :].find(magic) >= 0 or any(byte < 9 for byte in data[:64])


def _zipped(data: bytes) -> Format:
    # The names of members stand at the end, in the clear.
    tail = data[-(1 << 20) :]
    if b"xl/workbook.xml" in tail:
        return Format.XLSX
    if b"xl/workbook.bin" in tail:
        raise _not_read("a binary Excel workbook (.xlsb)", "save it as .xlsx")
    if b"mimetypeapplication/vnd.oasis.opendocument" in data[:200]:
        raise _not_read("an OpenDocument file (.ods)", "save it as .xlsx or CSV")
    if b"word/document.xml" in tail:
        raise _not_read("a Word document", _SAVE)
    if b"PK\x05\x06" not in tail:
        raise MalformedBody("the body is a ZIP archive or an Excel workbook that is cut off; send the whole of it")
    raise _not_read("a ZIP archive", "send the file that is in it, or pack that with gzip")


def _lines(data: bytes) -> bool:
    return b"\n" in data.strip() or b"\r" in data.strip()


def _not_read(name: str, remedy: str) -> MalformedBody:
    return MalformedBody(f"the body is {name}, which is not read: {remedy}")


def _neither(data: bytes, said: Media) -> str:
    promised = PROMISED.get(said)
    words = f"said to be {NAMES[promised]} and is not: it" if promised else "in no format that is read: it"
    return f"the body is {words} begins with the bytes 0x{data[:8].hex()}; send the whole of {READ}"
