"""`mlservice check`: whether an estimator keeps the contract, without a service."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec

from tasks.conformance.request import MOST_ROWS, MOST_SECONDS, Request
from tasks.conformance.running import run as checked
from tasks.conformance.showing import report
from tasks.errors import InvalidField
from tasks.estimators.offered import offered

#: Fewer rows cannot be split and learned from.
LEAST_ROWS = 20


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if that is a fault, 0 if it is none. Raises InvalidField for arguments that cannot be."""
    found = checked(_request(args), os.environ)
    print(msgspec.json.encode(found).decode() if args.json else report(found))
    return int(bool(found.faults))


def _request(args: argparse.Namespace) -> Request:
    path = offered().get(args.path, args.path)
    module, colon, name = path.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        known = ", ".join(sorted(offered()))
        raise InvalidField(f"{path!r} names no class: write package.module:Class, or one of {known}")
    if bool(args.data) != bool(args.target):
        raise InvalidField("--data and --target belong together; an estimator that needs no rows goes without both")
    if args.data and not args.data.is_file():
        raise InvalidField(f"--data: there is no file {args.data}")
    rows, seconds = args.rows or MOST_ROWS, args.seconds or MOST_SECONDS
    if rows < LEAST_ROWS or seconds <= 0:
        raise InvalidField(f"--rows must be at least {LEAST_ROWS}, and --seconds more than 0")
    return Request(
        path=path,
        data=str(args.data.resolve()) if args.data else "",
        target=args.target or "",
        params=_object("--params", args.params),
        options=_object("--options", args.options),
        rows=rows,
        seconds=seconds,
        beside=str(Path.cwd()),
    )


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidField(f"{name} is no JSON object: {error}") from None
