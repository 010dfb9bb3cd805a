#!/usr/bin/env bash
# pysimdjson 7.0.2: `Array.as_buffer(of_type="d")` hands over a JSON array of arrays as doubles, which is what makes it
# useful for rows of a table. One would guess that it asks for rows of one length, as numpy does, and that what can be a
# double in JSON becomes one. Rows of any lengths and depths are laid end to end, so that different tables become the
# same bytes in silence: who wants a matrix has to look at each row's length, and that no list stands in it. A whole
# number beyond 64 bits fails the whole document when it is parsed, though doubles are asked for and 1.8446744073709552e19
# is read, and with two kinds of error: a ValueError up to twenty digits, a RuntimeError for more and for negative ones.
# A null fails the buffer. msgspec reads all of these numbers as doubles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pysimdjson==7.0.2 msgspec==0.22.0
cd "$folder"

cat >show.py <<'PYTHON'
from importlib.metadata import version
from struct import unpack

import msgspec
import simdjson

print("pysimdjson", version("pysimdjson"))


def doubles(text):
    try:
        found = bytes(simdjson.Parser().parse(text).as_buffer(of_type="d"))
    except (ValueError, RuntimeError, TypeError) as error:
        return type(error).__name__
    return list(unpack(f"{len(found) // 8}d", found))


for text in (
    b"[[1, 2], [3, 4]]",
    b"[[1], [2, 3, 4]]",
    b"[[1, [2, 3]], [[], 4]]",
    b"[[18446744073709551615]]",
    b"[[18446744073709551616]]",
    b"[[1.8446744073709552e19]]",
    b"[[100000000000000000000000]]",
    b"[[-9223372036854775809]]",
    b"[[1, null]]",
):
    print(text.decode(), doubles(text))
whole = b"[[18446744073709551616], [100000000000000000000000], [-9223372036854775809]]"
print("msgspec", msgspec.json.decode(whole, type=list[list[float]]))
PYTHON

expected=$(
    cat <<'SEEN'
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
