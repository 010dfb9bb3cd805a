"""Where an append-only file is damaged, and what is left of it; Valkey itself says whether it can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from infra.redis_server.append_only import current
from infra.redis_server.repair import Damage, cut, damages, leave_out, mend_end
from infra.redis_server.scanning import GLANCES_BYTES
from tasks.errors import Conflict
from tests.servers import Valkey


def command(*words: bytes) -> bytes:
    """A command as Valkey writes it."""
    return b"".join((b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)))


SET = command(b"SET", b"k", b"v")
TRANSACTION = command(b"MULTI") + command(b"SET", b"a", b"1") + command(b"LPUSH", b"b", b"2\r\n\0") + command(b"EXEC")
WHOLE = command(b"SELECT", b"0") + SET + b"#TS:1700000000\r\n" + TRANSACTION


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a Valkey with one file, which is empty."""
    folder = tmp_path / "appendonlydir"
    folder.mkdir()
    (folder / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    (folder / "appendonly.aof.1.incr.aof").touch()
    return tmp_path


def written(data: Path, content: bytes) -> Path:
    path = current(data)
    assert path
    path.write_bytes(content)
    return path


@contextmanager
def served(data: Path) -> Iterator[redis.Redis]:
    """Valkey with this data; it does not mend anything itself."""
    options = ("--appendonly", "yes", "--aof-load-truncated", "no", "--dir", str(data))
    with Valkey(*options) as server, server.client() as client:
        yield client


@pytest.mark.parametrize(
    ("content", "good", "zeros"),
    [
        (WHOLE + b"\0" * 5000, len(WHOLE), 5000),
        (WHOLE + SET[:-1], len(WHOLE), 0),
        (WHOLE + SET[:-1] + b"\0" * 77, len(WHOLE), 77),
        (WHOLE + TRANSACTION[:-1], len(WHOLE), 0),
        (WHOLE + TRANSACTION[: TRANSACTION.index(b"\0")] + b"\0" * 99, len(WHOLE), 99),
        (WHOLE + b"*", len(WHOLE), 0),
        (WHOLE + b"*12", len(WHOLE), 0),
        (WHOLE + b"*1\r\n$", len(WHOLE), 0),
        (WHOLE + b"#TS:17", len(WHOLE), 0),
        (b"\0" * 3_000_000, 0, 3_000_000),
    ],
)
def test_what_a_power_cut_leaves_is_cut_and_kept(data: Path, content: bytes, good: int, zeros: int) -> None:
    path = written(data, content)
    (line,) = mend_end(data)
    assert path.read_bytes() == content[:good]
    (kept,) = (data / "damaged").iterdir()
    assert kept.read_bytes() == content[good:]
    assert kept.stat().st_mode & 0o077 == 0
    assert str(kept) in line
    assert (f"{zeros:,} zeros" in line) == (zeros > 0)
    assert ("not written whole" in line) == (len(content) - good > zeros)
    assert mend_end(data) == []
    with served(data) as client:
        assert client.get("a") == (b"1" if good else None)


def test_every_cut_of_a_file_is_mended(data: Path) -> None:
    """Wherever the power went: only whole commands and transactions stay, and at most one is lost."""
    ends = [0]
    for part in (command(b"SELECT", b"0"), SET, b"#TS:1700000000\r\n", TRANSACTION):
        ends.append(ends[-1] + len(part))
    for size in range(len(WHOLE)):
        for tail in (b"", b"\0" * 100):
            path = written(data, WHOLE[:size] + tail)
            mend_end(data)
            assert path.stat().st_size == max(end for end in ends if end <= size), (size, tail)


def test_a_file_that_is_whole_is_left_alone(data: Path) -> None:
    path = written(data, WHOLE)
    assert mend_end(data) == []
    assert list(damages(path)) == []
    assert not (data / "damaged").exists()


def test_without_files_there_is_nothing_to_mend(tmp_path: Path) -> None:
    assert mend_end(tmp_path) == []


def test_the_end_of_a_large_file_is_read_alone(data: Path) -> None:
    """What lies before is damaged here, which reading all of it would find."""
    rest = TRANSACTION * (2 * GLANCES_BYTES[0] // len(TRANSACTION))
    path = written(data, b"no command" + rest + SET[:-3])
    assert len(mend_end(data)) == 1
    assert path.stat().st_size == len(b"no command" + rest)


def test_commands_within_a_string_are_no_commands(data: Path) -> None:
    """Not even where the end of the file lies within a string that is as long as what is looked at first."""
    body = command(b"SET", b"x", TRANSACTION * (2 * GLANCES_BYTES[0] // len(TRANSACTION)))
    path = written(data, WHOLE + body + SET)
    assert mend_end(data) == []
    assert path.read_bytes() == WHOLE + body + SET


@pytest.mark.parametrize("harm", [b"\0" * 50, b"?", b"*1\r\n$99999999\r\nSET\r\n", b"*2\r\n$3\r\nGET\r\nk\r\n"])
def test_other_damage_is_not_mended_by_itself(data: Path, harm: bytes) -> None:
    content = WHOLE + harm + TRANSACTION * 3
    path = written(data, content)
    found = list(damages(path))
    assert [(one.offset, one.resumed, one.torn) for one in found] == [(len(WHOLE), len(WHOLE + harm), False)]
    # In a small file all is looked at.
    with pytest.raises(Conflict, match=r"bytes cannot be read, from byte .* `mlservice repair` says"):
        mend_end(data)
    assert path.read_bytes() == content


def test_what_cannot_be_read_is_left_out(data: Path) -> None:
    content = WHOLE + b"?" + TRANSACTION * 3 + b"\0" * 9 + command(b"SET", b"late", b"1") * 3 + SET[:-1]
    path = written(data, content)
    found = list(damages(path))
    assert [str(harm).split(":")[0] for harm in found] == [path.name] * 3
    assert [harm.torn for harm in found] == [False, False, True]
    kept = leave_out(found, data)
    assert path.read_bytes() == WHOLE + TRANSACTION * 3 + command(b"SET", b"late", b"1") * 3
    assert kept.read_bytes() == content
    with served(data) as client:
        assert client.get("late") == b"1"


def test_half_a_transaction_is_not_resumed(data: Path) -> None:
    beginless = TRANSACTION[len(command(b"MULTI")) :]
    path = written(data, WHOLE + b"?" + beginless + SET * 3)
    (found,) = damages(path)
    assert found.resumed == len(WHOLE + b"?" + beginless)


def test_a_cut_keeps_what_was_before(data: Path) -> None:
    path = written(data, WHOLE + b"?" + SET * 3)
    (found,) = damages(path)
    kept = cut(found, data)
    assert path.read_bytes() == WHOLE
    assert kept.read_bytes() == b"?" + SET * 3


def test_a_file_is_as_it_was_if_its_end_cannot_be_kept(data: Path) -> None:
    path = written(data, WHOLE + b"\0" * 9)
    (data / "damaged").touch()
    with pytest.raises(OSError, match="exists"):
        mend_end(data)
    assert path.read_bytes() == WHOLE + b"\0" * 9


def test_damage_is_told_in_words() -> None:
    torn = Damage(path=Path("f"), offset=1000, resumed=1600, size=1600, zeros=500, torn=True)
    assert (
        str(torn) == "f: it ends in 100 bytes of a command that was not written whole and 500 zeros, from byte 1,000 on"
    )
