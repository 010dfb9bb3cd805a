"""`mlservice env`: what a shell needs, so that Python and Celery find the service."""

from __future__ import annotations

import argparse
import os
import shlex

from infra.host.home import Home
from infra.host.running import settings_of
from tasks.config.areas.redis import redis_variables


def show(args: argparse.Namespace) -> int:
    """Print the variables as lines for a shell: `eval "$(mlservice env)"`. Raises Unavailable.

    What the service in the home was started with comes before what this environment says: another `mlservice env` may
    have put that there, for another home.
    """
    home = Home(args.home)
    environ = {**os.environ, **home.remembered()}
    settings = settings_of(home, environ)
    variables = {
        "REDIS_URL": settings.redis_url,
        **redis_variables(environ),
        # Where large bodies are put, which the workers read.
        "MLSERVICE_BLOBS_URL": settings.blobs_url,
        # Celery reads these itself.
        "CELERY_BROKER_URL": settings.broker.shown_url,
        "CELERY_RESULT_BACKEND": settings.store.shown_backend_url,
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
