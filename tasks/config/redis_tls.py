"""TLS to Redis: whose certificates are believed, and what a client shows. Weaker than that only by a setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tasks.errors import SettingsError

#: What is verified: the certificate and its name; the certificate alone; nothing.
FULL: Final = "full"
CHAIN: Final = "chain"
NONE: Final = "none"
VERIFIES: Final = (FULL, CHAIN, NONE)
#: How redis-py says that a certificate is verified, and how Python's ssl does, which redis-py refuses.
REQUIRED: Final = "required"
SPELLINGS: Final = {REQUIRED: FULL, "CERT_REQUIRED": FULL, "none": NONE, "CERT_NONE": NONE}
#: The parameters of a URL that name files.
FILES: Final = {"ssl_ca_certs": "ca_file", "ssl_certfile": "cert_file", "ssl_keyfile": "key_file"}


@dataclass(frozen=True, kw_only=True)
class RedisTls:
    """How TLS to Redis is spoken."""

    #: File of certificates by which that of Redis is verified; empty: those that this machine trusts.
    ca_file: str = ""
    #: What this client shows, if Redis asks.
    cert_file: str = ""
    key_file: str = ""
    verify: str = FULL

    def options(self) -> dict[str, Any]:
        """The same as redis-py's arguments, which kombu and Celery pass on."""
        files = {name: getattr(self, field) for name, field in FILES.items()}
        return {
            "ssl_cert_reqs": NONE if self.verify == NONE else REQUIRED,
            "ssl_check_hostname": self.verify == FULL,
            **{name: value for name, value in files.items() if value},
        }

    def in_url(self) -> dict[str, str]:
        """The same as parameters of a URL, as redis-py, kombu and Celery all read them. That a name is not looked at
        such a URL cannot say: Celery takes every text for true."""
        return {name: value for name, value in self.options().items() if name != "ssl_check_hostname"}

    def with_parameters(self, given: Mapping[str, str]) -> RedisTls:
        """The same with the files that a URL names."""
        return replace(self, **{FILES[name]: value for name, value in given.items() if name in FILES})

    def check_files(self, named: Mapping[str, str]) -> None:
        """Raise SettingsError if a file is not there; `named` says what each field is called."""
        for field, name in named.items():
            path = getattr(self, field)
            if path and not Path(path).is_file():
                raise SettingsError(f"{name}: there is no file {path}")


def check_parameters(variable: str, given: Mapping[str, str], tls: RedisTls) -> dict[str, str]:
    """What a URL says of TLS. Raises SettingsError for what is not known, or weaker than the settings say."""
    said = {name: value for name, value in given.items() if name.startswith("ssl_")}
    for name, value in said.items():
        if name in FILES:
            continue
        weak = name == "ssl_check_hostname" and value.lower() in ("false", "0", "no")
        if name == "ssl_cert_reqs" and value in (*SPELLINGS, "optional", "CERT_OPTIONAL"):
            weak = SPELLINGS.get(value) != FULL
        elif name != "ssl_check_hostname":
            raise SettingsError(f"{variable} says {name}={value}, which is not known")
        if weak and tls.verify == FULL:
            raise SettingsError(
                f"{variable} says {name}={value}, so that anybody could be Redis: leave it out; if it must be, set"
                f" MLSERVICE_REDIS_TLS_VERIFY to {CHAIN} or {NONE}"
            )
    return said
