"""`mlservice repair`: mends the data of the embedded Valkey after a power cut or another damage of its files."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from infra.host.home import Home
from infra.host.launch import executable
from infra.redis_server.append_only import FOLDER, parts
from infra.redis_server.repair import Damage, cut, damages, leave_out, set_aside
from tasks.errors import Conflict, Unavailable


def run(args: argparse.Namespace) -> int:
    """Mend what a power cut leaves at a file's end; other damage as `--cut` or `--skip` say. Prints what was done.

    Raises Unavailable if there is no such data, and Conflict if the service runs or it is not said how to mend.
    """
    home = Home(args.home.resolve())
    if not (home.redis / FOLDER).exists():
        raise Unavailable(f"{home.root} has no data of an embedded Valkey: is it the --home of the service?")
    with home.claim():
        lines = _mend(home.redis, skip=args.skip, ends=args.cut)
    print("\n".join(lines or ["nothing is damaged"]))
    return 0


def _mend(data: Path, *, skip: bool, ends: bool) -> list[str]:
    found = parts(data)
    if not found:
        raise Conflict(f"the manifest in {data / FOLDER} is missing or cannot be read: restore a backup")
    if missing := [part.path.name for part in found if not part.path.exists()]:
        raise Conflict(f"{', '.join(missing)} is missing in {data / FOLDER}: restore a backup")
    lines: list[str] = []
    for number, part in enumerate(found):
        if not part.has_commands:
            _check_snapshot(part.path)
            continue
        harms = list(damages(part.path))
        later = [other.path for other in found[number + 1 :] if other.path.stat().st_size]
        if harms and not (skip or ends or (harms[0].torn and not later)):
            raise Conflict(_choice(harms, later))
        if harms and not skip:
            lines.append(f"{harms[0]}; cut, and kept in {cut(harms[0], data)}")
            return lines + [f"{path.name} was written later; kept in {set_aside(path, data)}" for path in later]
        if harms:
            kept = leave_out(harms, data)
            lines += [*(f"{harm}; left out" for harm in harms), f"{part.path.name} as it was is kept in {kept}"]
    return lines


def _choice(harms: list[Damage], later: list[Path]) -> str:
    skipped = sum(harm.resumed - harm.offset for harm in harms)
    lost = harms[0].size - harms[0].offset + sum(path.stat().st_size for path in later)
    lines = [
        *map(str, harms),
        f"  --skip  leaves out {skipped:,} bytes: what cannot be read; what was written later is kept",
        f"  --cut   leaves out {lost:,} bytes: all that was written since; the rest is as it was then",
        "Either keeps a copy of what it leaves out.",
    ]
    return "\n".join(lines)


def _check_snapshot(path: Path) -> None:
    """Raise Conflict if Valkey cannot read a snapshot."""
    # Under this name Valkey's server is its own tool for that.
    tool = ["valkey-check-rdb", str(path)]
    done = subprocess.run(tool, executable=executable("valkey"), capture_output=True, check=False)
    if done.returncode:
        # Among it is what the file holds, which may be any bytes.
        last = ascii("; ".join(done.stdout.decode(errors="replace").strip().splitlines()[-3:]))
        raise Conflict(f"{path.name} is damaged and cannot be mended: restore a backup ({last})")
