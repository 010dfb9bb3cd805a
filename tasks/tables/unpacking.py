"""Bodies that were compressed on their way (RFC 9110, Content-Encoding)."""

from __future__ import annotations

import io
from typing import Final

import pyarrow as pa

from tasks.contract import Coding
from tasks.errors import MalformedBody, UnsupportedCoding
from tasks.tables.bounds import Bounds

#: Unpacked at a time (bytes).
PART_BYTES: Final = 1024 * 1024


def unpacked(body: bytes, coding: Coding | None, bounds: Bounds) -> bytes:
    """The body as it was before it was compressed; as it is without a coding.

    Raises BodyTooLarge as soon as it is larger than `bounds` allow, MalformedBody for one that is not in this coding or
    is cut off, UnsupportedCoding for a coding that cannot be read here.
    """
    if coding is None:
        return body
    if not pa.Codec.is_available(coding.value):
        raise UnsupportedCoding(f"a body in the coding {coding.value} is not read by this worker; send it as it is")
    whole = io.BytesIO()
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), coding.value) as stream:
            while part := stream.read(PART_BYTES):
                whole.write(part)
                bounds.check_bytes(whole.tell())
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise MalformedBody(
            f"the body is not valid {coding.value}: {reason}; send the whole of it, or no Content-Encoding if it is not"
            " compressed"
        ) from error
    return whole.getvalue()
