"""`/openapi.yml` and the page `/docs`, as a browser sees it: nothing from elsewhere, "authorize" and "try it" work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gateway.resources.docs import ASSETS, DEFINITION
from tests.browser import Seen, chromium
from tests.definition import definition
from tests.problems import refused
from tests.service import Service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture
def seen(browser: Browser, service: Service) -> Iterator[Seen]:
    """The page, open and drawn."""
    found = Seen(browser)
    found.page.goto(f"{service.url}/docs")
    found.page.locator(".opblock").first.wait_for()
    yield found
    found.context.close()


def block(page: Page, operation: str) -> Locator:
    """An operation's part of the page."""
    return page.locator(f'[id$="-{operation}"]')


def answer(page: Page, operation: str) -> Locator:
    """What the service answered to it: the status, then headers and body."""
    return block(page, operation).locator(".live-responses-table .response")


#: What the keys of a path's item may be that are operations (OpenAPI 3.1).
METHODS: Final = ("get", "head", "put", "post", "patch", "delete")


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(seen: Seen, service: Service) -> None:
    paths = definition()["paths"].values()
    operations = [operation for item in paths for operation in item if operation in METHODS]
    expect(seen.page.locator(".opblock")).to_have_count(len(operations))
    expect(seen.page.locator("h1, h2").filter(has_text="mlservice").first).to_be_visible()
    assert seen.hosts - {""} == {urlsplit(service.url).netloc}
    assert not seen.complaints


def test_authorize_and_try_it(seen: Seen, service: Service) -> None:
    page = seen.page
    block(page, "listModels").locator(".opblock-summary-control").click()
    execute = block(page, "listModels").get_by_role("button", name="Execute")
    execute.click()
    expect(answer(page, "listModels")).to_contain_text("urn:mlservice:error:unauthenticated")
    page.locator(".btn.authorize").first.click()
    # The first of the forms is that of `account`, which fetches the token by itself.
    form = page.locator(".auth-container").first
    form.get_by_label("client_id:").fill("admin")
    form.get_by_label("client_secret:").fill(service.home.admin_password.read_text().strip())
    form.get_by_role("button", name="Apply given OAuth2 credentials").click()
    form.get_by_role("button", name="Remove authorization").wait_for()
    form.get_by_role("button", name="Close").click()
    execute.click()
    expect(answer(page, "listModels")).to_contain_text('"models"')
    expect(answer(page, "listModels")).to_contain_text("200")
    assert seen.hosts - {""} == {urlsplit(service.url).netloc}


def test_files_have_their_types(service: Service) -> None:
    file = httpx.get(f"{service.url}/openapi.yml")
    assert file.headers["Content-Type"] == "application/yaml"
    assert file.content == DEFINITION.read_bytes()
    for name, (folder, media) in ASSETS.items():
        file = httpx.get(f"{service.url}/docs/{name}")
        assert file.headers["Content-Type"] == media
        assert file.content == (folder / name).read_bytes()
        assert "max-age" in file.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js", "..%2fml-service.yml", "%2e%2e%2fasgi.py"])
def test_no_other_file_is_shown(service: Service, name: str) -> None:
    refused(httpx.get(f"{service.url}/docs/{name}"), 404)
