"""Somebody who has a keyboard alone: every step is a key."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

#: As many steps are taken to what is looked for.
STEPS: Final = 150


class Keyboard:
    """The keys of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._keys = page.keyboard
        # From now on no window of the system opens.
        page.on("filechooser", lambda _: None)

    def reach(self, wanted: Locator) -> None:
        """Tab until it has the focus, which is then to be seen."""
        expect(wanted).to_be_visible()
        for _ in range(STEPS):
            if wanted.evaluate("node => node === document.activeElement"):
                assert wanted.evaluate("node => getComputedStyle(node).outlineStyle") != "none", "the focus is not seen"
                return
            self._keys.press("Tab")
        raise AssertionError(f"{wanted} is not reached")

    def press(self, wanted: Locator) -> None:
        """A link or a button."""
        self.reach(wanted)
        self._keys.press("Enter")

    def tick(self, wanted: Locator) -> None:
        """A box, or what is unfolded."""
        self.reach(wanted)
        self._keys.press("Space")

    def write(self, wanted: Locator, text: str) -> None:
        """In place of what is in the field."""
        self.reach(wanted)
        self._keys.press("Control+A")
        self._keys.type(text)

    def choose(self, wanted: Locator, text: str) -> None:
        """An entry of a menu, by its first letters."""
        self.reach(wanted)
        self._keys.type(text)

    def file(self, wanted: Locator, path: Path) -> None:
        """A file, in the window that the browser opens for it."""
        self.reach(wanted)
        with self.page.expect_file_chooser() as opened:
            self._keys.press("Enter")
        opened.value.set_files(path)

    def go(self, place: str) -> None:
        """To a page, by the palette."""
        self._keys.press("Control+k")
        entry = self.page.get_by_role("combobox", name="Go to")
        expect(entry).to_be_focused()
        self._keys.type(place)
        first = self.page.get_by_role("listbox", name="Places").get_by_role("option").first
        expect(first).to_have_text(place)
        self._keys.press("Enter")
        expect(entry).to_have_count(0)
