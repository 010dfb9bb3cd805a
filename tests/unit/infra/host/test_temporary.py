"""Folders for temporary files: whose they are, and when they go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra.host.temporary import emptied, outer, scratch, sweep, within
from tests.servers import eventually

#: A process that makes a folder, says where, and goes on until its input ends. It may have a child by then: one by fork
#: that has left the block, or one that has the folder's descriptor.
HOLD = """
import os, subprocess, sys
from pathlib import Path
from infra.host.temporary import scratch
with scratch(Path(sys.argv[1])) as made:
    if sys.argv[2:] == ["fork"]:
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
    if sys.argv[2:] == ["child"]:
        subprocess.Popen(["cat"], pass_fds=[made.descriptor])
    print(made.path, made.path.exists(), flush=True)
    sys.stdin.read()
"""


def hold(parent: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(parent), *options]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def made(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    path, exists = process.stdout.readline().split()
    assert exists == "True"
    return Path(path)


def test_the_outer_folder_is_the_one_that_is_named_and_nothing_is_written_to_find_it(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mtime_ns
    assert outer({"TMPDIR": str(tmp_path / "missing"), "TMP": str(tmp_path)}) == tmp_path
    assert tmp_path.stat().st_mtime_ns == before


def test_no_folder_is_made_in_one_of_a_process_before(tmp_path: Path) -> None:
    with scratch(tmp_path) as first:
        assert outer({"TMPDIR": str(first.path)}) == tmp_path


def test_a_folder_is_private_and_gone_after_an_interrupt(tmp_path: Path) -> None:
    def interrupted() -> None:
        with scratch(tmp_path) as found:
            assert found.path.stat().st_mode & 0o777 == 0o700
            (found.path / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_child_by_fork_that_ends_leaves_the_folder(tmp_path: Path) -> None:
    process = hold(tmp_path, "fork")
    folder = made(process)
    assert folder.exists()
    process.communicate()
    assert not folder.exists()


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    living, dead = hold(tmp_path), hold(tmp_path)
    folders = made(living), made(dead)
    (folders[1] / "deep").mkdir()
    kill(dead)
    sweep(tmp_path)
    assert [folder.exists() for folder in folders] == [True, False]
    kill(living)
    with scratch(tmp_path) as found:
        assert list(tmp_path.iterdir()) == [found.path]


def test_a_folder_stays_while_a_child_has_its_descriptor(tmp_path: Path) -> None:
    process = hold(tmp_path, "child")
    folder = made(process)
    process.kill()
    process.wait()
    sweep(tmp_path)
    assert folder.exists()
    # The end of its input ends the child.
    process.communicate()

    def gone() -> bool:
        sweep(tmp_path)
        return not folder.exists()

    eventually(gone, what="the end of the child")


def test_what_others_have_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mlservice-backup").mkdir(mode=0o700)
    (tmp_path / "mlservice-0123456789ab").mkdir(mode=0o755)
    (tmp_path / "mlservice-0123456789ac").touch()
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "mlservice-0123456789ad").symlink_to(tmp_path / "target")
    before = set(tmp_path.iterdir())
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == before


def test_a_folder_is_empty_before_and_after_also_one_on_another_disk(tmp_path: Path) -> None:
    disk, folder, kept = tmp_path / "disk", tmp_path / "tmp", tmp_path / "kept"
    for made in (disk, kept):
        made.mkdir()
        (made / "file").touch()
    folder.symlink_to(disk)
    with emptied(folder):
        assert list(disk.iterdir()) == []
        (folder / "left").mkdir()
        (folder / "left" / "file").touch()
        (folder / "link").symlink_to(kept)
    assert list(disk.iterdir()) == []
    assert (kept / "file").exists()


def test_temporary_files_are_within_for_a_while(tmp_path: Path) -> None:
    before = os.environ.get("TMPDIR"), tempfile.gettempdir()
    with within(tmp_path):
        assert Path(tempfile.mkdtemp()).parent == tmp_path
        assert os.environ["TMPDIR"] == str(tmp_path)
    assert (os.environ.get("TMPDIR"), tempfile.gettempdir()) == before
