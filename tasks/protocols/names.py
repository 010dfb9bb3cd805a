"""What gateway and workers call what they tell each other of bodies of other protocols. Standard library only."""

from __future__ import annotations

from typing import Final

#: Parameters of the media type of a body or a result: how many of its first bytes are JSON, behind which tensors lie;
#: and how a result is compressed.
JSON_SIZE: Final = "json-header-size"
#: The same, before its value.
JSON_SIZE_IS: Final = f";{JSON_SIZE}="
CODED: Final = "content-encoding"
#: The query parameter of an estimate whose result the worker compresses: how.
COMPRESS: Final = "compress"
