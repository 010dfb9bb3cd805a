"""What the console costs: its first view, an hour at which nothing happens, and many models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tasks.redis_keys import MODELS_KEY, NAMES_KEY
from tests.browser import Seen, chromium
from tests.console import sign_in
from tests.service import Service

pytestmark = pytest.mark.integration

#: Most bytes that the first view takes, as they are sent (compressed).
FIRST_VIEW: Final = 100_000
#: How many models there are beside those of other tests.
MANY: Final = 10_000
#: How long a page is left alone (seconds).
IDLE: Final = 5


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def window(browser: Browser) -> Iterator[Seen]:
    """One that has nothing of another test at hand."""
    seen = Seen(browser)
    yield seen
    seen.context.close()


@pytest.fixture
def many(service: Service) -> Iterator[list[str]]:
    """Names of models that there are; of more there is nothing to be seen in lists."""
    names = [f"many-{number:05}" for number in range(MANY)]
    with service.master() as client:
        client.sadd(MODELS_KEY, *names)
        client.zadd(NAMES_KEY, dict.fromkeys(names, 0))
        yield names
        client.srem(MODELS_KEY, *names)
        client.zrem(NAMES_KEY, *names)


def sent(page: Page) -> int:
    """Bytes that came over the network for the page, with their headers."""
    found: int = page.evaluate("performance.getEntries().reduce((all, one) => all + (one.transferSize ?? 0), 0)")
    return found


def test_the_first_view_is_small_and_an_idle_one_asks_nothing(window: Seen, service: Service) -> None:
    page = window.page
    page.goto(f"{service.url}/", wait_until="networkidle")
    expect(page.get_by_label("Name")).to_be_visible()
    assert 10_000 < sent(page) < FIRST_VIEW
    sign_in(page, service)
    # The other pages are fetched ahead.
    before = -1
    while before != len(window.requests):
        before = len(window.requests)
        page.wait_for_timeout(1000)
    page.wait_for_timeout(1000 * IDLE)
    assert window.requests[before:] == []


def test_one_of_many_models_is_found_by_its_first_letters(window: Seen, service: Service, many: list[str]) -> None:
    page = window.page
    page.goto(f"{service.url}/")
    sign_in(page, service)
    window.requests.clear()
    page.keyboard.press("Control+k")
    page.keyboard.type(many[-1])
    options = page.get_by_role("listbox", name="Places").get_by_role("option")
    expect(options.filter(has_text=re.compile(f"^{many[-1]}$"))).to_be_visible()
    page.keyboard.press("Escape")
    assert len([url for url in window.requests if "/v1/models?" in url]) < 20, "the list is asked for by its letters"
    page.goto(f"{service.url}/#/new/train")
    model = page.get_by_label("Model", exact=True)
    expect(page.locator("#models option")).to_have_count(100)
    model.fill(many[4321])
    expect(page.locator("#models option")).to_have_count(1)
