"""The console, as tests enter it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.service import Service


def password(service: Service) -> str:
    """Of the first account."""
    return service.home.admin_password.read_text().strip()


def sign_in(page: Page, service: Service) -> None:
    """Sign in as the first account, at the page that asks for it."""
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password(service))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
