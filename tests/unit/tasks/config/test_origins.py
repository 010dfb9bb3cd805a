"""Any setting by a file, and where each value comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.origins import Known, known
from tasks.config.settings import Settings
from tasks.config.values import HIDDEN
from tasks.errors import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mlservice.properties"


def told(environ: dict[str, str], **settled: str) -> dict[str, Known]:
    settings = Settings.load({**environ, **settled})
    return {one.variable: one for one in known(settings, environ, settled_by="mlservice up")}


def test_any_setting_may_stand_in_a_file_and_the_environment_comes_first(file: Path) -> None:
    file.write_text("# ours\nMLSERVICE_RESULT_LIFE_SECONDS=60\nMLSERVICE_INLINE_BYTES=5\nREDIS_URL=redis://h/1\n")
    environ = {"MLSERVICE_CONFIG": str(file.parent), "MLSERVICE_INLINE_BYTES": "7"}
    settings = Settings.load(environ)
    assert (settings.result_life_seconds, settings.inline_bytes, settings.redis_url) == (60, 7, "redis://h/1")
    found = told(environ)
    assert found["MLSERVICE_RESULT_LIFE_SECONDS"].origin == str(file)
    assert found["MLSERVICE_INLINE_BYTES"] == Known(variable="MLSERVICE_INLINE_BYTES", value="7", origin="environment")
    assert found["REDIS_URL"].origin == str(file)
    assert found["MLSERVICE_DEAD_LIFE_SECONDS"].origin == "default"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MLSERVICE_NONSENSE=1", "MLSERVICE_NONSENSE is not a setting"),
        ("MLSERVICE_HOME=/x", "MLSERVICE_HOME is not a setting"),
        ("[section]\n", "has no sections"),
        ("nonsense", "line 1 is not KEY=VALUE"),
        ("MLSERVICE_INLINE_BYTES=many", "MLSERVICE_INLINE_BYTES must be int"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=says):
        Settings.load({"MLSERVICE_CONFIG": str(file.parent)})


def test_the_original_s_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "config.properties").write_text("[auth_info]\nexpiry=5\nexpiry_time_unit=minutes\n")
    found = told({"MLSERVICE_CONFIG": str(tmp_path)})
    assert found["MLSERVICE_TOKEN_LIFE_SECONDS"].value == "300"
    assert found["MLSERVICE_TOKEN_LIFE_SECONDS"].origin == str(tmp_path / "gateway" / "config.properties")


def test_secrets_are_hidden_and_so_are_passwords_in_urls() -> None:
    found = told({"MLSERVICE_TOKEN_KEY": "k" * 40}, REDIS_URL="unix://default:pass%20word@/s?db=0")
    assert found["MLSERVICE_TOKEN_KEY"].value == HIDDEN
    assert found["REDIS_URL"] == Known(variable="REDIS_URL", value="unix://default:***@/s?db=0", origin="mlservice up")
    assert "k" * 40 not in repr(found)
    assert told({})["MLSERVICE_TOKEN_KEY"].value == ""
