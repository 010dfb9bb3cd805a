from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.config.settings import Settings
from tasks.errors import SettingsError


def loaded(url: str, **values: Any) -> Settings:
    return Settings.load({"REDIS_URL": url, **{f"MLSERVICE_{name.upper()}": value for name, value in values.items()}})


def test_a_node_is_as_it_is_given() -> None:
    found = loaded("redis://user:p%40ss@host:7000/2").store
    assert found.url == found.celery_url == found.backend_url == found.shown_url == "redis://user:p%40ss@host:7000/2"
    assert (found.place, found.tls, found.sentinels) == ("host:7000", None, ())
    assert "p%40ss" not in repr(found)


def test_a_socket_has_another_form_for_celery() -> None:
    found = loaded("unix://user:pw@/run/redis%20here.sock?db=3").store
    assert found.celery_url == "redis+socket://user:pw@/run/redis%20here.sock?virtual_host=3"
    assert found.is_socket
    assert found.place == "/run/redis%20here.sock"


def test_tls_is_completed(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    found = loaded("rediss://:pw@host/1", redis_tls_ca_file=str(authority)).store
    completed = f"rediss://:pw@host/1?ssl_cert_reqs=required&ssl_ca_certs={authority}"
    assert found.shown_url == completed
    assert found.celery_url == "rediss://:pw@host/1"
    assert found.tls is not None
    assert found.tls.options() == {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": str(authority),
    }
    # What a URL says already is read, in Celery's spelling as well.
    assert loaded(completed.replace("required", "CERT_REQUIRED")).store == found


@pytest.mark.parametrize(
    "parameters",
    ["ssl_cert_reqs=none", "ssl_cert_reqs=CERT_NONE", "ssl_cert_reqs=optional", "ssl_check_hostname=false"],
)
def test_less_than_verified_is_refused_without_the_setting(parameters: str) -> None:
    with pytest.raises(SettingsError, match=r"REDIS_URL says ssl_.*, so that anybody could be Redis.*REDIS_TLS_VERIFY"):
        loaded(f"rediss://host?{parameters}")
    weak = loaded(f"rediss://host?{parameters}", redis_tls_verify="none").store
    assert weak.tls is not None
    assert weak.tls.options() == {"ssl_cert_reqs": "none", "ssl_check_hostname": False}


def test_the_name_alone_may_be_left_out() -> None:
    weak = loaded("rediss://host", redis_tls_verify="chain").store
    assert weak.tls is not None
    assert weak.tls.options() == {"ssl_cert_reqs": "required", "ssl_check_hostname": False}


def test_sentinels() -> None:
    settings = loaded(
        "sentinel://u:p@one/3;sentinel://two:26380;sentinel://[::1]/3",
        redis_sentinel_master="store",
        redis_sentinel_password="of them",
    )
    found = settings.store
    assert found.sentinels == (("one", 26379), ("two", 26380), ("::1", 26379))
    assert found.url == "redis://u:p@primary/3"
    assert found.celery_url == "sentinel://u:p@one:26379/3;sentinel://u:p@two:26380/3;sentinel://u:p@[::1]:26379/3"
    assert found.backend_url == "sentinel://u:p@one:26379/3;sentinel://two:26380/3;sentinel://[::1]:26379/3"
    assert found.place == "store of one:26379, two:26380, [::1]:26379"
    assert found.access is not None
    assert (found.access.master, found.access.password) == ("store", "of them")
    assert "of them" not in repr(settings)


def test_sentinels_over_tls() -> None:
    found = loaded("sentinels://:p@one;sentinels://two").store
    assert found.url == "rediss://:p@primary/0?ssl_cert_reqs=required&ssl_check_hostname=True"
    assert found.celery_url == "sentinel://:p@one:26379/0;sentinel://:p@two:26379/0"
    assert found.tls is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis+cluster://one:7000", "names a Redis Cluster, which is not supported: name one primary"),
        ("rediss+cluster://one:7000", "names a Redis Cluster"),
        ("http://one", "must begin with redis://, rediss://, unix://, sentinel:// or sentinels://"),
        ("redis://one,two", "names several nodes of Redis"),
        ("redis://one:6379;redis://two:6379", "names several nodes of Redis"),
        ("redis://one?ssl_cert_reqs=required", "TLS begins with rediss://"),
        ("redis://one:port", "is no URL of Redis: Port could not be cast"),
        ("rediss://one?ssl_magic=1", "says ssl_magic=1, which is not known"),
        ("sentinel://one:1,two:2", "each Sentinel by a URL of its own"),
        ("sentinel://one;redis://two", "mixes sentinel:// and redis"),
        ("sentinel://one;two", "mixes sentinel:// and two"),
        ("sentinel://:a@one;sentinel://:b@two", "password and database in its first URL, and no others"),
        ("sentinel://one/0;sentinel://two/1", "password and database in its first URL, and no others"),
        ("sentinel://one/zero", "must end with the number of a database"),
        ("sentinel://one?master=m", "has parameters after '?'"),
        ("sentinel://", "each Sentinel by a URL of its own"),
    ],
)
@pytest.mark.parametrize("variable", ["REDIS_URL", "MLSERVICE_BROKER_URL"])
def test_what_is_refused(variable: str, url: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({variable: url})
    assert str(refused.value).startswith(variable)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"redis_tls_ca_file": "/nowhere"}, "MLSERVICE_REDIS_TLS_CA_FILE: there is no file /nowhere"),
        ({"redis_tls_key_file": "/nowhere"}, "MLSERVICE_REDIS_TLS_KEY_FILE is set without"),
        ({"redis_tls_verify": "sometimes"}, "must be full, chain, none, not 'sometimes'"),
        ({"redis_replicas": "1", "redis_replica_seconds": "1.5"}, "REPLICA_SECONDS must be less than"),
        ({"redis_sync": "no"}, "must be everysec or always"),
    ],
)
def test_what_of_the_rest_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded("rediss://host", **values)
    assert said in str(refused.value)


def test_the_queues_lie_in_the_same_redis() -> None:
    assert loaded("redis://one").broker == loaded("redis://one").store
    assert not loaded("redis://one", broker_url="redis://one").apart
    with pytest.raises(SettingsError, match="MLSERVICE_BROKER_URL names another Redis than REDIS_URL"):
        loaded("redis://one", broker_url="redis://two")
