#!/usr/bin/env bash
# gunicorn 27.0.1: one would guess that two services of one user do not know of each other. Since 25.1 each opens a
# socket for `gunicornc`, unless told not to, and all of one user at the same place (the folder of the home, or
# XDG_RUNTIME_DIR). The second takes it from the first without a word, so that commands meant for one reach the other;
# when the second ends, the file is gone and the first cannot be reached either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check gunicorn==27.0.1
cd "$folder"

cat >app.py <<'PYTHON'
def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
PYTHON

cat >show.py <<'PYTHON'
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

BIN = Path(sys.executable).parent
HOME = Path("home").resolve()
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": str(HOME)}
SOCKET = HOME / ".gunicorn" / "gunicorn.ctl"
HOME.mkdir()


def serve(name, *options):
    log = Path(f"{name}.log")
    command = [str(BIN / "gunicorn"), "--bind", f"unix:{name}.sock", *options, "app:app"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=log.open("w"))
    deadline = time.monotonic() + 20
    while ("Control socket listening" if not options else "Booting worker") not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            sys.exit(f"gunicorn did not start: {log.read_text()}")
        time.sleep(0.05)
    return process


def answers():
    command = [str(BIN / "gunicornc"), "--command", "show listeners"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=20)
    return next((name for name in ("first", "second") if f"unix:{name}.sock" in done.stdout), "nobody")


print("gunicorn", version("gunicorn"))
running = []
try:
    running.append(serve("quiet", "--no-control-socket"))
    print(f"one told to have none: a socket is there: {SOCKET.exists()}")
    running.append(serve("first"))
    print(f"one, told nothing: a socket is there: {SOCKET.exists()}; who answers gunicornc: {answers()}")
    running.append(serve("second"))
    print(f"two: who answers gunicornc: {answers()}")
    running[-1].terminate()
    running[-1].wait(20)
    print(f"the second has ended, the first serves: {running[-2].poll() is None}; who answers: {answers()}")
finally:
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
PYTHON

expected=$(
    cat <<'SEEN'
gunicorn 27.0.1
one told to have none: a socket is there: False
one, told nothing: a socket is there: True; who answers gunicornc: first
two: who answers gunicornc: second
the second has ended, the first serves: True; who answers: nobody
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
