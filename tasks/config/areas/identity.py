"""Tokens, the outside issuer, and what accounts may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX, check_outside_url
from tasks.errors import SettingsError

#: Characters that a key for HS256 has at least.
SHORTEST_KEY: Final = 32


@dataclass(frozen=True, kw_only=True)
class IdentitySettings(Area):
    """Who may call, and how much."""

    token_key: str = setting("", doc="The key that signs tokens (HS256), at least 32 characters.", secret=True)
    token_key_file: str = setting("", doc="A file that holds the key that signs tokens (HS256).")
    token_keys_file: str = setting(
        "", doc="A file of keys that sign tokens (EdDSA), made and rotated by `mlservice keys`. It comes before a key."
    )
    token_life_seconds: int = setting(3600, doc="Life of a token.")
    oidc_issuer: str = setting("", doc="The OpenID Connect issuer whose tokens are accepted as well: its URL.")
    oidc_audience: str = setting("", doc="The audience that tokens of that issuer must have.")
    oidc_jwks_url: str = setting("", doc="Where that issuer's keys are; empty: its discovery document says.")
    oidc_name_claim: str = setting("sub", doc="The claim of that issuer's tokens that names the caller.")
    oidc_scope_claim: str = setting(
        "scope",
        doc="The claim of that issuer's tokens that holds our scopes; `none`: an account `oidc:NAME` here has them.",
    )
    quota_requests_per_second: int = setting(
        0, doc="Requests a second that an account without a quota of its own may make; 0: any number.", zero=True
    )
    quota_bytes_per_second: int = setting(
        0, doc="Bytes of bodies a second that an account without a quota of its own may send; 0: any number.", zero=True
    )
    quota_rows_per_second: int = setting(
        0, doc="Rows a second that are predicted for an account without a quota of its own; 0: any number.", zero=True
    )
    quota_queued_items: int = setting(
        0, doc="Unfinished items that an account without a quota of its own may have; 0: any number.", zero=True
    )

    def given_key(self) -> str:
        """The key for HS256 that these settings give; empty if they give none. Raises SettingsError if it is short."""
        key = self.token_key
        if not key and self.token_key_file:
            try:
                key = Path(self.token_key_file).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{PREFIX}TOKEN_KEY_FILE cannot be read: {error}") from error
        if len(key) < SHORTEST_KEY and (key or self.token_key_file):
            raise SettingsError(
                f"{PREFIX}TOKEN_KEY or {PREFIX}TOKEN_KEY_FILE must give a key of at least {SHORTEST_KEY} characters"
            )
        return key

    def check(self) -> None:
        """Raise SettingsError for an issuer whose word could be changed on the way, or is not meant for us."""
        if self.oidc_issuer:
            if not self.oidc_audience:
                raise SettingsError(
                    f"{PREFIX}OIDC_AUDIENCE is needed: which tokens of that issuer are for this service"
                )
            check_outside_url(f"{PREFIX}OIDC_ISSUER", self.oidc_issuer)
        if self.oidc_jwks_url:
            check_outside_url(f"{PREFIX}OIDC_JWKS_URL", self.oidc_jwks_url)
