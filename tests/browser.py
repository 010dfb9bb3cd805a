"""A headless Chromium, and a page with all that it asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.needed import program

#: What Debian and others call it.
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
#: Where pictures are kept, and the variable that says that somebody wants to look at them, if it is set to anything.
PICTURES: Final = Path("build", "screenshots")
WANTED: Final = "SCREENSHOTS"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own; skips the test where there is none, but in CI."""
    path = program(*CHROMIUM, package="chromium")
    with sync_playwright() as playwright:
        # Its own sandbox needs rights that a container does not give.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Seen:
    """A new page with all that it asked for and all that it complained about."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    @property
    def hosts(self) -> set[str]:
        """Whom it asked; what is in the page itself has none."""
        return {urlsplit(url).netloc for url in self.requests}

    def forget(self) -> None:
        """The next test finds it as new. Another page costs a second of the processor's time."""
        self.page.unroute_all()
        self.page.evaluate("localStorage.clear()")
        self.context.set_offline(False)
        self.page.goto("about:blank")
        self.context.clear_cookies()
        self.requests.clear()
        self.complaints.clear()

    def picture(self, name: str) -> None:
        """Keep how the page looks now, whole, for who wants it; a picture takes a third of a second."""
        if not os.environ.get(WANTED):
            return
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
