"""The process that reads what `apart.py` hands it: a line that says what, then the body, from its standard input."""

from __future__ import annotations

import os
import resource
import sys

import msgspec

from tasks.tables.reading.apart import OUT_OF_MEMORY, Asked, Told


def main() -> None:
    """Read one body and write its table."""
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    asked = msgspec.json.decode(head, type=Asked)
    if asked.memory:
        resource.setrlimit(resource.RLIMIT_DATA, (asked.memory, asked.memory))
    try:
        told, table = _read(asked, data)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.write(table)
    sys.stdout.buffer.flush()


def _read(asked: Asked, data: bytes) -> tuple[Told, bytes]:
    import pyarrow as pa

    from tasks.errors import BodyTooLarge, InvalidField
    from tasks.tables.bounds import Bounds
    from tasks.tables.reading import orc_body, workbook

    bounds = Bounds(rows=asked.rows, columns=asked.columns, bytes=asked.bytes)
    reader = orc_body.read_orc if asked.format == "orc" else workbook.read_sheet
    try:
        table, findings, first = reader(data, bounds, asked.sheet)
    except BodyTooLarge as error:
        return Told(str(error), "large"), b""
    except InvalidField as error:
        return Told(str(error), "sheet"), b""
    except MemoryError:
        raise
    # A panic in Rust is no Exception.
    except BaseException as error:
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        return Told(f"the body cannot be read: {reason}; send the whole of it", "malformed"), b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Told(findings=findings, first_line=first), sink.getvalue().to_pybytes()


if __name__ == "__main__":
    main()
