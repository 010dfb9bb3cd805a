"""What an fsspec URL means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.storage.folder_blobs import FolderBlobs
from tasks.storage.fsspec_urls import locate

#: Later than any of these tests (seconds since the epoch).
LATER = 4e9


@pytest.mark.parametrize("name", ["a::b", "*?[a]", "#%20?", "zip::file:", "two\nlines "])
def test_all_that_follows_file_is_the_path(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    blobs = FolderBlobs(f"file://{folder}")
    digest = blobs.put(b"bytes")
    assert blobs.get(digest) == b"bytes"
    reference = blobs.keep(b"result", group="g", life_seconds=60)
    fs, path = locate(reference)
    assert fs.cat_file(path) == b"result"
    assert Path(path).is_relative_to(folder)
    assert {kept.reference for kept in blobs.kept_before(LATER)} == {reference}
    assert blobs.put_before(LATER) == [digest]


def test_urls_of_other_kinds_are_chained(tmp_path: Path) -> None:
    fs, path = locate(f"dir://x::file://{tmp_path}")
    fs.pipe_file(path, b"bytes")
    assert (tmp_path / "x").read_bytes() == b"bytes"
