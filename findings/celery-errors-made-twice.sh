#!/usr/bin/env bash
# Celery 5.7.0, results as JSON: one would guess that the caller gets the error as it was raised. It is made anew from
# its `args`, by calling its class. A class whose __init__ composes the message composes it twice; one with keyword
# arguments cannot be called and arrives as a plain Exception, which no `except` of the caller's catches.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check celery==5.7.0
cd "$folder"

cat >show.py <<'PYTHON'
import json

import celery


class Unknown(Exception):
    def __init__(self, name):
        super().__init__(f"there is no model {name}")


class Named(Exception):
    def __init__(self, *, name):
        super().__init__(f"there is no model {name}")


class Plain(Exception):
    pass


print("celery", celery.__version__)
app = celery.Celery(backend="cache+memory://")
for error in (Plain("there is no model m"), Unknown("m"), Named(name="m")):
    stored = json.dumps(app.backend.prepare_exception(error, "json"))
    got = app.backend.exception_to_python(json.loads(stored))
    kept = "kept" if type(got) is type(error) else "lost"
    print(f"{type(error).__name__}: {error} -> type {kept}: {got}")
PYTHON

expected=$(
    cat <<'SEEN'
celery 5.7.0
Plain: there is no model m -> type kept: there is no model m
Unknown: there is no model m -> type kept: there is no model there is no model m
Named: there is no model m -> type lost: <class '__main__.Named'>(['there is no model m'])
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
