"""`mlservice backup` and `mlservice restore`: all that a service holds, in one file, and back."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from infra.backup import restoring
from infra.backup.manifest import BLOBS, TLS, Manifest
from infra.backup.origin import find
from infra.backup.progress import megabytes, say
from infra.backup.taking import take as take_backup
from infra.host.home import Home


def take(args: argparse.Namespace) -> int:
    """Write a backup and say what it holds. Raises FileExistsError, Unavailable, Conflict, OSError."""
    origin = find(Home(args.home.resolve()), os.environ)
    made = take_backup(origin, args.file, with_blobs=not args.without_blobs, tell=say)
    print(f"{args.file}: {described(made)}")
    if made.blobs_url and not made.with_blobs:
        say(f"what lies at {made.blobs_url} is not in it: keep a copy of that too, made after this")
    if origin.settings.token_key or origin.settings.token_key_file:
        say("the key of tokens is given by the environment, and is not in it")
    return 0


def restore(args: argparse.Namespace) -> int:
    """Restore a backup and say what comes next. Raises Conflict, OSError."""
    if args.check:
        print(f"{args.file} is sound: {described(restoring.check(args.file, tell=say))}")
        return 0
    home = Home(args.home.resolve())
    manifest = restoring.restore(args.file, home, replace=args.replace, tell=say)
    print(f"{home.root} is as it was at {manifest.made_at}: {described(manifest)}")
    if manifest.blobs_url and not manifest.with_blobs:
        say(f"blobs are not in it: they lie at {manifest.blobs_url}; set MLSERVICE_BLOBS_URL to where they are now")
    if not manifest.blobs_url:
        say("blobs are in its Redis: start it with MLSERVICE_BLOBS_URL=redis, as before")
    if any(file.name.startswith(TLS) for file in manifest.files):
        folder = home.root / Path(TLS)
        say(f"its certificate: --tls-cert {folder / 'tls.crt'} --tls-key {folder / 'tls.key'}")
    return 0


def described(manifest: Manifest) -> str:
    """What a backup holds, in a line."""
    blobs = sum(file.name.startswith(BLOBS) for file in manifest.files)
    size = megabytes(sum(file.size for file in manifest.files))
    return f"{size} in {len(manifest.files):,} files, {blobs:,} of them blobs, at {manifest.made_at}"
