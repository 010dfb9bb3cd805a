"""What supervisord itself writes is one line of JSON an event, too where who asked it is gone."""

from __future__ import annotations

import json

import pytest

from infra.supervision.supervisor import say_of_connection


def test_what_a_connection_says_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    say_of_connection(None, "uncaptured python exception, closing channel", "error")
    (said,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (said["level"], said["program"]) == ("error", "supervisord")
    assert "closing channel" in said["message"]
