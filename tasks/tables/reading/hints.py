"""What a sender says of a body beside the body."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tasks.contract import MEDIA_ALIASES, PROTOCOL_MEDIA, Media
from tasks.errors import InvalidField

_NAMES: Final = {media.value: media for media in Media if media not in PROTOCOL_MEDIA} | MEDIA_ALIASES
_PARAMETER: Final = re.compile(r';\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;"\s]*))')
#: What a field may be separated by.
DELIMITERS: Final = (",", ";", "\t", "|")


class CsvOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`options.csv`: how a CSV is to be read, for whoever wants nothing found out. What is None is found out."""

    #: What separates fields: one character.
    delimiter: str | None = None
    #: What separates decimals: a point or a comma.
    decimal: str | None = None
    #: How the text is encoded: a name that the IANA knows, such as windows-1252.
    encoding: str | None = None
    #: What is written for a missing value, beside an empty field and `\\N`; in columns of text too, and between quotes.
    missing_words: list[str] | None = None
    #: Whether the first line has the columns' names; else they are called column_1, column_2, ...
    header: bool = True


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one body."""

    #: Its Content-Type as it came; empty if nothing was said.
    content_type: str = ""
    #: Which sheet of a workbook; empty: the first.
    sheet: str = ""
    csv: CsvOptions = CsvOptions()
    #: Columns whose cells may be objects and lists.
    nested: frozenset[str] = frozenset()

    @property
    def media(self) -> Media:
        """The media type that is said; BYTES if that is none that is read."""
        return _NAMES.get(self.content_type.partition(";")[0].strip().lower(), Media.BYTES)

    def parameter(self, name: str) -> str:
        """A parameter of the Content-Type, such as charset; empty if it is not there."""
        for key, quoted, plain in _PARAMETER.findall(self.content_type):
            if key.lower() == name:
                return re.sub(r"\\(.)", r"\1", quoted) or str(plain)
        return ""


def csv_options(given: object) -> CsvOptions:
    """`options.csv` as it came. Raises InvalidField."""
    try:
        found = msgspec.convert(given, CsvOptions)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`").partition("[")[0]
        raise InvalidField(f"options.csv{'.' * bool(field)}{field}: {reason[:1].lower()}{reason[1:]}").at(
            f"/options/csv/{field}".rstrip("/")
        ) from error
    delimiter = found.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or delimiter > "~"):
        raise InvalidField("options.csv.delimiter must be one ASCII character, as ',' or ';' or a tab").at(
            "/options/csv/delimiter"
        )
    if found.decimal not in (None, ".", ","):
        raise InvalidField("options.csv.decimal must be '.' or ','").at("/options/csv/decimal")
    if found.decimal == "," and found.delimiter == ",":
        raise InvalidField("options.csv.decimal and options.csv.delimiter must not both be ','").at(
            "/options/csv/decimal"
        )
    return found
