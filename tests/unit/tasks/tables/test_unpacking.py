"""Compressed bodies are unpacked as far as the bounds allow."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest

from tasks.contract import Coding
from tasks.errors import BodyTooLarge, MalformedBody
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.unpacking import PART_BYTES, unpacked

TEXT = b"a,b\n" + b"1,2\n" * 1000
PACK: dict[Coding, Callable[[bytes], bytes]] = {
    Coding.GZIP: gzip.compress,
    Coding.ZSTD: lambda body: bytes(pa.compress(body, codec="zstd", asbytes=True)),
    Coding.DEFLATE: zlib.compress,
}
PACKED = {coding: pack(TEXT) for coding, pack in PACK.items()}


@pytest.mark.parametrize("coding", Coding)
def test_a_body_is_as_before(coding: Coding) -> None:
    assert unpacked(TEXT, None, Bounds(bytes=1)) == TEXT
    assert unpacked(PACKED[coding], coding, Bounds(bytes=len(TEXT))) == TEXT
    if coding is not Coding.DEFLATE:  # What zlib writes has one end.
        assert unpacked(PACKED[coding] * 2, coding, UNBOUNDED) == TEXT * 2


@pytest.mark.parametrize("coding", Coding)
def test_it_ends_at_the_bound(coding: Coding) -> None:
    with pytest.raises(BodyTooLarge, match=f"takes {len(TEXT):,} bytes .*MLSERVICE_MAX_DECODED_BYTES"):
        unpacked(PACKED[coding], coding, Bounds(bytes=len(TEXT) - 1))
    large = bytes(5 * PART_BYTES)
    packed = PACK[coding](large)
    assert len(packed) < 10_000
    # No more than a part was unpacked.
    with pytest.raises(BodyTooLarge, match=f"takes {PART_BYTES:,} bytes"):
        unpacked(packed, coding, Bounds(bytes=1000))


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("change", [lambda body: body[:-5], lambda _: TEXT, lambda body: body + b"rest"])
def test_what_is_no_whole_body_in_its_coding(coding: Coding, change: object) -> None:
    with pytest.raises(MalformedBody, match=f"not valid {coding.value}.*Content-Encoding"):
        unpacked(change(PACKED[coding]), coding, UNBOUNDED)  # type: ignore[operator]
