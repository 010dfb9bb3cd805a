#!/usr/bin/env bash
# redis-py 8.1.0: one would guess that a client imports OpenTelemetry when its metrics are turned on, which they are
# not by default. `import redis` imports OpenTelemetry's API and SDK whenever they are installed, by whomever: some 60
# modules, 0.08 s and 3 MB for each process (measured once). None in `sys.modules` keeps them out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check redis==8.1.0 opentelemetry-sdk==1.45.2
cd "$folder"

cat >show.py <<'PYTHON'
import subprocess
import sys

LOOK = """
import sys
{before}
import redis
loaded = [name for name in sys.modules if name.startswith("opentelemetry.") and sys.modules[name] is not None]
print("the SDK is loaded" if "opentelemetry.sdk.metrics" in loaded else "nothing is loaded" if not loaded else loaded)
"""


def look(before: str) -> str:
    command = [sys.executable, "-c", LOOK.format(before=before)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


import redis

print("redis", redis.__version__)
print("import redis:", look(""))
print("with opentelemetry hidden:", look("sys.modules['opentelemetry'] = None"))
PYTHON

expected=$(
    cat <<'SEEN'
redis 8.1.0
import redis: the SDK is loaded
with opentelemetry hidden: nothing is loaded
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
