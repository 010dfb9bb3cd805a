"""The report of a version: made by its train, served by the gateway, seen by a browser; and versions without one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import httpx
import pyarrow as pa
import pytest
import redis
from playwright.sync_api import Browser

from tasks.contract import Media, State
from tasks.learning import fitting
from tasks.redis_keys import REPORTS_KEY
from tasks.registry.models_registry import Registry
from tasks.registry.version_reports import DRAWN_SECONDS, Report, drawn
from tests.browser import Seen, chromium
from tests.frail import RAISES, SETTING
from tests.integration.test_formats import parquet_body
from tests.problems import refused
from tests.service import Service
from tests.site import Site
from tests.unit.tasks.estimators.test_estimators import data
from tests.workers import Worker, learn_sums

PROBLEMS = ("regression", "binary", "multiclass")
#: A name that would run, if it were not escaped.
EVIL = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def models(service: Service) -> dict[str, str]:
    """Models of two versions each, by problem."""
    for problem in PROBLEMS:
        table = data(problem, 900).rename_columns([EVIL, "z", "flag", "t/ü", "target"])
        body = parquet_body(table.append_column("long " * 30, pa.array(range(900))))
        made = service.init(f"report-{problem}", body, target="target", media=Media.PARQUET.value)
        assert made.status_code == 200, made.text
        for leaves in (31, 7):
            trained = service.train(f"report-{problem}", params={"num_iterations": 30, "num_leaves": leaves})
            assert trained.status_code == 200, trained.text
    return {problem: f"report-{problem}" for problem in PROBLEMS}


def report(service: Service, model: str, version: object = 2, **headers: str) -> httpx.Response:
    return service.http.get(f"/v1/models/{model}/versions/{version}/report", headers=headers)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_version_has_its_report_as_soon_as_its_train_has_ended(
    service: Service, models: dict[str, str], problem: str
) -> None:
    first, second = (report(service, models[problem], version) for version in (1, 2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Compared with version 1" in second.text
    assert "Compared with" not in first.text
    metrics = service.http.get(f"/v1/models/{models[problem]}/versions/2").json()["metrics"]
    assert all(name.replace("_", " ") in second.text for name in metrics)


def test_headers_and_etag(service: Service, models: dict[str, str]) -> None:
    found = report(service, models["binary"])
    assert found.headers["Content-Type"].startswith("text/html")
    policy = found.headers.get_list("Content-Security-Policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in policy[0]
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Cache-Control"] == "private, no-cache"
    etag = found.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{64}"', etag)
    again = report(service, models["binary"], **{"If-None-Match": f'W/"other", {etag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert report(service, models["binary"], **{"If-None-Match": '"other"'}).content == found.content
    assert report(service, models["binary"], 1).headers["ETag"] != etag


def test_who_may_not_see_the_model_may_not_see_its_report(service: Service, models: dict[str, str]) -> None:
    answer = httpx.get(f"{service.url}/v1/models/{models['binary']}/versions/1/report")
    refused(answer, 401)


def test_unknown_versions_and_those_without_a_report(service: Service, models: dict[str, str]) -> None:
    refused(report(service, models["binary"], 99), 404, "no version 99")
    refused(report(service, "never-made", 1), 404, "no model")
    refused(report(service, models["binary"], "x"), 404, "no version")
    with redis.Redis.from_url(service.redis_url) as client:
        client.hdel(REPORTS_KEY.format(model=models["multiclass"]), "1")
    refused(report(service, models["multiclass"], 1), 404, "no report", "older release", "train again")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def window(browser: Browser, service: Service) -> Iterator[Seen]:
    """One window for all reports."""
    found = Seen(browser, extra_http_headers={"Authorization": service.http.headers["Authorization"]})
    yield found
    found.context.close()


@pytest.fixture
def seen(window: Seen) -> Iterator[Seen]:
    """The window, without what was seen in it before."""
    yield window
    window.forget()


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (360, "light"), (320, "dark")])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_in_a_browser(
    seen: Seen,
    service: Service,
    models: dict[str, str],
    problem: str,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    page, url = seen.page, f"{service.url}/v1/models/{models[problem]}/versions/2/report"
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(url, wait_until="networkidle")
    seen.picture(f"report-{problem}-{width}-{scheme}")
    assert [asked for asked in seen.requests if not asked.startswith("data:")] == [url]
    assert not seen.complaints
    assert page.title() == f"{models[problem]} version 2"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figures = page.locator("figure svg")
    assert figures.count() == (4 if problem == "regression" else 3)
    for figure in figures.all():
        box = figure.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 100
        assert figure.locator("path").count() > 5
        assert figure.locator("text").first.is_visible()
    # Words are drawn inside of their figures.
    outside = """svg => { const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll("text")].filter(text => { const b = text.getBoundingClientRect();
            return b.left < box.left - 4 || b.right > box.right + 4 }).map(text => text.textContent) }"""
    assert [figure.evaluate(outside) for figure in figures.all()] == [[]] * figures.count()
    paper, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        ".map(c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0))"
    )
    assert (paper > ink + 300) if scheme == "light" else (ink > paper + 300)
    assert EVIL in page.locator("main").inner_text()


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Worker]]:
    """A site whose models fail while their report is made."""
    with Site(tmp_path_factory.mktemp("site"), SETTING) as site, site.worker("train") as worker:
        yield site, worker


def test_a_train_whose_worker_ends_over_its_report_succeeds_without_one(frail: tuple[Site, Worker]) -> None:
    site, worker = frail
    site.init("ends")
    handle = site.client.train("ends")
    result = handle.result(timeout=60)
    assert (result["version"], result["promoted"]) == (1, True)
    worker.wait_for("exited with 'signal 9")
    found = site.registry.reports.get("ends", 1)
    assert found is not None
    assert (found.digest, found.reason, found.awaited) == ("", "its worker ended while it was made", True)
    assert site.versions("ends") == [1]
    assert (handle.task().state, handle.result(timeout=1)) == (State.SUCCEEDED, result)


def test_a_report_is_awaited_for_a_while_only() -> None:
    now = time.time()
    assert Report(reason="r", began=now).awaited
    assert not Report(reason="r", began=now - DRAWN_SECONDS - 1).awaited
    assert not Report(reason="r").awaited


def test_a_report_that_is_being_drawn_is_waited_for(service: Service, models: dict[str, str]) -> None:
    model = models["regression"]
    page = report(service, model).text
    with redis.Redis.from_url(service.redis_url) as client:
        registry = Registry(client)
        made = registry.reports.get(model, 2)
        assert made is not None
        with ThreadPoolExecutor(1) as pool:
            registry.reports.set(model, 2, Report(reason="it is drawn", began=time.time()))
            try:
                asked = pool.submit(report, service, model)
                with pytest.raises(TimeoutError):
                    asked.result(timeout=0.5)
            finally:
                registry.reports.set(model, 2, made)
            assert asked.result(timeout=10).text == page
        registry.reports.set(model, 2, Report(reason="its worker ended", began=time.time() - DRAWN_SECONDS - 1))
        try:
            refused(report(service, model), 404, "no report", "its worker ended")
        finally:
            registry.reports.set(model, 2, made)


def test_a_train_whose_report_raises_succeeds_without_one(frail: tuple[Site, Worker]) -> None:
    site, _ = frail
    site.init("raises")
    handle = site.client.train("raises", params={"factor": RAISES})
    assert handle.result(timeout=60)["version"] == 1
    found = drawn(site.registry.reports, "raises", 1)
    assert found is not None
    assert (found.digest, found.reason, found.awaited) == ("", "RuntimeError: a report is <too> much", False)


def test_a_train_that_is_delivered_again_makes_the_report_that_is_missing(
    redis_client: redis.Redis, valkey_server: Any
) -> None:
    runtime = learn_sums(valkey_server.redis_url, "sums", drawn=True)
    before = runtime.registry.reports.get("sums", 1)
    assert before is not None
    redis_client.delete(REPORTS_KEY.format(model="sums"))
    assert fitting.result_of(runtime, "sums", 1)["version"] == 1
    after = runtime.registry.reports.get("sums", 1)
    assert after is not None
    assert runtime.blobs.get(after.digest) == runtime.blobs.get(before.digest)
