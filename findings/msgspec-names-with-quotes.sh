#!/usr/bin/env bash
# msgspec 0.22.0: a struct's fields may be renamed to what they are called in JSON. One would guess that every text
# which JSON allows as a key will do, escaped where need be. A name with a quotation mark, a backslash or a control
# character is refused when the struct is made; a plain dict of the same library reads and writes it. Columns of
# tables, such as `height "` and `a\b`, do have such names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check msgspec==0.22.0
cd "$folder"

cat >show.py <<'PYTHON'
from importlib.metadata import version

import msgspec

print("msgspec", version("msgspec"))
for name in ("height (in)", "größe", 'height "', "a\\b", "a\tb"):
    text = msgspec.json.encode({name: 1})
    assert msgspec.json.decode(text, type=dict[str, int]) == {name: 1}
    try:
        struct = msgspec.defstruct("Row", [("field", int)], rename={"field": name})
    except ValueError:
        print(f"{name!r}: a dict has it, a struct raises ValueError")
    else:
        assert msgspec.json.decode(text, type=struct).field == 1
        print(f"{name!r}: a dict and a struct have it")
PYTHON

expected=$(
    cat <<'SEEN'
msgspec 0.22.0
'height (in)': a dict and a struct have it
'größe': a dict and a struct have it
'height "': a dict has it, a struct raises ValueError
'a\\b': a dict has it, a struct raises ValueError
'a\tb': a dict has it, a struct raises ValueError
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
