"""The console, as tests enter it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser import Seen
from tests.service import Service


def password(service: Service) -> str:
    """Of the first account."""
    return service.home.admin_password.read_text().strip()


@contextmanager
def signed_in(window: Seen, service: Service) -> Iterator[Page]:
    """The page with somebody signed in, which complains of nothing but refusals. The next test finds it as new."""
    window.page.goto(f"{service.url}/")
    sign_in(window.page, service)
    try:
        yield window.page
        assert [said for said in window.complaints if "status of 4" not in said] == []
    finally:
        window.forget()


def sign_in(page: Page, service: Service) -> None:
    """Sign in as the first account, at the page that asks for it, and go to the models."""
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password(service))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    if page.get_by_role("heading", name="Overview", level=1).is_visible() or not urlsplit(page.url).fragment:
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
