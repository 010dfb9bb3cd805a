"""`make install` takes files by their hashes; what it does where they are others is said, or refused."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pip
import pytest

#: Each makes an environment, which takes long where much else is done.
pytestmark = pytest.mark.timeout(300)

ROOT: Final = Path(__file__).parents[2]
#: A package that is built without any other: what pip asks for, with a file that names the folder.
BACKEND: Final = """
import pathlib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "here-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("here.pth", str(pathlib.Path.cwd()))
        wheel.writestr("here-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: here\\nVersion: 1.0\\n")
        wheel.writestr("here-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("here-1.0.dist-info/RECORD", "")
    return name
build_wheel = build_editable
"""
#: Makes an environment, which is all that it is asked for.
PYTHON: Final = """\
#!/bin/sh
set -e
{python} "$@" --without-pip
for last; do :; done
made=$PWD/$last
mkdir "$made/pip"
ln -s {packages}/pip "$made/pip/pip"
echo "$made/pip" > "$(echo "$made"/lib/python*/site-packages)/pip.pth"
"""


def wheel(folder: Path, name: str) -> str:
    """A package in a file; returns the line that pins it."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that `make install` can install, from files that lie in it."""
    (tmp_path / "Makefile").symlink_to(ROOT / "Makefile")
    (tmp_path / "setup.cfg").touch()
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "constraints").mkdir()
    (tmp_path / "constraints/pip.txt").write_text(wheel(tmp_path, "installer"))
    (tmp_path / "constraints.txt").write_text(wheel(tmp_path, "tiny"))
    return tmp_path


def python(checkout: Path) -> Path:
    """An interpreter whose environments have the pip of the tests' own: to install one takes longer than all else."""
    script = checkout / "python"
    script.write_text(PYTHON.format(python=shlex.quote(sys.executable), packages=Path(pip.__file__).parents[1]))
    script.chmod(0o755)
    return script


def install(checkout: Path, *options: str) -> tuple[int, str, bool]:
    """The status of `make install`, what it said, and whether the package is there."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        **{"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout), "PIP_CONFIG_FILE": os.devnull},
    }
    command = ["make", "install", f"PYTHON={python(checkout)}", *options]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    there = subprocess.run([checkout / ".venv/bin/python", "-c", "import tiny"], capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr, there.returncode == 0


def spoil(file: Path) -> None:
    """Have the file say another hash."""
    pin, _, digest = file.read_text().rpartition(":")
    file.write_text(f"{pin}:{'0' if digest[0] != '0' else '1'}{digest[1:]}")


@pytest.mark.long
def test_files_of_the_right_hashes(checkout: Path) -> None:
    status, said, there = install(checkout, "HASHES=required")
    assert (status, "WARNING: the hashes" in said, there) == (0, False, True), said


def test_a_file_of_another_hash_is_installed_with_a_word(checkout: Path) -> None:
    spoil(checkout / "constraints.txt")
    status, said, there = install(checkout)
    assert (status, there) == (0, True), said
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in said
    assert "WARNING: the hashes of constraints.txt do not hold here" in said


@pytest.mark.long
def test_a_pip_of_another_hash_is_no_obstacle(checkout: Path) -> None:
    spoil(checkout / "constraints/pip.txt")
    status, said, there = install(checkout)
    assert (status, there) == (0, True), said
    assert "WARNING: the hashes of constraints/pip.txt do not hold here" in said
    assert "WARNING: the hashes of constraints.txt" not in said


@pytest.mark.long
def test_a_file_of_another_hash_is_refused_where_hashes_are_required(checkout: Path) -> None:
    spoil(checkout / "constraints.txt")
    status, said, there = install(checkout, "HASHES=required")
    assert (status, there) == (2, False), said
