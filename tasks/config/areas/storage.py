"""Redis and the blob store, and how long what lies there is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

#: What `redis_sync` may be, as Valkey's appendfsync.
SYNCS: Final = ("everysec", "always")
#: What `blobs_encryption` may be; after KMS and a colon a key may follow.
KMS: Final = "aws:kms"
ENCRYPTIONS: Final = ("", "AES256", KMS)


@dataclass(frozen=True, kw_only=True)
class StorageSettings(Area):
    """Where work, results and models are kept."""

    redis_url: str = setting(
        "redis://127.0.0.1:6379/0",
        doc="Redis or Valkey: redis://, rediss:// or unix://[USER:PASSWORD@]/path?db=0.",
        secret=True,
        env="REDIS_URL",
    )
    redis_timeout_seconds: float = setting(1.5, doc="Longest wait for Redis to answer a command or to connect.")
    redis_memory_bytes: int = setting(
        0, doc="Most memory of the embedded Valkey (its maxmemory); 0: half of what this machine has.", zero=True
    )
    redis_sync: str = setting(
        "everysec",
        doc="When the embedded Valkey syncs its file: everysec (a power cut loses the last second) or always.",
    )
    blobs_url: str = setting(
        "redis", doc="Where bytes by content hash live: `redis`, or an fsspec URL (file:///…, s3://…)."
    )
    blobs_encryption: str = setting(
        "",
        doc="How a bucket of S3 encrypts what is written there: AES256, aws:kms, or aws:kms:KEY; empty: as the bucket"
        " is set up.",
    )
    inline_bytes: int = setting(
        256 * 1024, doc="Bodies and results over this size lie in the blob store, not in Redis records."
    )
    result_life_seconds: int = setting(24 * 3600, doc="How long finished work and its result are kept.")
    dead_life_seconds: int = setting(7 * 24 * 3600, doc="How long work that was given up is kept for a replay.")
    versions_kept: int = setting(
        0, doc="How many versions of a model are kept beside the current one; 0: all.", zero=True
    )
    version_life_seconds: int = setting(
        0, doc="How long versions that are not current are kept; 0: for ever.", zero=True
    )

    @property
    def broker_url(self) -> str:
        """The same Redis in the form that kombu and Celery read."""
        parts = urlsplit(self.redis_url)
        if parts.scheme != "unix":
            return self.redis_url
        login, _, _ = parts.netloc.rpartition("@")
        db = "0"
        for pair in parts.query.split("&"):
            if pair.startswith("db="):
                db = pair[3:]
        return f"redis+socket://{login + '@' if login else ''}{parts.path}?virtual_host={db}"

    def check(self) -> None:
        """Raise SettingsError for a URL or a way of syncing that is not known."""
        if self.redis_sync not in SYNCS:
            raise SettingsError(f"{PREFIX}REDIS_SYNC must be {' or '.join(SYNCS)}, not {self.redis_sync!r}")
        if self.blobs_encryption not in ENCRYPTIONS and not self.blobs_encryption.startswith(f"{KMS}:"):
            raise SettingsError(f"{PREFIX}BLOBS_ENCRYPTION must be AES256, {KMS} or {KMS}:KEY, or empty")
        if self.blobs_encryption and urlsplit(self.blobs_url).scheme not in ("s3", "s3a"):
            raise SettingsError(f"{PREFIX}BLOBS_ENCRYPTION is for buckets of S3, and {PREFIX}BLOBS_URL names none")
        if urlsplit(self.redis_url).scheme not in ("redis", "rediss", "unix"):
            raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://")
