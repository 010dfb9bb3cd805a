"""Places on other machines where bytes lie: how long they are waited for, and what their errors mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from tasks.errors import Unavailable

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Whose errors are those of a place where files are, and are no OSError.
_PLACES: Final = frozenset(
    ("botocore", "aiobotocore", "s3fs", "gcsfs", "google", "adlfs", "azure", "aiohttp", "fsspec")
)
#: How long a bucket may take to be connected with, and then to say anything (seconds). An upload counts as silence, so
#: a part of one has to be through in this time.
_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 10
#: How often one request to a bucket is made, at most: after a connection that failed, an answer that did not come, a
#: status of 5xx or one that says to be slower; with a pause of up to 1 and 2 s by chance between them.
_REQUESTS: Final = 3
#: What fsspec is told of the file systems of buckets, by protocol. Its listings are from before: an object that another
#: process wrote is not there, and one that has grown is cut to its old size, in silence.
_BUCKET: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "use_listings_cache": False,
        "config_kwargs": {
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _READ_SECONDS,
            "retries": {"mode": "standard", "total_max_attempts": _REQUESTS},
        },
    }
)
OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"s3": _BUCKET, "s3a": _BUCKET})
#: The pauses before all of a call is made once more (seconds), as where an answer broke off in the middle; but not when
#: it has taken this long already (seconds).
_PAUSES: Final = (0.2, 1.0)
_PATIENCE_SECONDS: Final = 10.0


def is_of_place(error: Exception) -> bool:
    """Whether an error is one of a place, and none of ours or of Python's."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _PLACES


def reached(call: Callable[[], T]) -> T:
    """What `call` returns of a blob store on another machine; it may be made several times.

    Raises FileNotFoundError, and Unavailable where the store does not answer, or refuses.
    """
    start = time.monotonic()
    for pause in (*_PAUSES, None):
        try:
            return call()
        except FileNotFoundError:
            raise
        except Exception as error:
            if not is_of_place(error):
                raise
            log.warning("the blob store: %s: %s", type(error).__name__, error)
            refused = isinstance(error, PermissionError)
        if refused:
            break
        if pause is None or time.monotonic() - start > _PATIENCE_SECONDS:
            break
        time.sleep(pause)
    # Out here the store's error, in which buckets and hosts stand, is not the context of this one.
    if refused:
        raise Unavailable(
            "the blob store refuses the service: the operator looks at its credentials, and whether they may read,"
            " write, list and delete there"
        )
    raise Unavailable("the blob store does not answer: try again in a moment; if it stays so, the log says more")
