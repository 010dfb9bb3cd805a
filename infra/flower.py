"""Flower, without Celery's command line around it."""

from __future__ import annotations

import signal
import sys
from typing import Any

from flower import command
from flower.app import Flower
from tornado.options import options


def serve(app: Any, arguments: list[str]) -> None:
    """Serve Flower until SIGTERM. The arguments are its own; FLOWER_* in the environment says the same."""
    command.apply_env_options()
    command.apply_options("flower", arguments)
    command.extract_settings()
    command.setup_logging()
    flower = Flower(capp=app, options=options, **command.settings)
    signal.signal(signal.SIGTERM, command.sigterm_handler)
    flower.start_http_server()
    try:
        flower.start()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        flower.stop()
    sys.exit(0)
