"""Every page of the console as axe-core judges it, in both themes and widths: what is grave or worse is a fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import Seen, chromium
from tests.console import sign_in
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "judged"
ROWS: Final = [{"area": area, "city": "Bern" if area % 2 else "Basel", "price": 3.5 * area} for area in range(80)]
#: What is a fault; `moderate` and `minor` are shown with `-rA`.
GRAVE: Final = ("serious", "critical")
#: Pages by the address behind `#`, with a heading that says that they are there.
PAGES: Final = {
    "/overview": "Overview",
    "/models": "Models",
    **{f"/models/{MODEL}{part}": MODEL for part in ("", "/data", "/versions", "/activity", "/api", "/settings")},
    f"/models/{MODEL}/1": "Version 1",
    f"/models/{MODEL}/compare/1-2": f"Compare versions of {MODEL}",
    f"/models/{MODEL}/try": f"Try {MODEL}",
    "/new": "New work",
    "/new/train": "New work",
    "/new/estimate": "New work",
    "/tasks": "Tasks",
    "/dead": "Failed for good",
    "/queues": "Queues",
    "/webhooks": "Webhooks",
    "/admin": "Admin",
    "/admin/admin": "admin",
}
WIDTHS: Final = (1280, 360)
#: Waits for the end of all that moves.
ENDED: Final = "Promise.allSettled(document.getAnimations().map(one => one.finished)).then(() => null)"
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


@pytest.fixture(scope="module")
def window(service: Service) -> Iterator[Seen]:
    """Somebody signed in at a service with a model of two versions."""
    service.init(MODEL, {"rows": ROWS}, target="price").raise_for_status()
    for _ in range(2):
        service.train(MODEL, params={"num_iterations": 5}).raise_for_status()
    with chromium() as browser:
        seen = Seen(browser)
        seen.page.goto(f"{service.url}/")
        yield seen


def faults(page: Page) -> list[str]:
    """What is grave, with where it is."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    for one in found:
        print(one["impact"], one["id"], [node["target"] for node in one["nodes"]][:3])
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found
        if one["impact"] in GRAVE
    ]


def judged(seen: Seen, subtests: pytest.Subtests, name: str) -> None:
    """The page as it is, in both widths and themes."""
    page = seen.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            # What was busy is pale for a moment: its colors are those that it has at the end.
            page.evaluate(ENDED)
            seen.picture(f"{name.strip('/').replace('/', '-')}-{width}-{scheme}")
            with subtests.test(f"{name}, {width}, {scheme}"):
                assert faults(page) == []


def test_a_fault_would_be_seen(window: Seen) -> None:
    page = window.page
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(fault.startswith("image-alt:") for fault in faults(page))
    page.reload()


def test_no_page_has_a_grave_fault(window: Seen, service: Service, subtests: pytest.Subtests) -> None:
    page = window.page
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    judged(window, subtests, "sign-in")
    sign_in(page, service)
    task = service.http.get("/v1/tasks?kind=train&limit=1").json()["tasks"][0]["id"]
    for place, heading in {**PAGES, f"/tasks/{task}": f"Train {MODEL}"}.items():
        page.evaluate("place => { location.hash = place }", f"#{place}")
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.locator("main[aria-busy]")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        judged(window, subtests, place)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("listbox", name="Places")).to_be_visible()
    judged(window, subtests, "palette")
    page.keyboard.press("Escape")
    page.goto(f"{service.url}/console/report.html#{MODEL}/1")
    expect(page.frame_locator("iframe").get_by_role("heading", name=MODEL).first).to_be_visible(timeout=30_000)
    judged(window, subtests, "report")
