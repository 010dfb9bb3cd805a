"""Parquet as a table."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables import parquet_size
from tasks.tables.bounds import Bounds
from tasks.tables.expanded import check_expanded


def read_parquet(data: bytes, bounds: Bounds) -> pa.Table:
    """The table, its columns as they came. Raises BodyTooLarge past `bounds`; ValueError or an error of Arrow for what
    cannot be read."""
    from pyarrow import parquet

    metadata = parquet_size.check_size(data, bounds)
    file = parquet.ParquetFile(pa.BufferReader(data), metadata=metadata)
    schema = file.schema_arrow
    # Few texts may be meant by very many rows; how long they are together is known when it is known which they are.
    if names := parquet_size.texts_written_once(metadata):
        file = parquet.ParquetFile(pa.BufferReader(data), metadata=metadata, read_dictionary=names)
    groups = []
    for index in range(metadata.num_row_groups):
        groups.append(file.read_row_group(index))
        groups[-1].validate(full=True)
        check_expanded(groups[-1], bounds)
    table = pa.concat_tables(groups) if groups else file.read()
    check_expanded(table, bounds)
    columns = [_undone(column, field.type) for column, field in zip(table.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, names=schema.names).replace_schema_metadata(schema.metadata)


def _undone(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column without a dictionary that it had for its reading alone."""
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        return column.cast(column.type.value_type)
    return column
