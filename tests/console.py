"""The console, as tests enter it."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.service import Service


def password(service: Service) -> str:
    """Of the first account."""
    return service.home.admin_password.read_text().strip()


def sign_in(page: Page, service: Service) -> None:
    """Sign in as the first account, at the page that asks for it, and go to the models."""
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password(service))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    if page.get_by_role("heading", name="Overview", level=1).is_visible() or not urlsplit(page.url).fragment:
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
