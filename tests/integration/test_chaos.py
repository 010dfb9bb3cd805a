"""The short form of `make chaos`: nothing that was accepted is lost when processes are killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.__main__ import main

#: Estimates a second: enough that each fault hits some. More only takes more of the processor.
RATE: Final = "10"


@pytest.mark.timeout(240)
def test_what_is_accepted_survives_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--short", "--rate", RATE, "--out", str(tmp_path)])
    assert status == 0, capsys.readouterr().out
    found = json.loads((tmp_path / "chaos.json").read_text())
    assert found["good"]
    assert found["finished"].keys() == {"succeeded"}
    assert found["accepted"] == found["finished"]["succeeded"] > 50
    assert found["recovery"].keys() == {
        *("estimate-child", "estimate-worker", "train-worker", "gateway"),
        *("duplicate-estimate", "duplicate-train"),
    }
