"""Whether a CSV quotes its texts, so that a word without quotation marks is none (R's write.csv does)."""

from __future__ import annotations

import re
from typing import Final

#: What is looked at: the first bytes.
SAMPLE_BYTES: Final = 1024 * 1024
#: What R writes for a missing value.
MISSING: Final = "NA"
#: Words without quotation marks that are no texts.
_NO_TEXTS: Final = frozenset({b"NA", b"NaN", b"Inf", b"TRUE", b"FALSE", b"true", b"false", b"True", b"False"})
_QUOTED: Final = re.compile(rb'"(?:[^"]|"")*"')
_LETTER: Final = re.compile(rb"[^\W\d_]")


def unquoted_is_missing(data: bytes, delimiter: str) -> bool:
    """Whether NA without quotation marks is a missing value here, also among texts: it stands in the first bytes, at
    least one text below the header is quoted, and no other text there is not."""
    sample = data[: data.rfind(b"\n", 0, SAMPLE_BYTES) + 1] or data[:SAMPLE_BYTES]
    rows = sample.partition(b"\n")[2]
    if MISSING.encode() not in rows or not any(_LETTER.search(quoted) for quoted in _QUOTED.findall(rows)):
        return False
    mark = re.escape(delimiter.encode())
    bare = re.findall(rb"(?:^|" + mark + rb"|\n) *([A-Za-z][^" + mark + rb"\r\n]*)", _QUOTED.sub(b'""', rows))
    words = {word.rstrip() for word in bare}
    return MISSING.encode() in words and words <= _NO_TEXTS
