"""The blob store, and how long what is stored is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tasks.config.areas.redis import RedisSettings
from tasks.config.setting import setting
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

#: What `blobs_encryption` may be; after KMS and a colon a key may follow.
KMS: Final = "aws:kms"
ENCRYPTIONS: Final = ("", "AES256", KMS)


@dataclass(frozen=True, kw_only=True)
class StorageSettings(RedisSettings):
    """Where data and models are kept, and how long."""

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

    def check(self) -> None:
        """Raise SettingsError for a way of encrypting that is not known, or where the blob store has none."""
        if self.blobs_encryption not in ENCRYPTIONS and not self.blobs_encryption.startswith(f"{KMS}:"):
            raise SettingsError(f"{PREFIX}BLOBS_ENCRYPTION must be AES256, {KMS} or {KMS}:KEY, or empty")
        if self.blobs_encryption and urlsplit(self.blobs_url).scheme not in ("s3", "s3a"):
            raise SettingsError(f"{PREFIX}BLOBS_ENCRYPTION is for buckets of S3, and {PREFIX}BLOBS_URL names none")
