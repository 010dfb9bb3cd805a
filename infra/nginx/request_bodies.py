"""Which bodies NGINX takes, of whom, and how many large ones at a time.

Small ones it holds in memory. A large one, or one of unknown length, it writes to the disk on which Valkey's file may
lie: so it is taken of a caller only whom the gateway knows, who may do what the body is for.
"""

from __future__ import annotations

from typing import Final

from infra.nginx.root_path import asked
from tasks.config.settings import Settings
from tasks.contract import MODEL_NAME, Kind

#: What is kept in memory of a body (bytes).
BUFFER_BYTES: Final = 128 * 1024
#: Content-Length, as a pattern, of bodies that fit there.
SMALL: Final = "0*[0-9]{1,5}"
#: Largest body where no work is submitted (bytes). Also in chunks of one byte, which are six, it fits into memory.
OTHER_BYTES: Final = 16 * 1024
#: Largest body to the endpoint for agents (bytes), which looks who is asking before it reads one.
AGENTS_BYTES: Final = 1024 * 1024
#: The names of work that comes with a body of any size.
KINDS: Final = "|".join(Kind)
#: Where it is submitted: the scope that is needed, and what stands where a model is named.
SUBMITS: Final = rf"^/v1/models/(?<submit_named>[^/]+)/(?<submit_scope>{KINDS})\z"
#: Where estimates come by other protocols, and what stands where a model is named.
INFERENCES: Final = r"^/v2/models/(?<infer_named>[^/]+)(/versions/[^/]+)?/infer\z"
INVOCATIONS: Final = r"^/v1/models/(?<invoke_named>[^/]+)/invocations\z"
#: All of them, and the places of the default model, in the address as it was sent.
WORK: Final = (
    rf"^/(v1/models/[^/?]+/({KINDS}|invocations)|v2/models/[^/?]+(/versions/[^/?]+)?/infer|resource/predict|invocations)"
    r"(\?|$)"
)
#: What the gateway calls the account in its answer to NGINX.
ACCOUNT: Final = "$upstream_http_x_account"
#: Memory for what is counted: some thousand accounts.
ZONE: Final = "1m"


def other_bytes(settings: Settings) -> int:
    """Largest body where no work is submitted."""
    return min(OTHER_BYTES, settings.max_body_bytes)


def maps(settings: Settings) -> str:
    """What is a large body and for which model, how large one may be, and by what they are counted."""
    return "\n".join(
        (
            "# A body that does not fit into memory, or may not.",
            f'map $http_transfer_encoding$content_length $large {{ default 1; "" ""; "~^{SMALL}$" ""; }}',
            "# Another name than a model may have is the gateway's to refuse. Not $, after which a line may end.",
            f'map $submit_named $submit_model {{ default ""; "~^{MODEL_NAME.pattern}\\z" $submit_named; }}',
            f"map {asked(settings.root_path)} $most_bytes "
            f'{{ default {other_bytes(settings)}; "~{WORK}" {settings.max_body_bytes}; '
            f'"~^/mcp(\\?|$)" {AGENTS_BYTES}; }}',
            f"limit_conn_zone $account zone=account_bodies:{ZONE};",
            f"limit_conn_zone $admitted zone=bodies:{ZONE};",
        )
    )


def limits(settings: Settings) -> str:
    """How many large bodies there may be at a time, of an account and of all."""
    counted = {"account_bodies": settings.account_large_bodies, "bodies": settings.large_bodies}
    return "\n".join(f"limit_conn {zone} {most};" for zone, most in counted.items() if most)
