"""Tables of any library that speaks the Arrow PyCapsule interface, as bytes and back.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html: whoever has `__arrow_c_stream__` is a
table, so pandas, polars, pyarrow, DuckDB and others are taken, and none of them has to be installed.
"""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol, TypeGuard, runtime_checkable

from tasks.errors import InvalidField

#: The libraries that write and read Arrow's IPC stream here; the first that is installed is used.
WRITERS: Final = ("pyarrow", "polars")
#: In what a table may be given back.
LIBRARIES: Final = ("pyarrow", "polars", "pandas")


@runtime_checkable
class ArrowTable(Protocol):
    """A table of any library that hands out its columns as a stream of Arrow's C interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A PyCapsule with an ArrowArrayStream."""


def is_table(value: object) -> TypeGuard[ArrowTable]:
    """Whether it is a table that `write` takes."""
    return hasattr(value, "__arrow_c_stream__")


def write(table: ArrowTable) -> bytes:
    """The table as an Arrow IPC stream. Raises InvalidField if nothing is installed that writes one."""
    # A frame of polars may hold what pyarrow cannot read; it writes itself.
    own = _native(table)
    if own is not None:
        return own
    for library in WRITERS:
        if find_spec(library) is not None:
            return _WRITE[library](table)
    raise InvalidField(
        f"a table of {type(table).__module__.partition('.')[0]} is sent as Arrow, which takes pyarrow or polars: pip"
        " install pyarrow, or give the rows as a list"
    )


def read(data: bytes, *, library: str = "") -> Any:
    """The table in an Arrow IPC stream, as one of `library`: pyarrow, polars or pandas; the first of these that is
    installed if nothing is said. Raises InvalidField."""
    if library and library not in LIBRARIES:
        raise InvalidField(f"library must be one of {', '.join(LIBRARIES)}, not {library!r}")
    for name in (library,) if library else WRITERS:
        if find_spec(name) is not None:
            return _READ[name](data)
    raise InvalidField(f"{library or 'pyarrow or polars'} is not installed: pip install {library or 'pyarrow'}")


def _native(table: Any) -> bytes | None:
    if not hasattr(table, "write_ipc_stream"):
        return None
    sink = io.BytesIO()
    table.write_ipc_stream(sink)
    return sink.getvalue()


def _by_pyarrow(table: ArrowTable) -> bytes:
    pyarrow = import_module("pyarrow")
    sink = io.BytesIO()
    with pyarrow.RecordBatchReader.from_stream(table) as batches, pyarrow.ipc.new_stream(sink, batches.schema) as out:
        for batch in batches:
            out.write_batch(batch)
    return sink.getvalue()


def _by_polars(table: ArrowTable) -> bytes:
    written = _native(import_module("polars").DataFrame(table))
    assert written is not None, "every frame of polars writes itself"
    return written


def _to_pyarrow(data: bytes) -> Any:
    return import_module("pyarrow").ipc.open_stream(data).read_all()


def _to_polars(data: bytes) -> Any:
    return import_module("polars").read_ipc_stream(data)


def _to_pandas(data: bytes) -> Any:
    # By whichever of the two there is; both give frames of pandas.
    return read(data).to_pandas()


_WRITE: Final = {"pyarrow": _by_pyarrow, "polars": _by_polars}
_READ: Final = {"pyarrow": _to_pyarrow, "polars": _to_polars, "pandas": _to_pandas}
