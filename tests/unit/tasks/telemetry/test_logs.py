"""One line an event, whatever is said; text on a terminal."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from infra.supervision.supervisor import Line
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, State
from tasks.errors import InvalidRows, Poison, SettingsError, UnknownModel
from tasks.ledger.groups import Claim, Head
from tasks.ledger.outcomes import Outcome, failure
from tasks.telemetry import logs
from tasks.telemetry.failures import log_failures, subject


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged, as lines of JSON at level debug; the loggers of this process are put back."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    written = io.StringIO()
    try:
        logs.setup(Settings(log_format="json", log_level="debug"), "tried", stream=written)
        yield written
    finally:
        logging.captureWarnings(False)
        root.handlers[:], sys.excepthook = handlers, hook
        root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_start_names_the_settings_and_no_secret(stream: io.StringIO) -> None:
    said = lines(stream)[0]
    assert said["message"].startswith("tried starts: mlservice ")
    assert (said["program"], said["pid"], said["level"]) == ("tried", os.getpid(), "info")
    one, other = Settings(token_key="a" * 32), Settings(token_key="b" * 32)
    assert logs.fingerprint(one) == logs.fingerprint(other) != logs.fingerprint(Settings(max_retries=1))


@pytest.mark.parametrize(
    "text", ['"quoted" \\ back', "two\nlines\r\x00\x1b[31m", "\ud800 no Unicode", "ж 漢 \U0001f600"]
)
def test_any_text_is_one_line(stream: io.StringIO, text: str) -> None:
    logging.getLogger("a.b").warning(
        "said: %s", text, extra={"task_id": text, "model": None, "owner": "", "version": 3}
    )
    assert len(lines(stream)) == 2
    said = lines(stream)[1]
    assert said["message"].startswith("said: ")
    assert {"task_id", "version"} == said.keys() & set(logs.FIELDS)
    assert (said["version"], said["logger"], said["level"]) == (3, "a.b", "warning")


def test_what_is_not_a_known_field_is_not_written(stream: io.StringIO) -> None:
    logging.getLogger("x").info("it", extra={"password": "geheim", "body": "data"})
    assert "geheim" not in stream.getvalue()
    assert "data" not in stream.getvalue()


def test_a_traceback_is_one_field_and_its_end_is_kept(stream: io.StringIO) -> None:
    try:
        raise ValueError("x" * 2 * logs.ERROR_LENGTH + "end")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    error = lines(stream)[1]["error"]
    assert len(error) == logs.ERROR_LENGTH
    assert error.endswith("end")


def test_lines_within_are_about_the_same(stream: io.StringIO) -> None:
    with logs.about(task_id="outer", owner="me"), logs.about(task_id="inner"):
        logging.getLogger("x").info("within")
        logging.getLogger("x").info("itself", extra={"task_id": "own"})
    logging.getLogger("x").info("after")
    found = [(line.get("task_id"), line.get("owner")) for line in lines(stream)[1:]]
    assert found == [("inner", "me"), ("own", "me"), (None, None)]


def test_failures_say_who_and_why_but_not_what_was_sent(stream: io.StringIO) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    heads = [Head("ann", "m", request_id="r1", trace=trace), Head("bob", "m"), Head("eve", "n"), Head("joe", "m")]
    currents: dict[str, Any] = {}
    claim = Claim(
        group="c" * 32, kind=Kind.ESTIMATE, lane=Lane.HIGH, fence=1, started_at=0.0, delivery=1, retries=0, heads=heads,
        placed=[], currents=currents,
    )  # fmt: skip
    ends = [
        failure(InvalidRows("row 1 has 'my data'")),
        Outcome(State.SUCCEEDED, "application/json", b"{}"),
        failure(UnknownModel("there is no model n")),
        failure(Poison("it ended its worker")),
    ]
    with logs.about(**subject(claim)):
        log_failures(claim, ends)
    first, second, third = lines(stream)[1:]
    assert (first["request_id"], first["trace_id"], first["owner"]) == ("r1", "a" * 32, "ann")
    assert (first["reason"], first["level"], first["lane"]) == ("InvalidRows", "info", "high")
    assert "my data" not in stream.getvalue()
    assert second["task_id"] == f"{'c' * 32}-2"
    assert "there is no model n" in second["message"]
    assert third["level"] == "warning"
    assert "dead letter" in third["message"]
    assert "request_id" not in third


def test_a_line_is_readable_for_people(stream: io.StringIO) -> None:
    logging.getLogger("x").warning("it happened", extra={"task_id": "t", "model": "m"})
    text = logs.readable(stream.getvalue().splitlines()[1])
    assert "WARNING" in text
    assert text.endswith("x: it happened  task_id=t model=m")
    assert logs.readable("no JSON") == "no JSON"


def test_supervisord_writes_the_same_lines() -> None:
    line = Line() % {"levelname": "WARN", "message": 'exited: "x"', "asctime": ""}
    said = json.loads(line)
    assert line.endswith("\n")
    assert (said["level"], said["program"], said["message"]) == ("warning", "supervisord", 'exited: "x"')


PROGRAM = """
from tasks.telemetry import logs
from tasks.config.settings import Settings
logs.setup(Settings(), "tried")
raise ValueError("nobody caught it")
"""


def test_an_error_that_nobody_catches_is_logged() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False)
    said = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["level"] for line in said] == ["info", "critical"]
    assert "nobody caught it" in said[1]["error"]
    assert run.returncode == 1


def test_a_terminal_gets_text() -> None:
    main, terminal = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", PROGRAM], stdout=terminal, stderr=terminal, timeout=30, check=False)
        text = os.read(main, 65536).decode()
    finally:
        os.close(main)
        os.close(terminal)
    assert "INFO    tasks.telemetry.logs: tried starts" in text
    assert "ValueError: nobody caught it" in text
    assert not text.startswith("{")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("TRACES_PART", "1.5"),
        ("TRACES_PART", "-0.5"),
        ("TRACES_PART", "nan"),
        ("TRACES_ENDPOINT", "collector:4318"),
    ],
)
def test_bad_settings_are_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"MLSERVICE_{variable} "):
        Settings.load({f"MLSERVICE_{variable}": value})


def test_traces_without_opentelemetry_name_the_remedy() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None  # As if it were not installed.
from tasks.config.settings import Settings
from tasks.telemetry.tracing import load_traces
load_traces(Settings())
load_traces(Settings(traces_endpoint="http://127.0.0.1:4318"))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert "SettingsError: MLSERVICE_TRACES_ENDPOINT needs OpenTelemetry" in run.stderr
    assert "extra `otel`" in run.stderr
