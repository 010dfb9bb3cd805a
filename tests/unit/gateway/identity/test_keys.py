"""The file of keys, and how its change is noticed."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from gateway.identity import keyfile
from gateway.identity.keys import SHARED_KID, Keys, open_keys
from gateway.identity.tokens import Tokens
from tasks.config.settings import Settings
from tasks.errors import SettingsError, Unauthenticated
from tests.clocks import NOW, Clock

LIFE = 60
KEEP = 90


@pytest.fixture
def path(tmp_path: Path) -> Path:
    keyfile.ensure(tmp_path / "keys", now=NOW)
    return tmp_path / "keys"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tokens(path: Path, clock: Clock) -> Tokens:
    return Tokens(Keys(file=path, clock=clock), life_seconds=LIFE, clock=clock)


def test_the_file_is_private_and_shows_nothing(path: Path) -> None:
    (entry,) = keyfile.read(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(entry.seed) == 32
    key = Keys(file=path).signing()
    for text in (repr(entry), repr(key), str(key.jwk())):
        assert entry.d not in text


def test_making_it_again_changes_nothing_but_its_mode(path: Path) -> None:
    before = path.read_text()
    path.chmod(0o644)
    keyfile.ensure(path, now=NOW + 1)
    assert path.read_text() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_many_who_make_it_make_one(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keyfile.ensure(path, now=NOW), range(16)))
        list(pool.map(lambda _: keyfile.rotate(path, now=NOW, keep_seconds=KEEP), range(16)))
    assert len({entry.kid for entry in keyfile.read(path)}) == 17
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_a_rotated_key_is_noticed_by_a_running_process(path: Path, clock: Clock) -> None:
    one, other = tokens(path, clock), tokens(path, clock)
    before = one.issue("ada", ["train"], series="s").access_token
    new = keyfile.rotate(path, now=clock.now, keep_seconds=KEEP)
    after = one.issue("ada", ["train"], series="s").access_token
    assert jwt.get_unverified_header(after)["kid"] == new.kid
    for process in (one, other):
        assert process.verify(before).name == process.verify(after).name == "ada"


def test_the_old_key_is_honoured_as_long_as_its_tokens(path: Path, clock: Clock) -> None:
    process = tokens(path, clock)
    old = process.issue("ada", ["train"], series="s").access_token
    clock.now += 10
    keyfile.rotate(path, now=clock.now, keep_seconds=KEEP)
    clock.now += 49
    assert process.verify(old).name == "ada"
    # A token that would live longer than its key.
    key = Keys(file=path, clock=clock).all()[1]
    claims = {**jwt.decode(old, options={"verify_signature": False}), "exp": NOW + 10_000}
    lasting = jwt.encode(claims, key.signing, algorithm=key.algorithm, headers={"kid": key.kid})
    assert process.verify(lasting).name == "ada"
    clock.now += 41
    with pytest.raises(Unauthenticated, match="another key, or one that ended"):
        process.verify(lasting)


def test_an_ended_key_is_dropped_at_the_next_rotation(path: Path, clock: Clock) -> None:
    first = keyfile.read(path)[0].kid
    second = keyfile.rotate(path, now=NOW, keep_seconds=KEEP).kid
    third = keyfile.rotate(path, now=NOW + 10, keep_seconds=KEEP).kid
    assert [(entry.kid, entry.ends_at) for entry in keyfile.read(path)] == [
        (third, None),
        (second, NOW + 10 + KEEP),
        (first, NOW + KEEP),
    ]
    keyfile.rotate(path, now=NOW + KEEP + 1, keep_seconds=KEEP)
    assert first not in {entry.kid for entry in keyfile.read(path)}


def test_a_rotation_at_once_ends_all_others(path: Path, clock: Clock) -> None:
    process = tokens(path, clock)
    old = process.issue("ada", ["train"], series="s").access_token
    new = keyfile.rotate(path, now=NOW, keep_seconds=0)
    assert [entry.kid for entry in keyfile.read(path)] == [new.kid]
    with pytest.raises(Unauthenticated):
        process.verify(old)


def test_what_is_published_checks_our_tokens(path: Path, clock: Clock) -> None:
    keys = Keys(file=path, shared="s" * 32, clock=clock)
    keyfile.rotate(path, now=NOW, keep_seconds=KEEP)
    published = keys.public()
    assert len(published) == 2
    assert {key["kty"] for key in published} == {"OKP"}
    assert all(key.keys() == {"kty", "crv", "use", "alg", "kid", "x"} for key in published)
    token = Tokens(keys, life_seconds=LIFE, clock=clock).issue("ada", ["train"], series="s").access_token
    theirs = {key["kid"]: jwt.PyJWK(key) for key in published}[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, theirs, audience="mlservice", options={"verify_exp": False, "verify_iat": False})
    assert claims["sub"] == "ada"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kid": "a", "d": "c2hvcnQ", "created_at": 1}]}',
        '{"keys": [{"kid": "a", "d": "!", "created_at": 1}]}',
        '{"keys": [{"kid": "a", "d": 7, "created_at": 1}]}',
        '{"keys": [{"kid": "a"}]}',
        '{"keys": [{"secret": "geheim"}]}',
    ],
)
def test_what_is_no_file_of_keys_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(SettingsError, match="no file of keys") as caught:
        Keys(file=path)
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Keys(file=tmp_path / "none")


def test_a_slip_does_not_end_a_running_process(path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    process = tokens(path, clock)
    token = process.issue("ada", ["train"], series="s").access_token
    good = path.read_text()
    secret = json.loads(good)["keys"][0]["d"]
    for damage in (lambda: path.write_text(good[:-20]), path.unlink):
        damage()
        with caplog.at_level(logging.ERROR):
            assert process.verify(token).name == "ada"
    assert "stay as they were" in caplog.text
    assert secret not in caplog.text


def test_the_settings_say_which_keys(path: Path) -> None:
    given = open_keys(Settings(token_key="k" * 32))
    assert [(key.kid, key.algorithm) for key in given.all()] == [(SHARED_KID, "HS256")]
    assert given.public() == []
    both = open_keys(Settings(token_key="k" * 32, token_keys_file=str(path)))
    assert [key.algorithm for key in both.all()] == ["EdDSA", "HS256"]
    with pytest.raises(SettingsError, match="MLSERVICE_TOKEN_KEYS_FILE"):
        open_keys(Settings())
    with pytest.raises(SettingsError, match="at least 32"):
        open_keys(Settings(token_key="short"))
