"""Files, and folders of files, anywhere that fsspec reads."""

from __future__ import annotations

from typing import Any

from tasks.config.sources_file import DataSource
from tasks.errors import InvalidField, InvalidRequest, InvalidTable, SettingsError, Unavailable
from tasks.sources.asked import Asked
from tasks.sources.folder import Part, parts_of
from tasks.sources.joining import Piece, joined, texts_apart
from tasks.storage.fsspec_urls import locate
from tasks.tables.bounds import Bounds
from tasks.tables.columns import Column, Schema
from tasks.tables.finding_codes import finding
from tasks.tables.reading.bodies import read
from tasks.tables.reading.hints import CsvOptions, Hints
from tasks.tables.reading.result import Reading


def read_files(asked: Asked, source: DataSource, bounds: Bounds, *, csv: CsvOptions) -> Reading:
    """The table in a file, or in all files of a folder.

    Hidden files and those that are not whole yet are left out. Raises InvalidField for a folder without files,
    InvalidTable, MalformedBody with the file's name, BodyTooLarge, Unavailable, and what the place raises.
    """
    fs, root, is_folder = _located(asked, source)
    if not is_folder:
        return _read(fs, root, fs.info(root)["size"], bounds, Hints(csv=csv))
    return _folder(asked, fs, root, bounds, csv)


def _located(asked: Asked, source: DataSource) -> tuple[Any, str, bool]:
    """(the file system, the path in it, whether that is a folder)."""
    try:
        fs, root = locate(source.url, source.options)
        # What others have written since this process looked last is in no listing that it remembers.
        fs.invalidate_cache()
        # Options that are none are told with the first question to a place, if not before.
        return fs, root, fs.isdir(root)
    except ImportError as error:
        # Its words name the package that fsspec wants for such a URL.
        raise SettingsError(f"the source {asked.source!r} needs a package that is not installed: {error}") from None
    except (ValueError, TypeError):
        raise SettingsError(
            f"the url or the options of the source {asked.source!r} are none that fsspec knows"
        ) from None


def _folder(asked: Asked, fs: Any, root: str, bounds: Bounds, csv: CsvOptions) -> Reading:
    parts, others = parts_of(fs.find(root, detail=True), root)
    if not parts:
        raise InvalidField(
            f"the source {asked.source!r} has no file that is read: it wants .parquet or .csv, which may be packed"
        ).at("/source")
    hints = Hints(csv=csv)
    pieces: list[Piece] = []
    rows = taken = 0
    for part in parts:
        pieces.append(Piece(part, _part(fs, part, bounds, hints)))
        table = pieces[-1].reading.table
        rows, taken = rows + table.num_rows, taken + table.nbytes
        bounds.check(rows=rows, columns=table.num_columns, taken=taken)
    if texts := texts_apart(pieces):
        schema = Schema([Column(name, "text") for name in sorted(texts)], target="", problem="regression")
        pieces = [
            Piece(piece.part, _part(fs, piece.part, bounds, hints, schema)) if piece.reading.format == "csv" else piece
            for piece in pieces
        ]
    whole = joined(pieces)
    if others:
        whole.findings.append(
            finding(
                "other_files", f"{len(others)} files of the source are neither Parquet nor CSV, such as {others[0]}"
            )
        )
    return whole


def _part(fs: Any, part: Part, bounds: Bounds, hints: Hints, schema: Schema | None = None) -> Reading:
    try:
        return _read(fs, part.path, part.size, bounds, hints, schema)
    except InvalidTable as error:
        raise InvalidTable(f"{part.name}: {error}") from None
    except InvalidRequest as error:
        raise type(error)(f"{part.name}: {error}").at(error.pointer or "/source") from None


def _read(fs: Any, path: str, size: int | None, bounds: Bounds, hints: Hints, schema: Schema | None = None) -> Reading:
    most = bounds.bytes if size is None else size
    bounds.check_bytes(most)
    with fs.open(path, "rb") as file:
        body = file.read(most + 1)
    bounds.check_bytes(len(body))
    if size is not None and len(body) != size:
        raise Unavailable("a file of the source changed while it was read; try again in a moment")
    return read(body, hints, schema, bounds=bounds)
