"""Bytes that mean the same in texts of every format."""

from __future__ import annotations

from typing import Final

#: What some writers put before a text in UTF-8.
BOM: Final = b"\xef\xbb\xbf"
#: What a text in UTF-16 begins with, by the order of its bytes.
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
QUOTE: Final = ord('"')
BACKSLASH: Final = ord("\\")
