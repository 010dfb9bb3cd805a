"""Sessions of a page: found, run, compared with what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import sessions
from tests.sessions import Step

PAGE = """
```sh
make something
```

<!-- session: use -->
```sh
export NAME=World
```
Then:
```sh
echo "{\\"hello\\": [\\"$NAME http://127.0.0.1:8080\\", 1]}"
```
```json
{"hello": ["you", 2.5]}
```
```python
import os
print("Python", os.environ["NAME"])
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.md"
    file.write_text(PAGE)
    return file


def test_a_session_has_its_own_blocks_and_what_they_show(page: Path) -> None:
    assert [block.session for block in sessions.blocks(page)] == ["", "use", "use", "use", "use"]
    assert [step.shown for step in sessions.steps(page, "use")] == [None, '{"hello": ["you", 2.5]}\n', None]


def test_a_session_is_one_shell_and_gives_what_each_block_writes(page: Path, tmp_path: Path) -> None:
    steps = sessions.steps(page, "use")
    written = sessions.run(steps, url="http://there", folder=tmp_path, seconds=10)
    assert written == ["", '{"hello": ["World http://there", 1]}\n', "Python World\n"]
    assert sessions.check_shown(steps, written) == 1


def test_a_block_that_fails_fails_the_session(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such thing"):
        sessions.run([Step(script="echo no such thing >&2\nfalse\n", shown=None)], url="", folder=tmp_path, seconds=10)


@pytest.mark.parametrize(
    "written", ['{"hello": []}', '{"hello": [1, 2]}', '{"hullo": ["you", 1]}', '{"hello": ["you", true]}']
)
def test_what_a_page_shows_must_be_of_the_shape_that_is_written(page: Path, written: str) -> None:
    with pytest.raises(AssertionError, match="shown"):
        sessions.check_shown(sessions.steps(page, "use"), ["", written, ""])
