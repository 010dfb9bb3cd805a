"""Bodies that were compressed on their way (RFC 9110, Content-Encoding)."""

from __future__ import annotations

import io
import zlib
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
    if coding is Coding.DEFLATE:
        return _inflated(body, bounds)
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
        raise _invalid(coding, str(error).partition("\n")[0].rstrip(".")) from error
    return whole.getvalue()


def _inflated(body: bytes, bounds: Bounds) -> bytes:
    """Of what zlib writes, which Arrow does not read."""
    whole = io.BytesIO()
    stream = zlib.decompressobj()
    try:
        part = stream.decompress(body, PART_BYTES)
        while part:
            whole.write(part)
            bounds.check_bytes(whole.tell())
            part = stream.decompress(stream.unconsumed_tail, PART_BYTES)
    except zlib.error as error:
        raise _invalid(Coding.DEFLATE, str(error)) from error
    if not stream.eof or stream.unused_data:
        raise _invalid(Coding.DEFLATE, "it is cut off" if not stream.eof else "something is behind its end")
    return whole.getvalue()


def _invalid(coding: Coding, reason: str) -> MalformedBody:
    return MalformedBody(
        f"the body is not valid {coding.value}: {reason}; send the whole of it, or no Content-Encoding if it is not"
        " compressed"
    )
