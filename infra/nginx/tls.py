"""TLS: the certificate that NGINX shows, and one of one's own to try with."""

from __future__ import annotations

import argparse
import os
import re
import ssl
import subprocess
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from tasks.config.settings import Settings
from tasks.errors import Conflict, SettingsError, Unavailable

#: What the files are called in the home's `run`, and in the folder of an example.
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
#: How long an example is good.
EXAMPLE_DAYS: Final = 90
#: What an example is good for in any case.
EXAMPLE_NAMES: Final = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")
#: What else it may be good for: the name of a host, or of all in a domain.
HOST_NAME: Final = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


def check_pair(settings: Settings) -> bool:
    """Whether there is a certificate to show. Raises SettingsError if it, or its key, cannot be used."""
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if not (certificate or key):
        return False
    if not (certificate and key):
        raise SettingsError("--tls-cert and --tls-key go together: give both, or none")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, ssl.SSLError) and error.reason) or error
        raise SettingsError(f"--tls-cert {certificate} and --tls-key {key} cannot be used: {reason}") from error
    return True


def link_pair(settings: Settings, folder: Path) -> None:
    """Let NGINX find both by plain names in this folder, because no quoting protects every path in its configuration.

    They are links, so that a renewed certificate is shown as soon as NGINX reads its configuration again.
    """
    for name, target in ((CERTIFICATE, settings.tls_cert_file), (KEY, settings.tls_key_file)):
        link = folder / name
        link.unlink(missing_ok=True)
        if target:
            link.symlink_to(Path(target).resolve())


def example(args: argparse.Namespace) -> int:
    """Write a certificate for this machine that it signed itself, and its key (0600), into a folder.

    Raises Conflict if one of the files is there already, SettingsError for a host that is neither name nor address,
    Unavailable if openssl is not installed.
    """
    folder: Path = args.folder
    names = ",".join(dict.fromkeys((*EXAMPLE_NAMES, *map(_alternative, args.hosts or ()))))
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / CERTIFICATE, folder / KEY
    for path in (certificate, key):
        if path.exists():
            raise Conflict(f"{path} exists already: name another folder")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"),
        *("-days", str(EXAMPLE_DAYS), "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"),
        *("-keyout", str(key), "-out", str(certificate)),
    ]
    before = os.umask(0o077)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable("openssl is not installed: install it, or bring a certificate of your own") from None
    finally:
        os.umask(before)
    if done.returncode:
        raise Unavailable(f"openssl made no certificate: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
    print(f"mlservice up --tls-cert {certificate} --tls-key {key}")
    return 0


def _alternative(host: str) -> str:
    """A host as a certificate names it. Raises SettingsError."""
    with suppress(ValueError):
        return f"IP:{ip_address(host)}"
    if HOST_NAME.fullmatch(host) is None:
        raise SettingsError(f"--host must be the name of a host or an address, not {host[:80]!r}")
    return f"DNS:{host}"


def _no_password() -> str:
    # Without this, Python would ask for one at the terminal.
    raise ValueError("the key has a password: give one without")
