"""Whether this host can make machine code, and for what it would be."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Final

#: The number of what is compiled, and how: another one, and no code that was made before is used.
FORMAT: Final = 1
#: What makes it, and what that is made of.
PACKAGES: Final = ("lleaves", "llvmlite")
_CPU: Final = Path("/proc/cpuinfo")
#: What /proc/cpuinfo says of a processor that decides which code it can run.
_SAID: Final = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU implementer", "CPU part")


@cache
def missing() -> str:
    """What is missing where the extra `fast` is not installed; empty where it is. Imports nothing of it."""
    there = all(util.find_spec(name) is not None for name in PACKAGES)
    return "" if there else "pip install 'mlservice[fast]' has machine code made of it, which is several times as fast"


@cache
def host() -> str:
    """What machine code depends on beside the model: the processor, the packages, and our own format."""
    versions = [metadata.version(name) for name in PACKAGES]
    return repr((FORMAT, *versions, platform.system(), platform.machine(), _processor()))


def name_of(text: bytes) -> str:
    """What the code of a model, in LightGBM's text format, is called on this host: 32 hexadecimal digits."""
    return hashlib.sha256(host().encode() + b"\0" + text).hexdigest()[:32]


def _processor() -> str:
    try:
        first = _CPU.read_text().partition("\n\n")[0]
    except OSError:
        return platform.processor()
    return "\n".join(line for line in first.splitlines() if line.partition("\t")[0].strip(" :") in _SAID)
