"""Settings: what is refused at the start."""

from __future__ import annotations

import pytest

from tasks.config.settings import Settings, describe
from tasks.errors import SettingsError

SOURCE = {"MLSERVICE_SOURCES": "a=file:///a.csv,b=file:///b.csv", "MLSERVICE_DEFAULT_TARGET": "y"}


def test_a_default_source_is_one_of_the_sources() -> None:
    assert Settings.load({**SOURCE, "MLSERVICE_DEFAULT_SOURCE": "b"}).default_source == "b"
    with pytest.raises(SettingsError, match=r"MLSERVICE_DEFAULT_SOURCE .*\(a, b\)"):
        Settings.load({**SOURCE, "MLSERVICE_DEFAULT_SOURCE": "c"})
    with pytest.raises(SettingsError, match=r"MLSERVICE_DEFAULT_SOURCE .*\(none\)"):
        Settings.load({"MLSERVICE_DEFAULT_SOURCE": "c", "MLSERVICE_DEFAULT_TARGET": "y"})


def test_a_default_source_needs_a_target() -> None:
    with pytest.raises(SettingsError, match="MLSERVICE_DEFAULT_TARGET"):
        Settings.load({**SOURCE, "MLSERVICE_DEFAULT_SOURCE": "a", "MLSERVICE_DEFAULT_TARGET": ""})


@pytest.mark.parametrize("name", ["", "a model", "-", "x" * 64])
def test_a_default_model_has_the_name_of_a_model(name: str) -> None:
    with pytest.raises(SettingsError, match="MLSERVICE_DEFAULT_MODEL"):
        Settings.load({"MLSERVICE_DEFAULT_MODEL": name})


@pytest.mark.parametrize("name", ["a b", "a@b", "/", "a/b", "-", "ä"])
def test_a_worker_is_called_by_a_plain_name(name: str) -> None:
    assert Settings.load({"MLSERVICE_WORKER_NAME": "gpu-1.north"}).worker_name == "gpu-1.north"
    with pytest.raises(SettingsError, match=r"MLSERVICE_WORKER_NAME must be letters"):
        Settings.load({"MLSERVICE_WORKER_NAME": name})


def test_redis_syncs_in_one_of_two_ways() -> None:
    assert Settings.load({"MLSERVICE_REDIS_SYNC": "always"}).redis_sync == "always"
    with pytest.raises(SettingsError, match="MLSERVICE_REDIS_SYNC must be everysec or always, not 'no'"):
        Settings.load({"MLSERVICE_REDIS_SYNC": "no"})


def test_classes_that_an_operator_trusts_are_dotted_paths() -> None:
    settings = Settings.load({"MLSERVICE_TRUSTED_CLASSES": "pack.steps.Ratio, pack.Other"})
    assert settings.trusted_class_paths == ("pack.steps.Ratio", "pack.Other")
    for wrong in ("Ratio", "pack.steps:Ratio", "pack..Ratio"):
        with pytest.raises(SettingsError, match=r"MLSERVICE_TRUSTED_CLASSES: .* is no dotted path"):
            Settings.load({"MLSERVICE_TRUSTED_CLASSES": wrong})


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False)])
def test_what_is_on_or_off(text: str, value: bool) -> None:
    assert Settings.load({"MLSERVICE_MCP": text}).mcp is value
    assert ("MLSERVICE_MCP", "false") in [described[:2] for described in describe()]


@pytest.mark.parametrize("text", ["", "1", "maybe"])
def test_what_is_neither_on_nor_off(text: str) -> None:
    with pytest.raises(SettingsError, match=f"MLSERVICE_MCP must be true or false, not '{text}'"):
        Settings.load({"MLSERVICE_MCP": text})
