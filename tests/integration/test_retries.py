"""An error that passes is tried again, with what a caller can see of it; one of the work's own never is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Celery

from tasks.config.settings import Settings
from tasks.errors import InvalidRows, Unavailable
from tasks.registry.version_reports import drawn
from tests.servers import eventually
from tests.site import Site

#: How often work is tried again.
RETRIES = 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose blobs lie in a folder."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "blobs").mkdir()
    env = {
        "MLSERVICE_BLOBS_URL": f"file://{folder}/blobs",
        "MLSERVICE_MAX_RETRIES": str(RETRIES),
        "MLSERVICE_RETRY_SECONDS": "0.2",
    }
    with Site(folder, env) as running, running.worker("train"), running.worker("estimate"):
        yield running


@pytest.fixture
def model(site: Site, request: pytest.FixtureRequest) -> str:
    """A model that no estimate worker has loaded yet."""
    name = request.node.name.replace("_", "-")[:60]
    site.init(name)
    site.client.train(name).result(timeout=20)
    # Drawn when the train has its result, and kept among the blobs.
    drawn(site.registry.reports, name, 1)
    return str(name)


@contextmanager
def without_blobs(site: Site) -> Iterator[None]:
    """The folder of the blobs is not there inside, as when a disk is not mounted."""
    folder, away = site.folder / "blobs", site.folder / "away"
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


def test_work_is_tried_again(site: Site, model: str) -> None:
    with without_blobs(site):
        handle = site.client.estimate(model, rows=[[3]])
        eventually(lambda: handle.task().retries, what="the first retry")
        assert "Error" in str(handle.task().retry_error) or "Unavailable" in str(handle.task().retry_error)
    assert handle.result(timeout=20)["predictions"] == [6]
    assert 1 <= handle.task().retries <= RETRIES


def test_work_is_given_up(site: Site, model: str) -> None:
    with without_blobs(site):
        handle = site.client.estimate(model, rows=[[3]])
        with pytest.raises(Unavailable, match=f"tried {RETRIES + 1} times"):
            handle.result(timeout=30)
    assert handle.task().retries == RETRIES


def test_a_bad_body_is_not_tried_again(site: Site, model: str) -> None:
    handle = site.client.estimate(model, rows=[["three"]])
    with pytest.raises(InvalidRows):
        handle.result(timeout=20)
    assert (handle.task().retries, handle.task().retry_error) == (0, None)


def test_a_direct_call_is_tried_again(site: Site, model: str) -> None:
    with without_blobs(site):
        call = send_estimate(site, model)
        eventually(lambda: call.state == "RETRY", what="the first retry")
    assert call.get(timeout=20)["predictions"] == [6]


def test_a_direct_call_is_given_up(site: Site, model: str) -> None:
    with without_blobs(site), pytest.raises(Exception, match=f"tried {RETRIES + 1} times"):
        send_estimate(site, model).get(timeout=20)


def test_a_redis_that_lost_everything_gives_no_old_answers(site: Site) -> None:
    """A version with the same model and number as one that a worker has in memory."""
    for factor in (2, 5):
        site.redis.flushall()
        site.init("reborn")
        assert site.client.train("reborn", params={"factor": factor}).result(timeout=30)["version"] == 1
        assert site.client.estimate("reborn", rows=[[3]]).result(timeout=20)["predictions"] == [3 * factor]
        assert site.client.estimate("reborn", rows=[[3]], version=1).result(timeout=20)["predictions"] == [3 * factor]


def send_estimate(site: Site, model: str) -> Any:
    """An estimate of the row 3 that bare Celery asks for."""
    url = Settings(redis_url=site.url).broker.shown_url
    app = Celery("elsewhere", broker=url, backend=url)
    return app.send_task("tasks.estimate", kwargs={"model": model, "rows": [[3]]}, queue="estimate", priority=3)
