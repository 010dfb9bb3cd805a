"""`mlservice init`, `train` and `estimate`: work for the service of the home, or of --server."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import Any, Final

from infra.commands.aligned import aligned
from infra.commands.asking import client_of
from tasks.calling.handle import Handle
from tasks.contract import Media
from tasks.errors import InvalidField
from tasks.formatting import plain

#: How long a result is waited for (seconds): as long as anybody looks.
FOREVER: Final = 1e9
#: What a file holds, by the end of its name; any other is looked at by a worker.
MEDIA: Final = {
    ".csv": Media.CSV,
    ".json": Media.JSON,
    ".jsonl": Media.NDJSON,
    ".ndjson": Media.NDJSON,
    ".parquet": Media.PARQUET,
    ".arrow": Media.ARROW,
    ".feather": Media.ARROW,
    ".orc": Media.ORC,
    ".xlsx": Media.XLSX,
}
#: In what a result is written, by the end of the file's name.
RESULTS: Final = {".csv": Media.CSV, ".json": Media.JSON, ".arrow": Media.ARROW}


def init(args: argparse.Namespace) -> int:
    """Submit a table, and print what was made of it. Raises the task's error."""
    given: dict[str, Any] = {"source": args.source, "table": args.table, "query": args.query}
    if args.file is not None:
        given |= {"data": _read(args.file), "media": _media(args.file)}
    with client_of(args) as client:
        handle = client.init(
            args.model,
            target=args.target,
            **given,
            estimator=args.estimator,
            options=_object("--options", args.options),
            sheet=args.sheet,
            replace=args.replace,
            append=args.append,
            dry_run=args.dry_run,
            lane=args.lane,
            deadline_seconds=args.deadline,
        )
        if (result := _result(handle, args)) is not None:
            facts = {
                name: value for name, value in result.items() if isinstance(value, str | int | float) and value != ""
            }
            print(*aligned([*facts], [[*facts.values()]]), sep="\n")
    return 0


def train(args: argparse.Namespace) -> int:
    """Train, show how it goes on, and print what came of it. Raises the task's error."""
    with client_of(args) as client:
        handle = client.train(
            args.model,
            params=_object("--params", args.params),
            promote=args.promote,
            search=None if args.search is None else {"seconds": args.search},
            from_version=args.from_version,
            lane=args.lane,
            deadline_seconds=args.deadline,
        )
        if not (args.no_wait or args.json):
            handle.watch().show(sys.stdout)
            handle.result(timeout=FOREVER)
        else:
            _result(handle, args)
    return 0


def estimate(args: argparse.Namespace) -> int:
    """Predict, and print or write the result; notes on the rows come on standard error. Raises the task's error."""
    accept = Media.JSON if args.json else _written(args.out) if args.out else Media.CSV
    with client_of(args) as client:
        handle = client.estimate(
            args.model,
            data=_read(args.file),
            media=_media(args.file),
            accept=accept,
            version=args.version,
            explain=args.explain,
            interval=args.interval,
            keep=[name for name in args.keep.split(",") if name],
            unknown=args.unknown,
            missing=args.missing,
            sheet=args.sheet,
            lane=args.lane,
            deadline_seconds=args.deadline,
        )
        result = _result(handle, args)
        if result is None:
            return 0
        for note in handle.notes(timeout=FOREVER):
            print(f"mlservice: {_said(note)}", file=sys.stderr)
    if args.out:
        data = result if isinstance(result, bytes) else json.dumps(result, ensure_ascii=False).encode()
        Path(args.out).write_bytes(data)
    else:
        header, *rows = csv.reader(io.StringIO(result.decode()))
        print(*aligned(header, rows), sep="\n")
    return 0


def _result(handle: Handle, args: argparse.Namespace) -> Any:
    """The result, unless that is not waited for or was printed as JSON."""
    if args.no_wait:
        print(handle.id)
        return None
    result = handle.result(timeout=FOREVER)
    if args.json:
        print(json.dumps(result, ensure_ascii=False))
        return None
    return result


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _media(file: str) -> Media:
    return MEDIA.get(Path(file).suffix.lower(), Media.BYTES)


def _written(file: str) -> Media:
    suffix = Path(file).suffix.lower()
    if suffix not in RESULTS:
        raise InvalidField(f"--out must end in {', '.join(RESULTS)}, not {suffix or 'nothing'}")
    return RESULTS[suffix]


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidField(f"{option} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidField(f"{option} must be a JSON object, as '{{\"name\": 1}}'")
    return found


def _said(note: dict[str, Any]) -> str:
    return ", ".join(f"{name} {plain(value) if isinstance(value, float) else value}" for name, value in note.items())
