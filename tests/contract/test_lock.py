"""`constraints.txt` and `constraints/` hold what `make install` and the other commands install, with hashes."""

from __future__ import annotations

import re
from configparser import ConfigParser
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.lock import (
    BASE_EXTRA,
    BASE_FILE,
    CLIENTS,
    CLIENTS_FOLDER,
    FOLDER,
    INSTALLERS_FILE,
    NAMED,
    ROOT,
    extras,
    files,
    pieces,
    without_hashes,
)

HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
REMEDY: Final = "run `make lock`"


def versions(*names: str) -> dict[str, str]:
    """The version of each package in these files."""
    text = "".join(without_hashes((ROOT / name).read_text()) for name in names)
    return {match[1]: match[2] for line in text.splitlines() if (match := NAMED.match(line))}


def test_each_package_has_one_version_and_hashes() -> None:
    seen: dict[str, str] = {}
    for file in files():
        found = pieces(file.read_text())
        assert found, f"{file.name} is empty"
        assert all(seen.setdefault(name, text) == text for name, text in found.items())
        assert all(HASH.search(text) for text in found.values())
        assert "://" not in file.read_text(), "where packages come from is the machine's matter"


def test_each_extra_that_a_command_installs_has_a_file() -> None:
    wanted = {FOLDER / f"{extra}.txt" for extra in extras() if extra != BASE_EXTRA}
    assert {*files()} == wanted | {BASE_FILE, INSTALLERS_FILE}, REMEDY


@pytest.mark.parametrize("extra", extras())
def test_what_setup_cfg_asks_for_is_there(extra: str) -> None:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    asked = parser["options"]["install_requires"] + parser["options.extras_require"][extra]
    beside = [] if extra == BASE_EXTRA else [f"{FOLDER.name}/{extra}.txt"]
    there = versions(BASE_FILE.name, *beside)
    for requirement in map(Requirement, filter(None, asked.splitlines())):
        version = there.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is in no file of constraints: {REMEDY}"
        assert requirement.specifier.contains(version), f"{requirement} is not {version}: {REMEDY}"


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_is_tried_with_is_there(client: str) -> None:
    file = CLIENTS_FOLDER / f"{client}.txt"
    assert all(HASH.search(text) for text in pieces(file.read_text()).values())
    assert "://" not in file.read_text()
    there = versions(str(file.relative_to(ROOT)))
    for requirement in map(Requirement, CLIENTS[client]):
        assert requirement.specifier.contains(there[canonicalize_name(requirement.name)]), f"{requirement}: {REMEDY}"


def test_each_file_of_a_client_has_its_use() -> None:
    assert {*CLIENTS_FOLDER.glob("*.txt")} == {CLIENTS_FOLDER / f"{client}.txt" for client in CLIENTS}


def test_constraints_without_hashes_are_pins() -> None:
    text = 'one==1.0 ; sys_platform == "win32" \\\n    --hash=sha256:00\n# a comment\ntwo==2 \\\n    --hash=sha256:11\n'
    assert without_hashes(text) == 'one==1.0 ; sys_platform == "win32"\ntwo==2\n'
