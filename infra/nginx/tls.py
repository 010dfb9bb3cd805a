"""TLS: the certificate that NGINX shows, and one of one's own to try with."""

from __future__ import annotations

import argparse
import os
import ssl
import subprocess
from pathlib import Path
from typing import Final

from tasks.config.settings import Settings
from tasks.errors import Conflict, SettingsError, Unavailable

#: What the files are called in the home's `run`, and in the folder of an example.
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
#: How long an example is good.
EXAMPLE_DAYS: Final = 90
#: What an example is good for.
EXAMPLE_NAMES: Final = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"


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

    Raises Conflict if one of the files is there already, Unavailable if openssl is not installed.
    """
    folder: Path = args.folder
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / CERTIFICATE, folder / KEY
    for path in (certificate, key):
        if path.exists():
            raise Conflict(f"{path} exists already: name another folder")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"),
        *("-days", str(EXAMPLE_DAYS), "-subj", "/CN=localhost", "-addext", EXAMPLE_NAMES),
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


def _no_password() -> str:
    # Without this, Python would ask for one at the terminal.
    raise ValueError("the key has a password: give one without")
