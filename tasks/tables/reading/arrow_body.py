"""Arrow's IPC formats as tables: a stream, or a file (which Feather is)."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables import arrow_size
from tasks.tables.bounds import Bounds
from tasks.tables.expanded import check_expanded


def read_arrow(data: bytes, bounds: Bounds) -> pa.Table:
    """The table, its columns as they came.

    Raises BodyTooLarge past `bounds`; ValueError or an error of Arrow for what cannot be read, a stream that ends
    without its end marker among it.
    """
    end = arrow_size.check_size(data, bounds)
    file = data.startswith(arrow_size.MAGIC)
    if not file:
        arrow_size.check_end(data[end:])
    table = (pa.ipc.open_file(data) if file else pa.ipc.open_stream(data)).read_all()
    # Offsets in bytes from outside may point anywhere; a reader that trusts them kills the worker.
    table.validate(full=True)
    check_expanded(table, bounds)
    return table
