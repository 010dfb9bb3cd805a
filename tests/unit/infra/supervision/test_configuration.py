"""The generated configuration, and the command line."""

from __future__ import annotations

import configparser
import io
import os
import subprocess
from pathlib import Path

import pytest

from infra.cli import main, parser
from infra.host.home import Home
from infra.redis_server.embedded import quote, store_url, write_store
from infra.redis_server.place import redis_place
from infra.redis_server.users import users_acl
from infra.supervision.programs import programs, write_supervisor
from infra.supervision.serving import POOL_ON_DEMAND, processes, shares, worker_options
from infra.supervision.up import check_mcp
from tasks.config.gateway_file import GATEWAY_FILE
from tasks.config.machine import memory_bytes
from tasks.config.redis_file import REDIS_FILE, RedisAccess
from tasks.config.settings import Settings
from tasks.contract import FLEETS
from tasks.errors import SettingsError
from tasks.worker.shares import MOST
from tests.service import MLSERVICE


def supervisor(*, embedded: bool) -> configparser.RawConfigParser:
    text = io.StringIO()
    write_supervisor(text, programs(embedded=embedded))
    config = configparser.RawConfigParser()
    config.read_string(text.getvalue())
    return config


def test_without_embedded_redis_there_is_no_valkey() -> None:
    assert "program:valkey" in supervisor(embedded=True)
    assert "program:valkey" not in supervisor(embedded=False)


def test_what_takes_requests_stops_first_and_nginx_only_after_it() -> None:
    config = supervisor(embedded=True)
    ranks = {name: config.getint(f"group:{name}", "priority") for name in ("nginx", "gateway", "background", "store")}
    assert sorted(ranks, key=lambda name: -ranks[name]) == ["gateway", "nginx", "background", "store"]
    assert config.getint("fcgi-program:flower", "priority") == ranks["background"]


def test_stopping_is_over_within_20_seconds() -> None:
    slowest: dict[str, int] = {}
    for program in programs(embedded=True):
        slowest[program.group] = max(slowest.get(program.group, 0), program.stop_seconds)
    assert sum(slowest.values()) < 20


@pytest.mark.parametrize("name", ["plain", "a b", 'qu"ote', "ünïcode", "semi;colon#hash", "back\\slash", "dollar$x"])
def test_valkey_paths_are_quoted(name: str, tmp_path: Path) -> None:
    quoted = quote(tmp_path / name)
    assert quoted[0] == quoted[-1] == '"'
    assert '"' not in quoted[1:-1]
    assert quoted.isascii()


def test_passwords_are_in_no_configuration(tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.prepare()
    access = RedisAccess(master_password='pass "word" >~* \\', celery_password="pass\u2028word +@all ü")
    write_store(home, home.run, access, settings=Settings())
    acl = (home.run / "users.acl").read_text()
    assert "pass" not in acl
    assert home.flower_password() not in acl
    assert acl.isascii()
    names = [line.split()[:4] for line in acl.split("\n")]
    assert names == [*(["user", name, "reset", "on"] for name in ("master", "default", "flower")), []]


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (Settings(), {"appendfsync no", f"maxmemory {memory_bytes() // 2}"}),
        (Settings(redis_sync="always", redis_memory_bytes=1000), {"appendfsync always", "maxmemory 1000"}),
    ],
)
def test_settings_of_the_embedded_store(settings: Settings, lines: set[str], tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.prepare()
    write_store(home, home.run, RedisAccess(master_password="m", celery_password="c"), settings=settings)
    assert lines < set((home.run / "valkey.conf").read_text().splitlines())


def test_an_embedded_store_takes_passwords_of_any_characters(tmp_path: Path) -> None:
    access = RedisAccess(master_password="m", celery_password="a/b@c:d%e ü")
    assert store_url(tmp_path, access) == f"unix://default:a%2Fb%40c%3Ad%25e%20%C3%BC@{tmp_path}/valkey.sock?db=0"


@pytest.mark.parametrize(
    ("host", "environ", "url"),
    [
        ("redis", {}, None),
        ("localhost", {}, None),
        ("other.example", {}, "redis://default:c%23@other.example/0"),
        ("other.example:6380", {}, "redis://default:c%23@other.example:6380/0"),
        ("other.example", {"REDIS_URL": "redis://third/2"}, "redis://third/2"),
    ],
)
def test_which_redis_is_used(host: str, environ: dict[str, str], url: str | None, tmp_path: Path) -> None:
    file = tmp_path / "c" / REDIS_FILE
    file.parent.mkdir(parents=True)
    file.write_text(RedisAccess(master_password="m", celery_password="c#", host=host).text())
    place = redis_place(Home(tmp_path), tmp_path, {**environ, "MLSERVICE_CONFIG": str(tmp_path / "c")})
    assert place.url == (url or f"unix://default:c%23@{tmp_path}/valkey.sock?db=0")
    assert (place.access is None) == (url is not None)


def test_without_a_file_the_home_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / "h")
    home.prepare()
    assert redis_place(home, home.run, {}).access == home.redis_access()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (GATEWAY_FILE, "[auth_info]\nexpiry=2\nexpiry_time_unit=fortnights\n", "expiry_time_unit must not be"),
        (REDIS_FILE, "REDIS_MASTER_PW=x\n", "REDIS_CELERY_PW is missing"),
    ],
)
def test_a_wrong_file_is_one_line_and_no_start(file: Path, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    done = subprocess.run(
        [MLSERVICE, "up", "--port", "0"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"mlservice: {file}, ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / ".mlservice").exists()


def test_users_for_an_outside_redis_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redis-users", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == users_acl(
        Home(tmp_path).redis_access(), flower_password=Home(tmp_path).flower_password()
    )


@pytest.mark.parametrize("fleet", FLEETS)
def test_each_fleet_takes_its_queues(fleet: str) -> None:
    options = worker_options(fleet, processes(fleet, None, Settings()), name="here")
    assert options["hostname"] == f"{fleet}@here"
    assert options["queues"] == list(FLEETS[fleet])
    assert options["pool_cls"] == ("solo" if fleet == "system" else POOL_ON_DEMAND)


def test_trains_and_inits_leave_each_other_a_process() -> None:
    assert shares("train", 2) == {MOST: {"init": 2, "train": 2}}
    assert worker_options("train", 2, name="x")["concurrency"] == 3
    assert shares("estimate", 2) == shares("system", 0) == {}
    assert worker_options("estimate", 2, name="x")["concurrency"] == 2
    assert worker_options("system", 0, name="x")["concurrency"] == 1


def test_numbers_of_processes() -> None:
    assert processes("estimate", None, Settings(estimate_processes=3)) == 3
    assert processes("estimate", 5, Settings(estimate_processes=3)) == 5
    assert processes("train", None, Settings()) >= 2
    with pytest.raises(SettingsError, match="--processes"):
        processes("train", 0, Settings())


def test_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--home", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("mlservice: no service runs in ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["up", "--port", "x"], ["worker", "nobody"], ["user", "add", "ann"]])
def test_a_wrong_command_line_is_exit_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(argv)
    assert stopped.value.code == 2


def test_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    assert "MLSERVICE_MAX_BODY_BYTES=" in capsys.readouterr().out


def test_agents_are_served_where_that_is_asked_for_and_can_be() -> None:
    asked = set(sections(mcp=True)) - set(sections(mcp=False))
    assert asked == {"fcgi-program:mcp"}
    for settings, found in ((Settings(mcp=True), object()), (Settings(), None)):
        check_mcp(settings, find=lambda _, found=found: found)  # type: ignore[misc]
    with pytest.raises(SettingsError, match=r"MLSERVICE_MCP needs .* pip install 'mlservice\[mcp\]'"):
        check_mcp(Settings(mcp=True), find=lambda _: None)


def sections(*, mcp: bool) -> list[str]:
    text = io.StringIO()
    write_supervisor(text, programs(embedded=True, mcp=mcp))
    config = configparser.RawConfigParser()
    config.read_string(text.getvalue())
    return config.sections()
