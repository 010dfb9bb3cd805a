"""ORC as a table. Its reader believes the file, so that it runs apart."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.bounds import Bounds
from tasks.tables.expanded import check_expanded
from tasks.tables.findings import Finding


def read_orc(data: bytes, bounds: Bounds, _sheet: str = "") -> tuple[pa.Table, list[Finding], int]:
    """(the table, nothing found, no lines). Raises BodyTooLarge past `bounds`, and errors of Arrow."""
    from pyarrow import orc

    file = orc.ORCFile(pa.BufferReader(data))
    bounds.check(rows=file.nrows, columns=len(file.schema))
    table = file.read()
    table.validate(full=True)
    check_expanded(table, bounds)
    bounds.check_bytes(table.nbytes)
    return table, [], 0
