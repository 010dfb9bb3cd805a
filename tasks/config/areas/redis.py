"""Redis: where it is, how it is entered, and what it must have confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.config.redis_address import RedisAddress, SentinelAccess, read_address
from tasks.config.redis_tls import FULL, VERIFIES, RedisTls
from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

#: What `redis_sync` may be, as Valkey's appendfsync.
SYNCS: Final = ("everysec", "always")
#: The variables of the two URLs.
STORE: Final = "REDIS_URL"
BROKER: Final = f"{PREFIX}BROKER_URL"
#: What the names of the others begin with that say how Redis is entered, and of those that name files end with.
ENTRY: Final = (BROKER, f"{PREFIX}REDIS_")
FILE: Final = "_FILE"


def redis_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """What an environment says of how Redis is entered, beside its URL; files by paths that hold in any folder."""
    given = {name: value for name, value in environ.items() if name.startswith(ENTRY)}
    return {n: str(Path(v).absolute()) if n.endswith(FILE) and v else v for n, v in given.items()}


@dataclass(frozen=True, kw_only=True)
class RedisSettings(Area):
    """Where the ledger, the registry, the results and the queues are."""

    redis_url: str = setting(
        "redis://127.0.0.1:6379/0",
        doc="Redis or Valkey: redis://, rediss://, unix://[USER:PASSWORD@]/path?db=0, or its Sentinels:"
        " sentinel://[USER:PASSWORD@]A:26379/0;sentinel://B:26379 (sentinels:// for TLS).",
        secret=True,
        env=STORE,
    )
    broker_url: str = setting(
        "", doc="The same Redis as the queues of Celery reach it, in the same form; empty: as REDIS_URL.", secret=True
    )
    redis_timeout_seconds: float = setting(1.5, doc="Longest wait for Redis to answer a command or to connect.")
    redis_memory_bytes: int = setting(
        0, doc="Most memory of the embedded Valkey (its maxmemory); 0: half of what this machine has.", zero=True
    )
    redis_sync: str = setting(
        "everysec",
        doc="When the embedded Valkey syncs its file: everysec (a power cut loses the last second) or always.",
    )
    redis_replicas: int = setting(
        0,
        doc="How many replicas must have accepted work before it is said to be accepted; 0: none is asked.",
        zero=True,
    )
    redis_replica_seconds: float = setting(1.0, doc="Longest wait for them; then the answer is 503.")
    redis_sentinel_master: str = setting("mymaster", doc="What the Sentinels call the primary.")
    redis_sentinel_user: str = setting("", doc="The user as whom Sentinels are asked; empty: their default.")
    redis_sentinel_password: str = setting("", doc="The password of the Sentinels; empty: they have none.", secret=True)
    redis_tls_ca_file: str = setting(
        "", doc="Certificates by which that of Redis is verified (rediss://, sentinels://); empty: this machine's."
    )
    redis_tls_cert_file: str = setting("", doc="The certificate that is shown to Redis; empty: none.")
    redis_tls_key_file: str = setting("", doc="Its private key.")
    redis_tls_verify: str = setting(
        FULL, doc="What of Redis's certificate is verified: full, chain (not its name) or none (anybody may be Redis)."
    )

    @property
    def store(self) -> RedisAddress:
        """Where the ledger, the registry and the results are. Raises SettingsError."""
        return self._address(STORE, self.redis_url)

    @property
    def broker(self) -> RedisAddress:
        """Where Celery's queues are. Raises SettingsError."""
        return self._address(BROKER, self.broker_url) if self.broker_url else self.store

    @property
    def apart(self) -> bool:
        """Whether the queues are in another Redis than the ledger."""
        return bool(self.broker_url) and self.broker.url != self.store.url

    def check(self) -> None:
        """Raise SettingsError for a URL, a file or a word that is not known."""
        if self.redis_sync not in SYNCS:
            raise SettingsError(f"{PREFIX}REDIS_SYNC must be {' or '.join(SYNCS)}, not {self.redis_sync!r}")
        if self.redis_tls_verify not in VERIFIES:
            raise SettingsError(
                f"{PREFIX}REDIS_TLS_VERIFY must be {', '.join(VERIFIES)}, not {self.redis_tls_verify!r}"
            )
        if bool(self.redis_tls_key_file) > bool(self.redis_tls_cert_file):
            raise SettingsError(f"{PREFIX}REDIS_TLS_KEY_FILE is set without {PREFIX}REDIS_TLS_CERT_FILE: set both")
        if self.redis_replicas and self.redis_replica_seconds >= self.redis_timeout_seconds:
            raise SettingsError(
                f"{PREFIX}REDIS_REPLICA_SECONDS must be less than {PREFIX}REDIS_TIMEOUT_SECONDS: Redis then counts"
                " as silent"
            )
        if self.apart:
            raise SettingsError(
                f"{BROKER} names another Redis than {STORE}: work is accepted by one step in both, so name the same"
            )
        self._tls.check_files(
            {name: f"{PREFIX}REDIS_TLS_{name.upper()}" for name in ("ca_file", "cert_file", "key_file")}
        )
        for address in (self.store, self.broker):
            if address.tls is not None:
                address.tls.check_files(
                    {"ca_file": "ssl_ca_certs", "cert_file": "ssl_certfile", "key_file": "ssl_keyfile"}
                )

    @property
    def _tls(self) -> RedisTls:
        return RedisTls(
            ca_file=self.redis_tls_ca_file,
            cert_file=self.redis_tls_cert_file,
            key_file=self.redis_tls_key_file,
            verify=self.redis_tls_verify,
        )

    def _address(self, variable: str, url: str) -> RedisAddress:
        access = SentinelAccess(
            master=self.redis_sentinel_master, user=self.redis_sentinel_user, password=self.redis_sentinel_password
        )
        return read_address(variable, url, tls=self._tls, access=access)
