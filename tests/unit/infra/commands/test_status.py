"""What `mlservice status` says of the machine."""

from __future__ import annotations

from infra.commands.status import machine_line
from tasks.config.machine import Machine


def test_what_limits_the_service_is_said() -> None:
    found = Machine(cores=1, cores_by="the quota of /g", memory_bytes=2**30, memory_by="the machine")
    assert machine_line(found) == "1 core by the quota of /g, 1024.0 MiB of memory by the machine"
