"""The two files of the original service, and what the settings make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.config.gateway_file import GATEWAY_FILE, UNITS, token_life_seconds
from tasks.config.properties import TOP, read_properties
from tasks.config.redis_file import REDIS_FILE, RedisAccess, redis_access
from tasks.config.settings import Settings
from tasks.errors import SettingsError

ROOT = Path(__file__).parents[4]
PASSWORDS = [
    "1234pw!@$",
    "a#b ; c",
    "x=y==",
    "\"double\" and 'single'",
    "  spaces at both ends  ",
    "%(name)s ${HOME} `id` $(id) \\n \\",
    "[brackets]",
    "ünï\u2028 \u0085 \x1c 密码 🔑",
    "tab\tand\rreturn",
    "a+b/c?d&e:f",
]


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.properties"


@pytest.mark.parametrize("password", PASSWORDS)
def test_passwords_are_read_as_they_stand(password: str, file: Path) -> None:
    access = RedisAccess(master_password=password, celery_password=password + password)
    write(file, access.text())
    assert redis_access(file) == access


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sections_comments_and_ends_of_lines(end: str, file: Path) -> None:
    lines = ("\ufeff# c", "a=1", "", " ; c", " b = 2 ", "[ s ]", "a==", "[t]", "[s]", "c=[t]", "d=")
    write(file, end.join(lines))
    assert read_properties(file) == {TOP: {"a": "1", "b": " 2 "}, "s": {"a": "=", "c": "[t]", "d": ""}, "t": {}}


def test_no_file_says_nothing(tmp_path: Path) -> None:
    below_a_file = write(tmp_path / "x", "") / "config.properties"
    for path in (tmp_path / "none", below_a_file):
        assert (read_properties(path), token_life_seconds(path), redis_access(path)) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=1\nsecret word\n", "line 2 is not KEY=VALUE"),
        ("=1\n", "line 1 is not KEY=VALUE"),
        ("a=1\nb=2\na=3\n", "line 3 gives a a second time"),
        (b"a=\xff\n", "is not UTF-8"),
    ],
)
def test_a_malformed_file_names_the_line_and_not_what_is_in_it(text: str | bytes, said: str, file: Path) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        read_properties(write(file, text))
    assert str(file) in str(error.value)
    assert "secret" not in str(error.value)


def test_a_folder_in_place_of_a_file_is_an_error(file: Path) -> None:
    file.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_properties(file)


@pytest.mark.parametrize(
    ("expiry", "unit", "seconds"),
    [
        ("2", "days", 172800),
        ("90", "seconds", 90),
        ("1000000", "microseconds", 1),
        ("1999", "milliseconds", 1),
        ("60", "minutes", 3600),
        (" 0.5 ", " hours ", 1800),
        ("1", "weeks", 604800),
    ],
)
def test_the_life_of_a_token(expiry: str, unit: str, seconds: int, file: Path) -> None:
    write(file, f"[auth_info]\nexpiry={expiry}\nexpiry_time_unit = {unit}\n")
    assert token_life_seconds(file) == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[auth_info]\nexpiry=1\nexpiry_time_unit=day\n", "expiry_time_unit must not be 'day': write one of days, "),
        ("[auth_info]\nexpiry=1\n", "expiry_time_unit is missing: write one of"),
        ("[auth_info]\nexpiry_time_unit=days\n", "expiry is missing: write how many days"),
        ("[auth_info]\nexpiry=-1\nexpiry_time_unit=days\n", "expiry must be a positive number, not '-1'"),
        ("[auth_info]\nexpiry=nan\nexpiry_time_unit=days\n", "expiry must be a positive number, not 'nan'"),
        ("[auth_info]\nexpiry=1e999999\nexpiry_time_unit=days\n", "expiry must be a positive number"),
        ("[auth_info]\nexpiry='1'\nexpiry_time_unit=days\n", "expiry must be a positive number"),
        ("[auth_info]\nexpiry=0\nexpiry_time_unit=days\n", "too short: a token lives at least 1 second"),
        ("[auth_info]\nexpiry=999\nexpiry_time_unit=milliseconds\n", "expiry 999 milliseconds is too short"),
        ("[auth_info]\nexpiry=99999999999999999999\nexpiry_time_unit=weeks\n", "is too long"),
        ("[auth_info]\nexpirey=1\n", "expirey is not known: correct or remove it; known are expiry,"),
        ("expiry=1\n[auth_info]\n", "expiry: [auth_info] is the only section"),
        ("[auth]\nexpiry=1\n", "[auth]: [auth_info] is the only section"),
    ],
)
def test_a_wrong_life_names_file_key_and_remedy(text: str, said: str, file: Path) -> None:
    with pytest.raises(SettingsError) as error:
        token_life_seconds(write(file, text))
    assert said in str(error.value)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("REDIS_MASTER_PW=x\n", "REDIS_CELERY_PW is missing"),
        ("REDIS_MASTER_PW=\nREDIS_CELERY_PW=x\n", "REDIS_MASTER_PW is empty"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW= \t\n", "REDIS_CELERY_PW is empty"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nMASTER_USER=a b\n", "MASTER_USER must be a name without spaces"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nMASTER_USER=default\n", "and not default or flower"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nHOST=redis://a/0\n", "HOST must be NAME or NAME:PORT"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nHOST=a:66666\n", "HOST must be NAME or NAME:PORT"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nHOST=a@b\n", "HOST must be NAME or NAME:PORT"),
        ("REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y\nEND_FILE=false\n", "END_FILE must be true"),
        ("REDIS_MASTER_PW=x\nEND_FILE=true\nREDIS_CELERY_PW=y\n", "REDIS_CELERY_PW stands after END_FILE=true"),
        ("REDIS_MASTER_PWD=x\n", "REDIS_MASTER_PWD is not known"),
        ("[redis]\nREDIS_MASTER_PW=x\n", "has a section [redis]: remove that line"),
    ],
)
def test_a_wrong_redis_file_names_file_key_and_remedy(text: str, said: str, file: Path) -> None:
    with pytest.raises(SettingsError) as error:
        redis_access(write(file, text))
    assert said in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_the_end_of_the_redis_file_may_be_left_out(file: Path) -> None:
    write(file, "REDIS_MASTER_PW=x\nREDIS_CELERY_PW=y")
    assert redis_access(file) == RedisAccess(master_password="x", celery_password="y", host="localhost")


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(RedisAccess(master_password="hush", celery_password="hush"))


def test_the_examples_are_right() -> None:
    assert token_life_seconds(ROOT / f"{GATEWAY_FILE}.example") == Settings().token_life_seconds
    access = redis_access(ROOT / f"{REDIS_FILE}.example")
    assert access is not None
    assert access.own
    text = (ROOT / f"{GATEWAY_FILE}.example").read_text()
    assert all(unit in text for unit in UNITS)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"/{GATEWAY_FILE}", f"/{REDIS_FILE}"} <= set(ignored)


def test_the_environment_is_before_the_files_and_they_are_before_the_default(tmp_path: Path) -> None:
    write(tmp_path / GATEWAY_FILE, "[auth_info]\nexpiry=5\nexpiry_time_unit=minutes\n")
    write(tmp_path / REDIS_FILE, "REDIS_MASTER_PW=m\nREDIS_CELERY_PW=p@:/ü\nHOST=redis\nEND_FILE=true\n")
    files = {"MLSERVICE_CONFIG": str(tmp_path)}
    found = Settings.load(files)
    assert (found.token_life_seconds, found.redis_url) == (300, "redis://default:p%40%3A%2F%C3%BC@redis/0")
    found = Settings.load({**files, "MLSERVICE_TOKEN_LIFE_SECONDS": "7", "REDIS_URL": "redis://other"})
    assert (found.token_life_seconds, found.redis_url) == (7, "redis://other")
    (tmp_path / REDIS_FILE).unlink()
    assert Settings.load(files).redis_url == Settings().redis_url


def test_files_in_the_working_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / GATEWAY_FILE, "[auth_info]\nexpiry=5\nexpiry_time_unit=minutes\n")
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).token_life_seconds == 300


def test_a_folder_of_configuration_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MLSERVICE_CONFIG=.* has neither gateway/config.properties nor"):
        Settings.load({"MLSERVICE_CONFIG": str(tmp_path)})
