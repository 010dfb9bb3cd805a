"""The console at `/`, as a browser shows it and people use it."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from infra.nginx.console_files import CONSOLE
from tasks.config.areas.http import HttpSettings
from tasks.formatting import plain
from tasks.ledger.uploads import MOST_KEPT
from tasks.redis_keys import MODELS_KEY
from tests.browser import Seen, chromium
from tests.commands import add_account
from tests.console import password, sign_in
from tests.fielded import OFFER
from tests.problems import refused
from tests.receiving import NETWORK, receiving
from tests.servers import eventually
from tests.service import Service
from tests.slow import ENVIRONMENT

pytestmark = pytest.mark.integration

#: What Chromium says of an answer that is an error, which the console then shows.
REFUSAL: Final = re.compile(r"Failed to load resource: the server responded with a status of \d+")
TABLE: Final = "area,rooms,price\n" + "".join(
    f"{area},{rooms},{area * 3000 + rooms * 7000 + (area * 7919 % 101) * 150}\n"
    for area in range(30, 130)
    for rooms in (1, 2, 3, 4)
)
#: What an estimate of it shows of a row: the column that moves it most is first.
EXPLAINED: Final = ("Base", "area", "rooms", "Together")
#: Takes the token back behind the page's back.
END_TOKEN: Final = "async () => { await fetch('/v1/session', {method: 'DELETE', headers: {'X-Mlservice-Page': '1'}}) }"


class Look(NamedTuple):
    """How large the window is (pixels), and what its user prefers."""

    width: int
    height: int
    scheme: Literal["dark", "light"]


WAIT: Final = {"Prefer": "wait=30"}
ROWS: Final = [{"x": x, "y": 2.5 * x} for x in range(60)]
WIDE: Final = Look(1280, 720, "light")
#: Iterations of a train that is watched, and of one that is cancelled.
WATCHED: Final = 40
LONG: Final = 3000


@pytest.fixture(scope="module")
def slow_service() -> Iterator[Service]:
    """A service with an estimator whose trains take their time."""
    offered = f"{ENVIRONMENT['MLSERVICE_ESTIMATORS']},{OFFER}"
    names = {"MLSERVICE_ESTIMATORS": offered, "MLSERVICE_WEBHOOK_NETWORKS": NETWORK}
    with Service(env={**ENVIRONMENT, **names}) as running:
        rows = {"rows": [{"x": x, "y": 2 * x} for x in range(50)]}
        running.init("patience", rows, target="y", estimator="slow").raise_for_status()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Seen]:
    """One window for all tests."""
    found = Seen(browser)
    yield found
    found.context.close()


@pytest.fixture
def seen(window: Seen, slow_service: Service) -> Iterator[Seen]:
    """The console, open. Afterwards it has asked nobody else, and complained of nothing but refusals."""
    looks(window.page, WIDE)
    window.page.goto(f"{slow_service.url}/")
    try:
        yield window
        assert window.hosts - {""} == {urlsplit(slow_service.url).netloc}
        assert [said for said in window.complaints if not REFUSAL.match(said)] == []
    finally:
        window.forget()


def looks(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": look.height})
    page.emulate_media(color_scheme=look.scheme)


def upload(page: Page, model: str, file: Path) -> None:
    page.get_by_role("link", name="New work").first.click()
    page.get_by_label("Model").fill(model)
    page.get_by_label("Table").set_input_files(file)
    page.get_by_label("Target column").fill("price")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#outcome")).to_contain_text("400 rows are kept", timeout=30_000)
    expect(page.locator("#outcome").get_by_role("row").filter(has_text="price")).to_contain_text("target")


def train(page: Page, model: str, params: str) -> None:
    page.get_by_role("link", name="New work").first.click()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Train", level=2)).to_be_visible()
    page.get_by_label("Model").select_option(model)
    page.get_by_label("Parameters").fill(params)
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_role("heading", name=re.compile(f"^Train {model}"))).to_be_visible()


def test_a_new_user_goes_all_the_way(seen: Seen, slow_service: Service, tmp_path: Path) -> None:
    page = seen.page
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("a wrong one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong: check both")
    seen.picture("sign-in-wrong")
    sign_in(page, slow_service)
    file = tmp_path / "housing.csv"
    file.write_text(TABLE)
    upload(page, "housing", file)
    seen.picture("uploaded")
    train(page, "housing", '{"num_iterations": 120}')
    expect(page.locator("#state")).to_have_text("succeeded", timeout=60_000)
    expect(page.locator("figure svg").first).to_be_visible()
    seen.picture("trained")
    page.get_by_role("link", name="Version 1 of housing").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    curve = page.locator("figure polyline")
    expect(curve.first).to_be_visible()
    kept = slow_service.http.get("/v1/models/housing/versions/1").json()["curve"]
    points = curve.first.get_attribute("points")
    assert points is not None
    assert len(points.split()) == len(kept["lines"]["train"]["iterations"])
    expect(page.get_by_text("area", exact=True)).to_be_visible()
    seen.picture("version")
    page.get_by_role("link", name="Report").click()
    report = page.frame_locator("iframe")
    # It is drawn after the version is made.
    expect(report.get_by_role("heading", name="housing").first).to_be_visible(timeout=30_000)
    expect(report.locator("svg").first).to_be_visible()
    seen.picture("report")
    page.get_by_role("link", name="Back to the version").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    page.get_by_role("link", name="New work").click()
    page.get_by_role("link", name="Predict", exact=True).click()
    expect(page.get_by_role("heading", name="Predict", level=2)).to_be_visible()
    page.get_by_label("Model").select_option("housing")
    page.get_by_label("Rows", exact=True).fill("area,rooms\n50,2\n100,3\n")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer tbody tr")).to_have_count(2, timeout=30_000)
    seen.picture("estimated")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all as CSV").click()
    told = slow_service.estimate("housing", {"rows": [[50, 2], [100, 3]]}).json()["predictions"]
    assert saved.value.path().read_text().split() == ["prediction", *map(str, told)]
    expect(page.get_by_role("heading", name="What each column contributes")).to_have_count(0)
    page.get_by_label("Explain").check()
    page.get_by_role("button", name="Predict").click()
    together = page.locator(".why details").first.locator(".sum .number")
    expect(together).to_have_text(page.locator("#answer tbody td").nth(1).inner_text())
    expect(page.locator(".why details").first.locator("li")).to_have_text(
        [re.compile(f"^{name}") for name in EXPLAINED]
    )
    seen.picture("explained")
    page.get_by_label("Rows", exact=True).fill("area\n50\n")
    page.get_by_role("button", name="Predict").click()
    noted = page.locator("#answer").get_by_label("Findings").locator("li")
    expect(noted).to_contain_text("column 'rooms' misses 1 value where training missed none (line 2): taken as ")
    seen.picture("estimate-noted")
    page.get_by_label("Rows", exact=True).fill("area,rooms\n50,2\n\n50,many\n")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 4, column 'rooms': is 'many' where a number belongs")
    seen.picture("estimate-refused")
    page.get_by_label("Rows", exact=True).fill('{"rows": [[50, 2], [50, "many"]]}')
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("Row 1, column 'rooms'")
    expect(page.get_by_role("alert")).to_contain_text("/rows/1/1 (counted from 0)")
    page.get_by_role("link", name="Models").first.click()
    link = page.get_by_role("link", name="housing")
    rmse = slow_service.http.get("/v1/models/housing").json()["versions"][0]["metrics"]["rmse"]
    expect(link).to_contain_text(f"rmse {plain(rmse)}")
    expect(link).to_contain_text(re.compile(r"version 1 answers, trained (.* ago|just now)"))
    expect(link.locator(".spark polyline")).to_be_visible()
    seen.picture("models")


def test_a_train_is_watched_live_and_shows_what_the_api_tells(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    train(page, "patience", f'{{"iterations": {WATCHED}}}')
    bar = page.get_by_role("progressbar")
    expect(page.get_by_text(re.compile(rf"Iteration \d+ of {WATCHED}, .* left"))).to_be_visible(timeout=30_000)
    expect(page.locator("figure svg").first).to_be_visible()
    first = float(bar.get_attribute("value") or 0)
    page.wait_for_function("before => document.querySelector('progress').value > before", arg=first)
    seen.picture("train-live")
    expect(page.locator("#state")).to_have_text("succeeded", timeout=60_000)
    expect(page).to_have_title("Train patience: succeeded · mlservice")
    newest = slow_service.http.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]
    told = slow_service.http.get(f"/v1/tasks/{newest}").json()["progress"]["metrics"]
    for rows in ("train", "holdout"):
        expect(page.locator("figcaption")).to_contain_text(f"{rows} {told[rows]['loss']:g}")
    # The curve that is kept has every iteration.
    page.wait_for_function(f"document.querySelector('figure polyline').points.length === {WATCHED}")
    expect(page.locator(".facts")).to_contain_text(re.compile(r"Took\d"))
    page.get_by_role("button", name="Copy the id").click()
    assert page.evaluate("getSelection().toString()") == newest


def test_params_that_an_estimator_names_are_fields(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    slow_service.estimators("fielded")
    # It needs no table, so that none is asked for.
    page.goto(f"{slow_service.url}/#/new/init")
    page.get_by_label("Model").fill("fields")
    expect(page.locator("#estimators option[value=fielded]")).to_be_attached()
    page.get_by_label("Estimator").fill("fielded")
    page.get_by_label("Estimator").press("Tab")
    scale = page.get_by_label("scale")
    expect(scale).to_have_attribute("placeholder", "1")
    scale.fill("2")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#state")).to_have_text("succeeded", timeout=30_000)
    page.goto(f"{slow_service.url}/#/new/train/fields")
    rounds = page.get_by_label("rounds")
    expect(rounds).to_have_attribute("placeholder", "3")
    assert refers(rounds, "how often it looks (from 1 to 9)")
    expect(page.get_by_label("Parameters")).to_be_hidden()
    seen.picture("params")
    rounds.fill("12")
    page.get_by_role("button", name="Train").click()
    # The browser says of it what is wrong.
    expect(rounds).to_have_attribute("aria-invalid", "true")
    rounds.fill("4")
    page.get_by_label("rate").fill("0.25")
    page.get_by_label("pace").select_option("fast")
    page.get_by_label("gentle").select_option("yes")
    page.get_by_role("button", name="Train").click()
    expect(page.locator("#state")).to_have_text("succeeded", timeout=30_000)
    assert slow_service.http.get("/v1/models/fields").json()["snapshot"]["options"] == {"scale": 2.0}
    version = slow_service.http.get("/v1/models/fields/versions/1").json()
    assert version["params"] == {"rounds": 4, "rate": 0.25, "pace": "fast", "gentle": True}
    assert version["params_used"] == {**version["params"], "remark": ""}
    said = slow_service.http.post("/v1/models/fields/estimate", json={"rows": [[1]]}, headers=WAIT).json()
    assert said["predictions"] == [0.5]
    # Of an estimator that takes others, too, the most common are there and out of the way.
    slow_service.init("plain", {"rows": ROWS}, target="y").raise_for_status()
    page.goto(f"{slow_service.url}/#/new/train/plain")
    expect(page.get_by_label("Parameters")).to_be_visible()
    expect(page.get_by_label("num_leaves")).to_be_hidden()
    page.locator("summary").first.click()
    expect(page.get_by_label("num_leaves")).to_have_attribute("placeholder", "31")


def test_rows_are_appended_and_a_train_goes_on_from_a_version(
    seen: Seen, slow_service: Service, tmp_path: Path
) -> None:
    page = seen.page
    slow_service.init("grown", {"rows": ROWS}, target="y").raise_for_status()
    slow_service.train("grown").raise_for_status()
    more = tmp_path / "more.csv"
    more.write_text("x,y\n" + "".join(f"{x},{2.5 * x}\n" for x in range(60, 100)))
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/new/init/grown")
    page.get_by_label("Table").set_input_files(more)
    page.get_by_label("Append").check()
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#state")).to_have_text("succeeded", timeout=30_000)
    assert slow_service.http.get("/v1/models/grown").json()["snapshot"]["rows"] == len(ROWS) + 40
    page.goto(f"{slow_service.url}/#/new/train/grown")
    page.get_by_text("Search, time for a row, another start").click()
    page.get_by_label("Go on from").fill("1")
    page.get_by_label("Search for").fill("5")
    seen.picture("train-wishes")
    page.get_by_role("button", name="Train").click()
    expect(page.locator("#outcome")).to_contain_text("from_version and search cannot be used together", timeout=30_000)
    page.goto(f"{slow_service.url}/#/new/train/grown")
    page.get_by_text("Search, time for a row, another start").click()
    page.get_by_label("Go on from").fill("1")
    page.get_by_role("button", name="Train").click()
    expect(page.locator("#state")).to_have_text("succeeded", timeout=30_000)
    version = slow_service.http.get("/v1/models/grown/versions/2").json()
    assert version["lineage"]["from_version"] == 1


def refers(field: Locator, text: str) -> bool:
    """Whether a field is described so."""
    described = field.get_attribute("aria-describedby")
    return described is not None and field.page.locator(f"#{described}").inner_text() == text


def test_a_train_that_runs_is_cancelled(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    train(page, "patience", f'{{"iterations": {LONG}}}')
    expect(page.get_by_text(re.compile(r"Iteration \d+ of"))).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Tasks").first.click()
    running = page.get_by_role("link", name=re.compile(rf"Train patience \d+ of {LONG} running"))
    expect(running).to_be_visible()
    seen.picture("tasks")
    running.click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#state")).to_have_text("cancelled", timeout=30_000)
    seen.picture("cancelled")
    newest = slow_service.http.get("/v1/tasks?limit=1").json()["tasks"][0]
    assert (newest["kind"], newest["state"]) == ("train", "cancelled")


def test_a_result_that_is_no_json_is_saved(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.train("patience").raise_for_status()
    headers = {"Prefer": "wait=60", "Accept": "text/csv"}
    told = slow_service.http.post("/v1/models/patience/estimate", json={"rows": [[4]]}, headers=headers).text
    newest = slow_service.http.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/tasks/{newest}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save it").click()
    assert saved.value.suggested_filename == f"{newest}.csv"
    assert saved.value.path().read_text() == told


def test_without_events_a_task_is_asked_for(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    page.route("**/v1/tasks/*/events", lambda route: route.fulfill(status=404, json={"title": "Not Found"}))
    sign_in(page, slow_service)
    train(page, "patience", f'{{"iterations": {WATCHED}}}')
    expect(page.get_by_text(re.compile(rf"Iteration \d+ of {WATCHED}"))).to_be_visible(timeout=30_000)
    expect(page.locator("#state")).to_have_text("succeeded", timeout=60_000)


def test_a_version_is_made_current(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.train("patience").raise_for_status()
    made = slow_service.train("patience", promote="never").json()
    assert not made["promoted"]
    sign_in(page, slow_service)
    page.get_by_role("link", name="patience").click()
    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_role("link", name=f"Version {made['version']}", exact=True).click()
    page.get_by_role("button", name="Make it live").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Version {made['version']}live")
    assert slow_service.http.get("/v1/models/patience").json()["current"] == made["version"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"patience-{made['version']}.zip"
    assert zipfile.is_zipfile(download.value.path())


def test_a_version_says_where_it_comes_from_gets_names_and_goes(seen: Seen, slow_service: Service) -> None:
    page, http = seen.page, slow_service.http
    slow_service.init("lived", {"rows": ROWS}, target="y").raise_for_status()
    for _ in range(2):
        slow_service.train("lived", params={"num_iterations": 2}).raise_for_status()
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/models/lived/1")
    lineage = page.locator("section").filter(has=page.get_by_role("heading", name="Where it comes from"))
    told = http.get("/v1/models/lived/versions/1").json()
    for said in ("admin", told["fingerprint"][:12], "mlservice", f"lightgbm {told['lineage']['packages']['lightgbm']}"):
        expect(lineage).to_contain_text(said)
    expect(lineage).to_contain_text(re.compile("from .* to "))
    expect(page.get_by_text("num_iterations (given)")).to_be_visible()
    page.get_by_text("Change them").click()
    page.get_by_label("Notes", exact=True).fill("The first.\nSmall.")
    page.get_by_label("Tags").fill("stage=trial, small")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".said")).to_have_text("The first.\nSmall.")
    page.get_by_label("Tags").fill("stage=live")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("section .badge")).to_have_text(["stage: live"])
    assert http.get("/v1/models/lived/versions/1").json()["tags"] == {"stage": "live"}
    page.get_by_label("Another name").fill("champion")
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Version 1champion")
    seen.picture("version-life")
    page.get_by_label("Why it is made live").fill("it is simpler")
    page.get_by_role("button", name="Make it live").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Version 1livechampion")
    page.get_by_text("Delete version 1").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("alert")).to_contain_text("Version 1 is the current one of lived")
    page.get_by_role("button", name="Take the name champion away").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Version 1live")
    page.get_by_text("Delete version 1").click()
    page.get_by_label("Also if it is in use").check()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="lived", level=1)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Version [0-9]"))).to_have_count(1)
    page.get_by_role("link", name="Activity").click()
    happened = page.locator(".happened li")
    expect(happened.nth(0)).to_have_text(re.compile("^version deleted, version 1.*, admin$"))
    expect(happened.nth(2)).to_have_text(re.compile("^promoted, version 1.*, adminit is simpler$"))
    seen.picture("model-life")
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_text("Delete the data").click()
    page.get_by_role("button", name="Delete for good").first.click()
    expect(page.get_by_text("deleted: a train needs another upload")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_text("Delete the model lived").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    assert http.get("/v1/models/lived").status_code == 404


def test_an_account_sees_what_its_scopes_allow(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.train("patience").raise_for_status()
    add_account("viewer", "estimate", "tasks:read", home=slow_service.home, password="a long password")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="patience").click()
    expect(page.get_by_role("link", name="Predict")).to_be_visible()
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    expect(page.get_by_role("link", name="Train")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Version [0-9]")).first.click()
    expect(page.get_by_role("link", name="Report")).to_be_visible()
    expect(page.get_by_role("button", name="Make it live")).to_have_count(0)
    page.goto(f"{slow_service.url}/#/queues")
    expect(page.get_by_text("accounts with the scope monitor")).to_be_visible()


def focused(page: Page) -> str:
    """What stands at the focus: its label or text."""
    found: str = page.evaluate(
        "() => { const at = document.activeElement;"
        " return at.labels?.[0]?.textContent || at.textContent.trim() || at.getAttribute('aria-label') || at.tagName }"
    )
    return found


def tab_to(page: Page, label: str) -> None:
    """Go on with the key alone until something is reached."""
    passed = []
    for _ in range(30):
        if focused(page) == label:
            return
        page.keyboard.press("Tab")
        passed.append(focused(page))
    raise AssertionError(f"{label!r} is not reached; passed were {passed}")


def test_with_the_keyboard_alone(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    tab_to(page, "Name")
    page.keyboard.type("admin")
    tab_to(page, "Password")
    page.keyboard.type(password(slow_service))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    tab_to(page, "New work")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New work", level=1)).to_be_focused()
    tab_to(page, "Train")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Train", level=2)).to_be_visible()
    expect(page.get_by_role("heading", name="New work", level=1)).to_be_focused()
    tab_to(page, "Model")
    page.keyboard.type("patience")
    tab_to(page, "Parameters")
    page.keyboard.type('{"iterations": 2}')
    # Nothing holds the focus: the button is reached from within the text.
    page.keyboard.press("Tab")
    tab_to(page, "Priority")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Train")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    seen.picture("keyboard")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("succeeded", timeout=30_000)
    expect(page.locator("#announcer")).to_have_text("Train patience: succeeded")


def test_an_estimate_with_the_keyboard_alone(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.train("patience").raise_for_status()
    sign_in(page, slow_service)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.url.endswith("estimate?lane=normal") else None
    )
    page.goto(f"{slow_service.url}/#/new/estimate/patience")
    expect(page.get_by_role("heading", name="Predict", level=2)).to_be_visible()
    tab_to(page, "Rows")
    page.keyboard.type("x\n3\n")
    tab_to(page, "Explain")
    page.keyboard.press("Tab")
    # The second does nothing: the first is still under way.
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Predictions", level=2)).to_be_focused(timeout=30_000)
    expect(page.locator("#answer tbody td").nth(1)).to_have_text("6")
    assert len(asked) == 1
    # From the answer it is one step back to the button, and a few to the rows.
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Predict")).to_be_focused()
    page.get_by_label("Rows", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type('{"rows": [')
    tab_to(page, "Explain")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # The error names no field.
    expect(page.get_by_role("alert")).to_be_focused(timeout=30_000)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Predict")).to_be_focused()


def test_quantiles_have_columns_of_their_own(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.init("levels", {"rows": ROWS}, target="y").raise_for_status()
    slow_service.train("levels", params={"objective": "quantile", "alpha": [0.1, 0.9]}).raise_for_status()
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/new/estimate/levels")
    page.get_by_label("Rows", exact=True).fill("x\n3\n")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer thead th")).to_have_text(
        ["Row", "Prediction", "Quantile 0.1", "Quantile 0.9"], timeout=30_000
    )
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all as CSV").click()
    heads, values = saved.value.path().read_text().split()
    assert heads == "prediction,quantile_0.1,quantile_0.9"
    assert len(values.split(",")) == 3


def test_an_address_that_is_none(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    # There is none yet, which means the models.
    expect(page.locator("#nav [aria-current]")).to_have_text("Models")
    for place in ("#/models/%E0%A4%A", "#/nothing", "#/models/a/b/c"):
        page.evaluate("place => { location.hash = place }", place)
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
        page.get_by_role("link", name="Tasks").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Tasks")
        expect(page.locator("#nav [aria-current]")).to_have_text("Tasks")


NARROW: Final = [Look(390, 844, "dark"), Look(360, 740, "light")]
#: Whether two texts beside each other in a table touch (pixels between them), or one is cut.
CROWDED: Final = """() => {
  const text = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  };
  const beside = (one, other) => one.top < other.bottom && other.top < one.bottom;
  const close = (one, other) => beside(one, other) && other.left - one.right < 6;
  const near = (row, at) => at > 0 && close(text(row.cells[at - 1]), text(row.cells[at]));
  const seen = (row) => row.getClientRects().length && row.innerText.trim();
  const filled = [...document.querySelectorAll('main tr')].filter(seen);
  const rows = filled.filter((row) => [...row.cells].some((cell, at) => cell.innerText && near(row, at)));
  const cut = [...document.querySelectorAll('.scrolls')].filter((box) => box.scrollWidth > box.clientWidth);
  return [...rows, ...cut].map((found) => found.innerText);
}"""


def test_a_narrow_window_never_scrolls_sideways(seen: Seen, slow_service: Service, subtests: pytest.Subtests) -> None:
    page = seen.page
    slow_service.train("patience", params={"iterations": 5}).raise_for_status()
    narrowed(seen, "sign-in", subtests)
    sign_in(page, slow_service)
    versions = slow_service.http.get("/v1/models/patience").json()["versions"]
    task = slow_service.http.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]
    places = {
        "models": "#/models",
        "model": "#/models/patience",
        "version": f"#/models/patience/{versions[-1]['version']}",
        "try": "#/models/patience/try",
        "compare": f"#/models/patience/compare/{'-'.join(str(one['version']) for one in versions[-3:])}",
        "upload": "#/new",
        "train": "#/new/train",
        "estimate": "#/new/estimate",
        "tasks": "#/tasks",
        "task": f"#/tasks/{task}",
        "queues": "#/queues",
    }
    for name, place in places.items():
        page.evaluate("place => { location.hash = place }", place)
        expect(page.locator("main[aria-busy]")).to_have_count(0)
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_load_state("networkidle") if name == "models" else None
        narrowed(seen, name, subtests)


def narrowed(seen: Seen, name: str, subtests: pytest.Subtests) -> None:
    """In each narrow window the page fits, and its texts are apart from each other."""
    page = seen.page
    for look in NARROW:
        looks(page, look)
        seen.picture(f"narrow-{look.width}-{name}")
        with subtests.test(f"{name} at {look.width}"):
            assert page.evaluate("innerWidth") == look.width
            assert page.evaluate("document.documentElement.scrollWidth") <= look.width
            assert page.evaluate(CROWDED) == []


def test_what_leaves_the_filter_leaves_the_list(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    train = ("/v1/models/patience/train", {"params": {"iterations": LONG}})
    handles = [slow_service.http.post(train[0], json=train[1]).json()["id"] for _ in range(8)]
    try:
        page.get_by_role("link", name="Tasks").click()
        page.get_by_label("Show").select_option("Queued")
        rows = page.locator(".tasks li")
        expect(rows.filter(has_not=page.get_by_text("queued", exact=True))).to_have_count(0)
        # More than the streams that a browser can keep open.
        assert rows.count() >= 4
        page.locator(".tasks a").last.focus()
    finally:
        for handle in handles:
            slow_service.http.delete(f"/v1/tasks/{handle}")
    expect(page.get_by_text("No task is queued.")).to_be_visible(timeout=30_000)
    expect(page.locator(".tasks a")).to_have_count(0)
    # The row that had the focus is gone; the focus is not.
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_focused()
    page.get_by_label("Show").select_option("Cancelled")
    expect(page.locator(f"a[href$='{handles[0]}']")).to_be_visible()


def test_models_come_a_page_at_a_time(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    # Names alone: what is looked at is how many rows there are.
    names = [f"zz{number:03}" for number in range(150)]
    with slow_service.master() as client:
        client.sadd(MODELS_KEY, *names)
        try:
            sign_in(page, slow_service)
            rows = page.locator(".models li")
            expect(rows).to_have_count(100)
            page.get_by_role("button", name="Show more").click()
            expect(page.get_by_role("button", name="Show more")).to_be_hidden()
            assert rows.count() > 150
            expect(page.locator(".models a").nth(100)).to_be_focused()
        finally:
            client.srem(MODELS_KEY, *names)


def test_beyond_the_first_page_states_are_true(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)

    def submit() -> str:
        answer = slow_service.http.post("/v1/models/patience/train?lane=low", json={"params": {"iterations": LONG}})
        return str(answer.json()["id"])

    old = [submit() for _ in range(6)]
    try:
        for handle in [submit() for _ in range(25)]:
            slow_service.http.delete(f"/v1/tasks/{handle}").raise_for_status()
        page.get_by_role("link", name="Tasks").click()
        expect(page.locator(".tasks a")).to_have_count(25)
        page.get_by_role("button", name="Show more").focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"a[href$='{old[-1]}']")).to_be_focused()
        for handle in old:
            expect(page.locator(f"a[href$='{handle}']")).to_contain_text(re.compile("queued|running|of"))
    finally:
        for handle in old:
            slow_service.http.delete(f"/v1/tasks/{handle}")
    for handle in old:
        expect(page.locator(f"a[href$='{handle}']")).to_contain_text("cancelled", timeout=30_000)


def test_a_report_opened_in_a_new_tab(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    version = slow_service.train("patience", params={"iterations": 5}).json()["version"]
    page.goto(f"{slow_service.url}/console/report.html#patience/{version}")
    expect(page.get_by_text("Sign in to see the report.")).to_be_visible()
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password(slow_service))
    page.get_by_role("button", name="Sign in").click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="patience").first).to_be_visible()
    expect(page).to_have_title(f"Report of version {version} of patience · mlservice")
    page.get_by_role("link", name="Back to the version").click()
    expect(page.get_by_role("heading", name=f"Version {version}")).to_be_visible()


def choose(page: Page, model: str, file: Path) -> None:
    page.get_by_role("link", name="New work").click()
    page.get_by_label("Model").fill(model)
    page.get_by_label("Table").set_input_files(file)


def test_a_table_is_looked_at_first_and_sent_once(seen: Seen, slow_service: Service, tmp_path: Path) -> None:
    page = seen.page
    sign_in(page, slow_service)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.method == "POST" else None)
    markup = "<img src=x onerror=alert(1)>"
    file = tmp_path / "a name that says nothing"
    file.write_bytes(gzip.compress(TABLE.replace(",", ";").replace("rooms", markup).encode()))
    choose(page, "looked", file)
    tab_to(page, "Upload")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The target column is missing")
    expect(page.get_by_label("Target column")).to_be_focused()
    tab_to(page, "Look first")
    page.keyboard.press("Enter")
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading", level=2)).to_be_focused(timeout=30_000)
    expect(answer).to_contain_text("400 rows would be kept. Nothing is stored.")
    expect(answer.get_by_label("Findings")).to_contain_text("separated by")
    expect(answer.get_by_label("Columns").get_by_role("row")).to_have_count(4)
    rows = answer.get_by_label("First rows").get_by_role("row")
    expect(rows).to_have_count(21)
    expect(rows.nth(0).get_by_role("columnheader")).to_have_text(["area", markup, "price"])
    expect(rows.nth(1).get_by_role("cell")).to_have_text(TABLE.splitlines()[1].split(","))
    expect(page.locator("main img")).to_have_count(0)
    options = page.locator("#columns option")
    assert [option.get_attribute("value") for option in options.all()] == ["area", markup, "price"]
    assert slow_service.http.get("/v1/models/looked").status_code == 404
    seen.picture("looked")
    page.get_by_label("Target column").fill("price")
    page.get_by_label("Options").fill('{"columns": {"area": "category"}}')
    page.get_by_role("button", name="Look first").click()
    expect(answer).to_contain_text("the target price makes it regression")
    expect(answer.get_by_label("Columns").get_by_role("row").nth(1)).to_contain_text("category")
    page.get_by_label("Options").fill("")
    tab_to(page, "Store it")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("400 rows are kept", timeout=30_000)
    expect(page.locator("#outcome").get_by_role("row").nth(1)).to_contain_text("number")
    # It went when it was chosen.
    assert ["upload=" in request.url for request in asked] == [False, True, True, True]


def test_a_source_of_the_operator_is_chosen_in_place_of_a_file(
    seen: Seen, slow_service: Service, tmp_path: Path
) -> None:
    page = seen.page
    (tmp_path / "visits.csv").write_text(TABLE)
    sources = slow_service.home.secrets / "sources.toml"
    sources.write_text(
        f'[visits]\nurl = "file://{tmp_path}/visits.csv"\n'
        '[shop]\nurl = "postgresql://u:p@127.0.0.1:1/d"\ntables = ["sold"]\nqueries.busy = "SELECT 1"\n'
    )
    sources.chmod(0o600)
    try:
        sign_in(page, slow_service)
        page.get_by_role("link", name="New work").first.click()
        choice = page.get_by_label("Or a source")
        expect(choice.get_by_role("option")).to_have_text(["None: a file", "shop, sold", "shop, busy", "visits"])
        page.get_by_label("Model").fill("from-source")
        choice.select_option("visits")
        page.get_by_label("Target column").fill("price")
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("#outcome")).to_contain_text("400 rows are kept", timeout=30_000)
    finally:
        sources.unlink()
    assert slow_service.http.get("/v1/models/from-source").json()["snapshot"]["source"] == "visits"


def test_a_table_whose_hour_is_over_is_sent_again(seen: Seen, slow_service: Service, tmp_path: Path) -> None:
    page = seen.page
    sign_in(page, slow_service)
    file = tmp_path / "t.tsv"
    file.write_text(TABLE.replace(",", "\t"))
    choose(page, "hours", file)
    page.get_by_role("button", name="Look first").click()
    expect(page.get_by_role("button", name="Store it")).to_be_visible(timeout=30_000)
    for number in range(MOST_KEPT):
        params = {"dry_run": "true"}
        body = TABLE + f"1,1,{number}\n"
        slow_service.http.post("/v1/models/hours/init", params=params, content=body, headers=WAIT).raise_for_status()
    page.get_by_label("Target column").fill("price")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#outcome")).to_contain_text("400 rows are kept", timeout=30_000)


def test_a_model_in_use_gets_other_data_if_that_is_meant(seen: Seen, slow_service: Service, tmp_path: Path) -> None:
    page = seen.page
    rows = {"rows": [{"x": x, "y": 2 * x} for x in range(50)]}
    slow_service.init("used", rows, target="y", estimator="slow").raise_for_status()
    slow_service.train("used", params={"iterations": 2}).raise_for_status()
    sign_in(page, slow_service)
    file = tmp_path / "t.csv"
    file.write_text(TABLE)
    choose(page, "used", file)
    box = page.get_by_label("Replace the shape of the data")
    expect(box).to_be_hidden()
    page.get_by_label("Target column").fill("price")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_contain_text("say replace=true if that is meant", timeout=30_000)
    expect(box).to_be_focused()
    seen.picture("replace")
    page.keyboard.press("Space")
    tab_to(page, "Upload")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("400 rows are kept", timeout=30_000)
    assert slow_service.http.get("/v1/models/used").json()["schema"]["target"] == "price"


def test_a_refused_table_whose_task_was_left_can_be_replaced(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    rows = {"rows": [{"x": x, "y": 2 * x} for x in range(50)]}
    slow_service.init("left", rows, target="y", estimator="slow").raise_for_status()
    slow_service.train("left", params={"iterations": 2}).raise_for_status()
    refused(slow_service.init("left", rows, target="x", estimator="slow"), 409, pointer="?replace")
    newest = slow_service.http.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/tasks/{newest}")
    page.get_by_role("link", name="Upload left anew").click()
    expect(page.get_by_label("Model")).to_have_value("left")
    expect(page.get_by_label("Replace the shape of the data")).not_to_be_checked()


def test_a_table_that_is_too_large_is_refused(seen: Seen, slow_service: Service, tmp_path: Path) -> None:
    page = seen.page
    sign_in(page, slow_service)
    file = tmp_path / "large.csv"
    with file.open("wb") as sparse:
        sparse.truncate(HttpSettings().max_body_bytes + 1)
    choose(page, "large", file)
    page.get_by_role("button", name="Look first").click()
    most = HttpSettings().max_body_bytes
    said = f"The file has {most + 1:,} bytes, and the service takes at most {most:,} bytes at a time"
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_while_the_service_is_away_the_page_says_so_and_comes_back(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    page.get_by_role("link", name="Tasks").click()
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    seen.context.set_offline(True)
    expect(page.get_by_text("The service cannot be reached. What is shown may be old")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Models").first.click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    seen.picture("away")
    seen.context.set_offline(False)
    expect(page.get_by_role("link", name="patience")).to_be_visible(timeout=20_000)
    expect(page.locator(".away")).to_be_hidden()
    seen.complaints[:] = [said for said in seen.complaints if "net::ERR_INTERNET_DISCONNECTED" not in said]


def test_queues_by_lane(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    waiting = [
        slow_service.http.post("/v1/models/patience/train?lane=low", json={"params": {"iterations": LONG}}).json()["id"]
        for _ in range(2)
    ]
    try:
        page.goto(f"{slow_service.url}/#/queues")
        row = page.get_by_role("row", name=re.compile("^Train"))
        # What was read a moment ago is shown at first.
        expect(row.get_by_role("cell").nth(2)).to_contain_text(re.compile(r"^2\d"), timeout=20_000)
        expect(page.get_by_text("ready", exact=True)).to_be_visible()
        seen.picture("queues")
    finally:
        for handle in waiting:
            slow_service.http.delete(f"/v1/tasks/{handle}")
    expect(row.get_by_role("cell").nth(2)).to_contain_text("empty", timeout=20_000)


def test_a_webhook_shows_its_messages_and_sends_one_again(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    with receiving(lambda before: 410 if before == 2 else 204) as receiver:
        said = {"url": receiver.url, "events": ["task.failed"], "description": "the <b>pager</b>"}
        made = slow_service.http.post("/v1/webhooks", json=said).raise_for_status().json()
        sign_in(page, slow_service)
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_role("link", name=f"{receiver.url} the <b>pager</b> task.failed enabled").click()
        expect(page.get_by_text("None is kept.")).to_be_visible()
        page.get_by_role("button", name="Send a ping").click()
        row = page.get_by_role("row").filter(has_text="webhook.ping")
        expect(row).to_contain_text(re.compile("delivered.*answered 204"), timeout=30_000)
        seen.picture("webhook")
        again = row.get_by_role("button", name="Send again")
        again.click()
        expect(row).to_contain_text("2 attempts", timeout=30_000)
        expect(again).to_be_focused()
        assert len({one.id for one in receiver.received}) == 1
        again.click()
        expect(row).to_contain_text("answered 410", timeout=30_000)
        page.get_by_role("navigation", name="Where this is").get_by_role("link", name="Webhooks").click()
        expect(page.get_by_role("link", name=receiver.url)).to_contain_text("ended")
        page.get_by_role("link", name=receiver.url).click()
        expect(page.locator(".facts")).to_contain_text("it wants no more messages")
    slow_service.http.delete(made["links"]["self"]).raise_for_status()


def test_a_token_that_ended_asks_to_sign_in_again(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    sign_in(page, slow_service)
    page.get_by_role("link", name="Tasks").click()
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    # The list asks again by itself, and hears it.
    page.evaluate(END_TOKEN)
    expect(page.get_by_text("Your sign-in has ended. Sign in again to go on.")).to_be_visible(timeout=20_000)
    sign_in_again = page.get_by_label("Password")
    sign_in_again.fill(password(slow_service))
    page.get_by_label("Name").fill("admin")
    page.get_by_role("button", name="Sign in").click()
    # Where one was, one is again.
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    # Nothing is kept but who it was.
    assert page.evaluate("Object.values(localStorage)") == ["admin"]
    assert page.get_by_label("Name").input_value() == "admin"
    assert page.context.cookies() == []


def test_what_is_in_a_form_outlives_the_token(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.train("patience").raise_for_status()
    sign_in(page, slow_service)
    page.goto(f"{slow_service.url}/#/new/estimate/patience")
    page.get_by_label("Rows", exact=True).fill("x\n21\n")
    page.evaluate(END_TOKEN)
    page.get_by_role("button", name="Predict").click()
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password(slow_service))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Rows", exact=True)).to_have_value("x\n21\n")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer tbody td").nth(1)).to_have_text("42", timeout=30_000)


def test_flower_needs_no_other_sign_in(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    slow_service.wait_for_flower()
    sign_in(page, slow_service)
    page.get_by_role("link", name="Flower").click()
    # Its tables are fetched by its scripts.
    expect(page.get_by_role("link", name=re.compile("estimate-1@"))).to_be_visible(timeout=20_000)
    seen.picture("flower")
    assert [cookie for cookie in page.context.cookies() if not cookie["httpOnly"] and "ml" in cookie["name"]] == []
    page.get_by_role("link", name="Tasks").click()
    expect(page.get_by_role("cell", name=re.compile(r"^tasks\.")).first).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Broker").click()
    expect(page.get_by_role("cell", name="train, low")).to_be_visible()
    page.goto(f"{slow_service.url}/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_role("link", name="Flower")).to_have_count(0)
    assert page.context.cookies(f"{slow_service.url}/flower/x") == [
        cookie for cookie in page.context.cookies() if cookie["name"] == "_xsrf"
    ]


def test_flower_has_no_button_that_ends_a_task(slow_service: Service) -> None:
    """Not for an administrator either; the ledger would not know."""
    slow_service.wait_for_flower()
    http = slow_service.http
    handle = http.post("/v1/models/patience/train", json={"params": {"iterations": LONG}}).json()["id"]
    path = f"/flower/task/{handle.partition('-')[0]}"
    try:
        eventually(lambda: "STARTED" in http.get(path).text, what="the start of the task")
        assert not re.search("task-terminate|task-revoke", http.get(path).text)
    finally:
        http.delete(f"/v1/tasks/{handle}")
    # It raises, and is no failure all the same.
    eventually(lambda: "REVOKED" in http.get(path).text, what="the end of the task")


def test_flower_is_offered_to_who_may_see_it(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    for scope, offered in (("tasks:read", 0), ("monitor", 1)):
        name = f"only-{scope.partition(':')[0]}"
        add_account(name, scope, home=slow_service.home, password="a long secret")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill("a long secret")
        page.get_by_role("button", name="Sign in").click()
        page_name = "Overview" if scope == "monitor" else "Models"
        expect(page.get_by_role("heading", name=page_name, level=1)).to_be_visible()
        expect(page.get_by_role("link", name="Flower")).to_have_count(offered)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_what_users_write_is_never_markup(seen: Seen, slow_service: Service) -> None:
    page = seen.page
    name = "<img src=x onerror=alert(1)>"
    rows = {"rows": [{name: x, "y": 2 * x} for x in range(50)]}
    slow_service.init("marked", rows, target="y").raise_for_status()
    sign_in(page, slow_service)
    page.get_by_role("link", name="marked").click()
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page.get_by_role("cell", name=name)).to_be_visible()
    # What was found names the column, too.
    expect(page.get_by_role("list", name="Findings")).to_contain_text(f"column '{name}'")
    expect(page.locator("main img")).to_have_count(0)


def test_nginx_serves_the_files_to_browsers_alone(slow_service: Service) -> None:
    page = httpx.get(f"{slow_service.url}/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.content == (CONSOLE / "index.html").read_bytes()
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    assert "unsafe" not in policy
    refused(httpx.get(f"{slow_service.url}/"), 404)
    with httpx.Client(base_url=slow_service.url) as client:
        for file in CONSOLE.iterdir():
            answer = client.get(f"/console/{file.name}")
            if file.name == "index.html":
                # It is seen at / alone.
                assert (answer.status_code, answer.headers["Location"]) == (308, "../")
                continue
            assert answer.content == file.read_bytes()
            assert answer.headers["Cache-Control"] == "no-cache"
            again = client.get(answer.url, headers={"If-None-Match": answer.headers["ETag"]})
            assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/console/none.js", "/console/../nginx.conf", "/console/%2e%2e/nginx.conf", "/console"]
)
def test_no_other_file_is_served(slow_service: Service, path: str) -> None:
    refused(httpx.get(f"{slow_service.url}{path}"), 404)
