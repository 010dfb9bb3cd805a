"""The traces that the settings ask for. OpenTelemetry is imported only where an endpoint is set."""

from __future__ import annotations

from tasks.config.settings import Settings
from tasks.config.values import PREFIX
from tasks.errors import SettingsError
from tasks.telemetry.traces import UNTRACED, Traces


def load_traces(settings: Settings) -> None:
    """Import OpenTelemetry if it is wanted: before a fork, so that processes share its memory. Raises SettingsError
    if it is not installed."""
    if not settings.traces_endpoint:
        return
    try:
        import tasks.telemetry.spans  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            f"{PREFIX}TRACES_ENDPOINT needs OpenTelemetry: install mlservice with its extra `otel`"
        ) from error


def open_traces(settings: Settings, program: str) -> Traces:
    """The traces of this process; to be called after a fork. Raises SettingsError as `load_traces` does."""
    load_traces(settings)
    if not settings.traces_endpoint:
        return UNTRACED
    from tasks.telemetry.spans import Spans

    return Spans(settings.traces_endpoint, program, part=settings.traces_part)
