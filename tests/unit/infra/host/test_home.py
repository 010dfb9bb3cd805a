"""The home folder: secrets, the claim, short sockets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.identity import keyfile
from infra.host.home import FLOWER_HTTP_PASSWORD, RUN, SOCKET_PATH_BYTES, TEMPORARY, Home, suits_sockets
from infra.host.service import Service
from infra.host.temporary import SOCKET_NAME
from tasks.errors import Conflict, SettingsError, Unavailable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.prepare()
    return home


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folders_and_secrets_are_private(home: Home) -> None:
    assert {mode(folder) for folder in (home.root, home.secrets, home.run, home.redis)} == {0o700}
    assert {mode(secret) for secret in home.secrets.iterdir()} == {0o600}
    assert len(keyfile.read(home.token_keys)) == 1


def test_preparing_again_keeps_the_secrets(home: Home) -> None:
    (home.secrets / FLOWER_HTTP_PASSWORD).chmod(0o644)
    before = home.secret(FLOWER_HTTP_PASSWORD)
    home.prepare()
    assert home.secret(FLOWER_HTTP_PASSWORD) == before
    assert {mode(secret) for secret in home.secrets.iterdir()} == {0o600}


def test_the_first_password_is_made_once_and_private(home: Home) -> None:
    assert not home.admin_password.exists()
    made = home.first_password()
    assert len(made) >= 32
    home.admin_password.chmod(0o644)
    assert home.first_password() == made
    assert mode(home.admin_password) == 0o600


def test_an_existing_root_keeps_its_mode(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    root.mkdir(mode=0o755)
    Home(root).prepare()
    assert mode(root) == 0o755


def test_a_home_is_held_once(home: Home) -> None:
    with home.claim(), pytest.raises(Conflict, match="already"), home.claim():
        pytest.fail("it was held twice")
    with home.claim():
        pass


def test_a_missing_secret_names_the_home(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="--home"):
        Home(tmp_path).secret("admin.password")


def test_sockets_of_a_deep_home_are_elsewhere_and_vanish(tmp_path: Path) -> None:
    home = Home(tmp_path / ("d" * SOCKET_PATH_BYTES))
    home.prepare()
    with home.sockets({"TMPDIR": "/tmp"}) as found:
        sockets = found.folder
        assert len(os.fsencode(sockets / "supervisor.sock.4194304")) <= SOCKET_PATH_BYTES
        assert mode(sockets) == 0o700
        assert len(os.fsencode(sockets / TEMPORARY / "worker-estimate" / SOCKET_NAME[1:])) <= SOCKET_PATH_BYTES
    assert not sockets.exists()


def test_sockets_are_where_their_paths_suit(tmp_path: Path) -> None:
    assert suits_sockets(Path("/home/ann/my service/ü/.mlservice/run"))
    assert not suits_sockets(Path("/home/ann/unix:/.mlservice/run"))
    assert not suits_sockets(Path("/home/ann/\udcff/.mlservice/run"))
    home, deep = Home(tmp_path / "unix:"), tmp_path / ("d" * SOCKET_PATH_BYTES)
    home.prepare()
    deep.mkdir()
    with home.sockets({"TMPDIR": str(deep)}) as found:
        assert suits_sockets(found.folder)
        assert (found.folder / RUN).samefile(home.run)


def test_a_home_whose_path_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"xff.*--home"):
        Home(tmp_path / "\udcff").prepare()


def test_a_service_is_found_only_while_it_runs(home: Home) -> None:
    service = Service(pid=1, url="http://127.0.0.1:1", sockets=str(home.run))
    with home.claim(), home.announced(service):
        assert home.service() == service
    with home.announced(service), pytest.raises(Unavailable, match="no service runs"):
        home.service()


def test_the_password_of_flower_stays(home: Home) -> None:
    assert home.flower_password() == home.flower_password()
    assert mode(home.secrets / "redis-flower.password") == 0o600


def test_passwords_of_redis_are_made_once_and_private(home: Home) -> None:
    made = home.redis_access()
    assert made == home.redis_access()
    assert made.own
    assert made.master_password != made.celery_password
    assert min(len(made.master_password), len(made.celery_password)) >= 32
    assert mode(home.secrets / "redis.properties") == 0o600


def test_what_up_settled_is_remembered_in_private(home: Home) -> None:
    assert home.remembered() == {}
    home.remember({"REDIS_URL": "unix:///s"})
    assert home.remembered() == {"REDIS_URL": "unix:///s"}
    assert {mode(secret) for secret in home.secrets.iterdir()} == {0o600}
