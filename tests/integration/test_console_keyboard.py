"""The ten things that a team does most in the console, with the keyboard alone, in a narrow and in a wide window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Seen, chromium
from tests.console import password
from tests.keyboard import Keyboard
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "rents"
ROWS: Final = [
    {"area": 20 + at % 83, "city": ("Basel", "Bern")[at % 2], "rent": 12.5 * (20 + at % 83) + 150 * (at % 2)}
    for at in range(300)
]
#: Of the window (pixels).
WIDTHS: Final = (360, 1280)
#: Of a fit, or of what waits for one (ms).
LONG: Final = 30_000


@pytest.fixture(scope="module")
def model(service: Service) -> Service:
    """The service with a model of two versions, the second of which is live, and a task that failed."""
    service.init(MODEL, {"rows": ROWS}, target="rent").raise_for_status()
    for params in ({"num_leaves": 3, "num_iterations": 5}, {"num_iterations": 40}):
        service.train(MODEL, params=params).raise_for_status()
    wait = {"Prefer": "wait=30"}
    body = {"params": {"objective": "nonsense"}}
    assert service.http.post(f"/v1/models/{MODEL}/train", json=body, headers=wait).status_code == 422
    return service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=WIDTHS, ids=str)
def window(browser: Browser, model: Service, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """One in which somebody is signed in, by keys."""
    seen = Seen(browser, viewport={"width": request.param, "height": 800}, accept_downloads=True)
    seen.page.goto(f"{model.url}/")
    enter(Keyboard(seen.page), model)
    yield seen
    seen.context.close()


@pytest.fixture
def keys(window: Seen) -> Iterator[Keyboard]:
    yield Keyboard(window.page)
    assert [said for said in window.complaints if "status of 4" not in said] == []
    width = window.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, "a page scrolls sideways"


def enter(keys: Keyboard, model: Service) -> None:
    keys.write(keys.page.get_by_label("Name"), "admin")
    keys.write(keys.page.get_by_label("Password"), password(model))
    keys.page.keyboard.press("Enter")
    heading(keys.page, "Overview")


def live(model: Service) -> Any:
    return model.http.get(f"/v1/models/{MODEL}").raise_for_status().json()["current"]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=text, level=1)).to_be_focused(timeout=LONG)


def test_a_table_becomes_a_model(keys: Keyboard, tmp_path: Path) -> None:
    page, table = keys.page, tmp_path / "flats.csv"
    table.write_text("area,rent\n" + "".join(f"{at},{at * 3}\n" for at in range(60)))
    keys.go("Upload a table")
    heading(page, "New work")
    name = f"flats-{page.viewport_size['width']}" if page.viewport_size else ""
    keys.write(page.get_by_label("Model", exact=True), name)
    keys.file(page.get_by_label("Table", exact=True), table)
    expect(page.get_by_label("Role of rent")).to_be_visible(timeout=LONG)
    keys.choose(page.get_by_label("Role of rent"), "target")
    expect(page.get_by_label("Target column")).to_have_value("rent")
    expect(page.locator("#answer")).to_contain_text("the target rent makes it regression", timeout=LONG)
    expect(page.get_by_label("Role of rent")).to_be_focused()
    keys.press(page.get_by_role("button", name="Store it"))
    keys.press(page.get_by_role("button", name="Train now"))
    keys.press(page.get_by_role("link", name="Try it"))
    heading(page, f"Try {name}")


def test_a_model_is_trained_with_params_of_ones_own(keys: Keyboard) -> None:
    page = keys.page
    keys.go(f"{MODEL}: train")
    heading(page, "New work")
    keys.press(page.get_by_text(re.compile("^Choose among the")))
    keys.write(page.get_by_label("num_iterations"), "7")
    keys.choose(page.get_by_label("Make it live"), "Never")
    keys.press(page.get_by_role("button", name="Train", exact=True))
    expect(page.locator("#state")).to_have_text("succeeded", timeout=LONG)


def test_a_row_is_tried(keys: Keyboard) -> None:
    page = keys.page
    keys.go(f"{MODEL}: try it")
    heading(page, f"Try {MODEL}")
    shown = page.locator(".prediction .big")
    expect(shown).to_be_visible()
    before = shown.inner_text()
    keys.write(page.get_by_label("area"), "101")
    expect(shown).not_to_have_text(before)
    before = shown.inner_text()
    keys.choose(page.get_by_label("city"), "Be" if page.get_by_label("city").input_value() == "Basel" else "Ba")
    expect(shown).not_to_have_text(before)


def test_a_file_is_predicted(keys: Keyboard, tmp_path: Path) -> None:
    page, table = keys.page, tmp_path / "new.csv"
    table.write_text("size,city\n" + "50,Bern\n" * 20)
    keys.go(f"{MODEL}: try it")
    form = page.locator("form").filter(has=page.get_by_label("File", exact=True))
    keys.file(page.get_by_label("File", exact=True), table)
    keys.choose(form.get_by_label("area"), "size")
    keys.press(form.get_by_role("button", name="Predict"))
    expect(page.locator("#answer").get_by_text("answered: 20 rows")).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        keys.press(page.locator("#answer").get_by_role("button", name="Save all as CSV"))
    assert len(saved.value.path().read_text().splitlines()) == 21


def test_versions_are_compared(keys: Keyboard) -> None:
    page = keys.page
    keys.go(MODEL)
    keys.press(page.get_by_role("link", name="Versions", exact=True))
    for number in (1, 2):
        keys.tick(page.get_by_label(f"Compare version {number}", exact=True))
    keys.press(page.get_by_role("link", name="Compare 2"))
    heading(page, f"Compare versions of {MODEL}")


def test_a_version_is_made_live_and_the_last_one_again(keys: Keyboard, model: Service) -> None:
    page = keys.page
    assert live(model) == 2
    keys.go(MODEL)
    keys.press(page.get_by_role("link", name="Versions", exact=True))
    keys.press(page.get_by_role("link", name=re.compile("^Version 1")))
    heading(page, "Version 1")
    keys.press(page.get_by_role("button", name="Make it live"))
    expect(page.locator(".toast")).to_contain_text("is live now")
    assert live(model) == 1
    keys.press(page.get_by_role("button", name="Undo"))
    expect(page.locator(".toast")).to_have_count(0)
    assert live(model) == 2


def test_a_failed_task_is_found_and_asked_for_again(keys: Keyboard) -> None:
    page = keys.page
    keys.go("Failed tasks")
    keys.write(page.get_by_label("Of model"), MODEL)
    page.keyboard.press("Enter")
    keys.press(page.locator(".tasks li a").first)
    expect(page.locator("#state")).to_have_text("failed")
    keys.press(page.get_by_role("link", name="Again"))
    heading(page, "New work")
    expect(page.get_by_label("objective")).to_have_value("nonsense")
    keys.press(page.get_by_role("button", name="Train", exact=True))
    expect(page.locator("#outcome")).to_contain_text("nonsense", timeout=LONG)
    expect(page.get_by_text("Asked: params")).to_be_visible()


def test_a_report_is_read_beside_another_version(keys: Keyboard, model: Service) -> None:
    page = keys.page
    keys.go(MODEL)
    keys.press(page.get_by_role("link", name="Versions", exact=True))
    keys.press(page.get_by_role("link", name=re.compile("^Version 2")))
    heading(page, "Version 2")
    keys.press(page.get_by_role("link", name="Report"))
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    keys.choose(page.get_by_label("Compare with"), "Version 1")
    expect(page.get_by_role("heading", name=f"Compare versions of {MODEL}")).to_be_visible()


def test_an_account_gets_a_token(keys: Keyboard, model: Service) -> None:
    page = keys.page
    name = f"cleo-{page.viewport_size['width']}" if page.viewport_size else ""
    keys.go("Admin: accounts, keys, settings")
    keys.press(page.get_by_text("Add an account"))
    keys.write(page.get_by_label("Name"), name)
    keys.press(page.get_by_role("button", name="Add", exact=True))
    keys.press(page.get_by_role("link", name="Look at it"))
    heading(page, name)
    keys.press(page.get_by_role("button", name="Make a token"))
    expect(page.get_by_role("status").filter(has_text="A token").locator("code")).to_be_visible()
    keys.press(page.get_by_text(f"Remove {name}"))
    keys.press(page.get_by_role("button", name="Remove for good"))
    heading(page, "Admin")
    assert model.http.get(f"/v1/accounts/{name}").status_code == 404


def test_one_signs_out_and_in_again(keys: Keyboard, model: Service) -> None:
    keys.go("Overview")
    heading(keys.page, "Overview")
    keys.press(keys.page.get_by_role("button", name="Sign out"))
    enter(keys, model)
