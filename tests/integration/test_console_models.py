"""A model in the console: tried by hand, its versions side by side, a promotion that is undone."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import Seen, chromium
from tests.commands import add_account
from tests.console import signed_in
from tests.servers import eventually
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "flats"
#: A name that is markup, where it is not shown as text.
CITY: Final = "<img src=x onerror=alert(1)>"
CITIES: Final = ("Basel", "Bern", CITY)
FIRST: Final = date(2020, 1, 1)
ROWS: Final = [
    {
        "area": 30 + number % 97,
        "city": CITIES[number % 3],
        "lift": number % 2 == 0,
        "sold": (FIRST + timedelta(days=number % 365)).isoformat(),
        "rooms": None if number % 11 == 0 else 1 + number % 5,
        "price": 1000.5 * (30 + number % 97) + 20_000 * (number % 3),
    }
    for number in range(600)
]
#: What a version with few leaves and one with many are told.
PARAMS: Final[tuple[dict[str, Any], ...]] = ({"num_leaves": 3, "num_iterations": 5}, {"num_iterations": 60})


@pytest.fixture(scope="module")
def model(service: Service) -> Service:
    """The service with a model of two versions; the second answers."""
    service.init(MODEL, {"rows": ROWS}, target="price").raise_for_status()
    for params in PARAMS:
        service.train(MODEL, params=params).raise_for_status()
    return service


@pytest.fixture(scope="module")
def window() -> Iterator[Seen]:
    """One window for all tests: another costs a second of the processor's time."""
    with chromium() as browser:
        yield Seen(browser)


@pytest.fixture
def page(window: Seen, model: Service) -> Iterator[Page]:
    """The console with somebody signed in, which complains of nothing."""
    with signed_in(window, model) as page:
        yield page


def predicted(service: Service, row: dict[str, Any], **params: str) -> float:
    """What the API predicts of a row."""
    answer = service.estimate(MODEL, {"rows": [row]}, **params).raise_for_status()
    return float(answer.json()["predictions"][0])


def shown(page: Page) -> float:
    """The prediction on the page."""
    return float(page.locator(".prediction .big").inner_text().replace(",", ""))


def test_a_row_is_tried_and_its_answer_follows(page: Page, model: Service) -> None:
    page.get_by_role("link", name=MODEL).click()
    page.get_by_role("link", name="Try it").click()
    expect(page.locator(".prediction .big")).to_be_visible()
    columns = {one["name"]: one for one in model.http.get(f"/v1/models/{MODEL}").json()["schema"]["columns"]}
    assert page.get_by_label("area").input_value() == f"{columns['area']['typical']:g}"
    expect(page.get_by_text("30 to 126, median")).to_be_visible()
    row = {
        "area": 126,
        "city": CITY,
        "lift": True,
        "sold": page.get_by_label("sold").input_value(),
        "rooms": None,
    }
    page.get_by_label("area").fill("126")
    page.get_by_label("city").select_option(CITY)
    page.get_by_label("lift").select_option("yes")
    page.get_by_label("rooms").fill("")
    wanted = predicted(model, row)
    expect(page.locator(".prediction .big")).to_have_text(re.compile(f"^{wanted:,.0f}"))
    assert math.isclose(shown(page), wanted, rel_tol=1e-4)
    contributions = page.get_by_role("list", name="Contributions")
    expect(contributions.get_by_role("listitem").filter(has_text="area")).to_contain_text("126")
    expect(contributions.get_by_role("listitem").filter(has_text="rooms")).to_contain_text("missing")
    expect(
        page.get_by_text(re.compile(r"The truth is between [\d,.]+ and [\d,.]+ in 90 % of the time"))
    ).to_be_visible()
    expect(page.locator("main img")).to_have_count(0)


def test_a_row_that_is_refused_marks_its_field_until_it_is_right(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/#/models/{MODEL}/try")
    expect(page.locator(".prediction .big")).to_be_visible()
    area = page.get_by_label("area")
    area.fill("1e308")
    expect(page.get_by_role("alert")).to_contain_text("/rows/0/area")
    expect(area).to_have_attribute("aria-invalid", "true")
    area.fill("50")
    expect(page.locator(".prediction .big")).to_be_visible()
    expect(area).not_to_have_attribute("aria-invalid", "true")


def test_a_version_is_tried_that_is_not_current(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/#/models/{MODEL}/try")
    expect(page.get_by_label("Version")).to_have_value("2")
    page.get_by_label("Version").select_option("1")
    expect(page).to_have_url(re.compile(rf"#/models/{MODEL}/try/1$"))
    expect(page.get_by_role("region", name="Code")).to_contain_text("?version=1")
    row = {name: value for name, value in ROWS[0].items() if name != "price"}
    page.get_by_label("area").fill(str(row["area"]))
    page.get_by_label("city").select_option(str(row["city"]))
    page.get_by_label("lift").select_option("yes")
    page.get_by_label("sold").fill(f"{row['sold']}T00:00")
    page.get_by_label("rooms").fill("")
    wanted = predicted(model, row, version="1")
    expect(page.locator(".prediction .big")).to_have_text(re.compile(f"^{wanted:,.0f}"))


@pytest.mark.parametrize(("language", "program"), [("curl", ["bash"]), ("python", [sys.executable, "-"])])
def test_the_code_of_a_row_predicts_what_is_shown(
    page: Page, model: Service, language: str, program: list[str]
) -> None:
    page.goto(f"{model.url}/#/models/{MODEL}/try")
    page.get_by_label("Language").select_option(language)
    page.get_by_label("city").select_option(CITY)
    page.get_by_label("rooms").fill("")
    code = page.get_by_role("region", name="Code")
    expect(code).to_contain_text(CITY)
    expect(code).to_contain_text("null" if language == "curl" else "None")
    token = model.http.headers["Authorization"].removeprefix("Bearer ")
    env = {**os.environ, "TOKEN": token}
    done = subprocess.run(program, input=code.inner_text(), env=env, capture_output=True, text=True, check=True)
    said = re.search(r"[\d.]+(?=\]|\n)", done.stdout.partition("predictions")[2] or done.stdout)
    assert said is not None
    expect(page.locator(".prediction .big")).to_have_text(re.compile(f"^{float(said[0]):,.0f}"))


def test_versions_are_compared(page: Page, model: Service) -> None:
    page.get_by_role("link", name=MODEL).click()
    page.get_by_role("link", name="Versions", exact=True).click()
    table = page.get_by_role("region", name="Versions")
    made = {one["version"]: one["metrics"] for one in model.http.get(f"/v1/models/{MODEL}").json()["versions"]}
    better = min(made, key=lambda version: float(made[version]["rmse"]))
    expect(table.locator("td.best").first).to_have_attribute("data-head", "rmse")
    expect(table.get_by_role("row").filter(has=page.locator("td.best"))).to_contain_text(f"Version {better}")
    expect(table.get_by_role("row").filter(has_text="Version 1")).to_contain_text("num_leaves 3")
    page.get_by_label("Compare version 1").check()
    expect(page.get_by_role("link", name="Compare 1")).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Compare version 2").check()
    page.get_by_role("link", name="Compare 2").click()
    metrics = page.get_by_role("region", name="Metrics")
    expect(metrics.get_by_role("columnheader")).to_have_text(["Version 1", "Version 2live"])
    expect(metrics.get_by_role("row").filter(has_text="rmse").locator("td.best")).to_have_attribute(
        "data-head", f"Version {better}"
    )
    params = page.get_by_role("region", name="Parameters").first
    expect(params.get_by_role("row").filter(has_text="num_iterations")).to_contain_text("60")
    expect(page.get_by_role("img", name=re.compile(r"^rmse over 60 iterations: Version 1 from"))).to_be_visible()
    errs = page.get_by_role("region", name="Where they err")
    expect(errs.get_by_role("columnheader")).to_have_text(["Version 1", "Version 2"], timeout=30_000)
    expect(errs.get_by_role("row").filter(has_text="city: Basel")).to_contain_text("rows")
    expect(errs.locator("td.best").first).to_be_visible()


def test_a_promotion_is_undone(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/#/models/{MODEL}/1")
    page.get_by_role("button", name="Make it live").click()
    expect(page.locator(".toast")).to_contain_text(f"Version 1 of {MODEL} is live now")
    assert model.http.get(f"/v1/models/{MODEL}").json()["current"] == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Version 1")
    expect(page.locator(".toast")).to_have_count(0)
    assert model.http.get(f"/v1/models/{MODEL}").json()["current"] == 2
    newest = model.http.get(f"/v1/models/{MODEL}/history").json()["history"][0]
    assert (newest["what"], newest["version"]) == ("promoted", 2)


def test_a_model_without_a_version_says_how_to_get_one(page: Page, model: Service) -> None:
    model.init("untrained", {"rows": ROWS[:50]}, target="price").raise_for_status()
    page.goto(f"{model.url}/#/models/untrained/try")
    expect(page.get_by_text("There is nothing to try yet")).to_be_visible()
    page.get_by_role("link", name="Train one").click()
    expect(page.get_by_label("Model")).to_have_value("untrained")


def test_a_first_prediction_takes_six_clicks_and_a_name(page: Page, model: Service, tmp_path: Path) -> None:
    """Of a table with an id, a date, a text and missing values."""
    table = tmp_path / "houses.csv"
    lines = [
        f"H{at},{FIRST + timedelta(days=at)},{'a quiet street' if at % 3 else ''},{at % 40},{at % 40 * 3}"
        for at in range(300)
    ]
    table.write_text("\n".join(["id,built,note,size,rent", *lines]) + "\n")
    clicks: list[str] = []

    def click(button: Locator) -> None:
        clicks.append(button.inner_text())
        button.click()

    click(page.get_by_role("link", name="New work").first)
    page.get_by_label("Model").fill("houses")
    page.get_by_label("Table").set_input_files(table)
    clicks.append("Table")
    expect(page.get_by_role("region", name="Columns").get_by_role("row")).to_have_count(6)
    expect(page.get_by_label("Role of id")).to_have_value("key")
    expect(page.get_by_label("Type of built")).to_contain_text("date (found)")
    # Whoever opens a menu is there.
    page.get_by_label("Role of rent").focus()
    page.get_by_label("Role of rent").select_option("target")
    clicks.append("target")
    expect(page.locator("#answer")).to_contain_text("the target rent makes it regression")
    expect(page.get_by_label("Role of rent")).to_be_focused()
    click(page.get_by_role("button", name="Store it"))
    click(page.get_by_role("button", name="Train now"))
    click(page.get_by_role("link", name="Try it"))
    expect(page.locator(".prediction .big")).to_be_visible()
    assert len(clicks) == 6


def test_a_role_that_cannot_be_is_mended_by_its_menu(page: Page, model: Service, tmp_path: Path) -> None:
    table = tmp_path / "rents.csv"
    table.write_text("size,city,rent\n" + "".join(f"{at},{CITIES[at % 2]},{at * 3}\n" for at in range(60)))
    page.get_by_role("link", name="New work").first.click()
    page.get_by_label("Model").fill("mended")
    page.get_by_label("Table").set_input_files(table)
    page.get_by_label("Role of rent").select_option("target")
    answer = page.locator("#answer")
    expect(answer).to_contain_text("the target rent makes it regression")
    # What is the target no longer is no target, and what cannot be leaves the menus.
    page.get_by_label("Role of rent").select_option("group")
    expect(page.get_by_label("Target column")).to_have_value("")
    page.get_by_label("Target column").fill("rent")
    page.get_by_label("Role of city").select_option("ignore")
    expect(answer.get_by_role("alert")).to_contain_text("the target 'rent' is 'group'")
    page.get_by_role("region", name="First rows").get_by_role("button", name="rent").click()
    expect(answer.get_by_role("alert")).to_have_count(0)
    expect(answer).to_contain_text("the target rent makes it regression")
    page.get_by_role("region", name="First rows").get_by_role("button", name="city").click()
    expect(answer).to_contain_text("the target city makes it binary")
    expect(page.get_by_role("button", name="city")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("What is predicted").select_option("multiclass")
    expect(answer).to_contain_text("the target city makes it multiclass")
    page.get_by_label("Test rows are chosen").select_option("time")
    expect(answer.get_by_role("alert")).to_contain_text("needs a column of that role")
    page.get_by_label("Test rows are chosen").select_option("")
    expect(answer.get_by_role("alert")).to_have_count(0)


def test_what_columns_are_is_chosen_by_menus(page: Page, model: Service) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.method == "POST" and "/init" in one.url else None)
    page.goto(f"{model.url}/#/new/init")
    page.get_by_label("Model").fill("sampled")
    page.get_by_role("button", name="Use a sample table").click()
    expect(page.locator("#answer")).to_contain_text("400 rows would be kept; the target price makes it regression")
    page.get_by_label("Role of note").select_option("ignore")
    expect(page.get_by_role("region", name="Columns").get_by_role("row").filter(has_text="note")).to_be_visible()
    page.get_by_label("Type of rooms").focus()
    page.get_by_label("Type of rooms").select_option("category")
    rooms = page.get_by_role("region", name="Columns").get_by_role("row").filter(has=page.get_by_label("Type of rooms"))
    expect(rooms).to_contain_text("4 27 %")
    expect(page.get_by_label("Type of rooms")).to_be_focused()
    page.get_by_role("button", name="Store it").click()
    expect(page.locator("#outcome")).to_contain_text("400 rows are kept")
    plan = {one["name"]: one for one in model.http.get("/v1/models/sampled").json()["plan"]["columns"]}
    assert plan["note"]["role"] == "ignore"
    assert plan["rooms"]["type"] == "category"
    # The table went once; then its name with the service did. Two menus soon after each other are one look.
    assert ["upload=" in url for url in asked] in ([False, True, True], [False, True, True, True])


def test_tasks_are_filtered_and_the_address_keeps_it(page: Page, model: Service) -> None:
    refused = model.http.post(
        f"/v1/models/{MODEL}/train", json={"params": {"objective": "nonsense"}}, headers={"Prefer": "wait=30"}
    )
    assert refused.status_code == 422
    page.get_by_role("link", name="Tasks").click()
    page.get_by_label("Show").select_option("Failed")
    page.get_by_label("Kind").select_option("Train")
    page.get_by_label("Of model").fill(MODEL)
    page.get_by_label("Of model").press("Enter")
    rows = page.locator(".tasks li")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("nonsense")
    expect(rows).to_contain_text("took")
    expect(page).to_have_url(re.compile(rf"#/tasks\?state=failed&kind=train&model={MODEL}$"))
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Kind")).to_have_value("train")
    page.get_by_label("With the text").fill("no such words")
    page.get_by_label("With the text").press("Enter")
    expect(page.get_by_text(re.compile("None of these .* has that text"))).to_be_visible()
    page.get_by_label("With the text").fill("NONSENSE")
    page.get_by_label("With the text").press("Enter")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("&text=NONSENSE$"))
    page.get_by_label("With the text").fill("")
    page.get_by_label("Of model").fill("nobody")
    page.get_by_label("Of model").press("Enter")
    expect(page.get_by_text("No task is failed.")).to_be_visible()
    task = model.http.get("/v1/tasks?limit=1").json()["tasks"][0]["id"]
    page.get_by_label("By id").fill(task)
    page.get_by_label("By id").press("Enter")
    expect(page).to_have_url(re.compile(rf"#/tasks/{task}$"))


def test_an_admin_sees_the_tasks_of_others(page: Page, model: Service) -> None:
    add_account("ada", "init", "tasks:read", home=model.home, password="a secret of ada")
    page.goto(f"{model.url}/#/tasks?owner=ada")
    expect(page.get_by_text("There is no such task.")).to_be_visible()
    token = httpx.post(f"{model.url}/v1/token", auth=("ada", "a secret of ada")).json()["access_token"]
    rows = {"rows": [{"x": x, "y": x} for x in range(50)]}
    httpx.post(
        f"{model.url}/v1/models/of-ada/init?target=y", json=rows, headers={"Authorization": f"Bearer {token}"}
    ).raise_for_status()
    expect(page.locator(".tasks li")).to_contain_text("of-ada")


def test_one_goes_anywhere_by_a_few_letters(page: Page, model: Service) -> None:
    page.keyboard.press("Control+k")
    entry = page.get_by_role("combobox", name="Go to")
    expect(entry).to_be_focused()
    page.keyboard.type("fla try")
    options = page.get_by_role("listbox", name="Places").get_by_role("option")
    expect(options).to_have_text([f"{MODEL}: try it"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Try {MODEL}", level=1)).to_be_focused()
    page.keyboard.press("/")
    expect(entry).to_be_focused()
    page.keyboard.type("nowhere at all")
    expect(page.get_by_text("There is no such place.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(entry).to_have_count(0)
    # In a field it is a letter.
    page.get_by_label("area").focus()
    page.keyboard.press("/")
    expect(entry).to_have_count(0)
    page.get_by_role("button", name="Go to").click()
    expect(options.filter(has_text=f"{MODEL}: train")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")


def test_a_file_is_predicted_whatever_its_columns_are_called(page: Page, model: Service, tmp_path: Path) -> None:
    page.goto(f"{model.url}/#/models/{MODEL}/try")
    file = tmp_path / "flats.csv"
    # Another name for one, one in other letters, one that nobody knows, and a name with a separator in it.
    lines = ['flat;AREA;town;lift;sold;rooms;"a;b"']
    lines += [f"F{at};{30 + at % 97};{CITIES[at % 2]};true;2020-05-01;2;x" for at in range(5000)]
    file.write_text("\n".join(lines) + "\n")
    page.get_by_label("File", exact=True).set_input_files(file)
    mapping = page.locator("form").filter(has=page.get_by_label("File", exact=True))
    expect(mapping.get_by_label("area")).to_have_value("AREA")
    expect(mapping.get_by_label("city")).to_have_value("")
    mapping.get_by_label("city").select_option("town")
    mapping.get_by_role("button", name="Predict").click()
    answer = page.locator("#answer")
    expect(answer.get_by_text("answered: 5,000 rows")).to_be_visible(timeout=30_000)
    heads = answer.get_by_role("columnheader")
    expect(heads).to_have_text(["Row", "flat", "area", "city", "lift", "sold", "rooms", "a;b", "Prediction"])
    wanted = predicted(model, {"area": 31, "city": CITIES[1], "lift": True, "sold": "2020-05-01", "rooms": 2})
    second = answer.get_by_role("row", name=re.compile("^2 F1 31 "))
    expect(second.get_by_role("cell").last).to_have_text(re.compile(f"^{wanted:,.0f}"))
    # A long table has no more rows than are seen, and each of them is there once it is scrolled to.
    rows = answer.locator("tbody tr:not([aria-hidden])")
    assert rows.count() < 100
    answer.locator(".long").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(answer.get_by_role("row", name=re.compile("^5000 F4999 "))).to_be_visible()
    assert rows.count() < 100
    with page.expect_download() as saved:
        answer.get_by_role("button", name="Save all as CSV").click()
    assert len(saved.value.path().read_text().splitlines()) == 5001


def test_params_begin_with_what_somebody_is_after(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/#/new/train/{MODEL}")
    start, trees, leaves = (page.get_by_label(name) for name in ("Start from", "num_iterations", "num_leaves"))
    start.select_option(label="A quick look: 50 small trees")
    expect(trees).to_have_value("50")
    expect(leaves).to_have_value("15")
    leaves.fill("9")
    start.select_option(label="Slow and careful: up to 2,000 trees in small steps")
    expect(trees).to_have_value("2000")
    expect(leaves).to_have_value("9")
    start.select_option(label="Its defaults")
    expect(trees).to_have_value("")
    expect(leaves).to_have_value("9")
    start.select_option(label="Slow and careful: up to 2,000 trees in small steps")
    page.get_by_role("button", name="Train", exact=True).click()
    # So few rows are learned long before the last of so many trees.
    expect(page.locator(".left")).to_contain_text(
        re.compile(r"of 2,?000 iterations in .*: best \d+, no gain in 100 rounds"), timeout=60_000
    )
    expect(page.get_by_text("Asked: params")).to_be_visible()


def test_a_file_that_is_too_large_is_not_sent(page: Page, model: Service, tmp_path: Path) -> None:
    kept = "Object.keys(localStorage).find((key) => key.startsWith('mlservice.session'))"
    page.evaluate(
        f"() => {{ const key = {kept}; localStorage.setItem(key,"
        " JSON.stringify({...JSON.parse(localStorage.getItem(key)), mostBytes: 1000})) }"
    )
    page.goto(f"{model.url}/#/models/{MODEL}/try")
    file = tmp_path / "large.csv"
    file.write_text("area\n" + "50\n" * 1000)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("takes at most 1000 bytes at a time: compress it")


def test_a_threshold_is_chosen_by_what_it_costs(page: Page, model: Service) -> None:
    rows = [{"x": at % 97, "late": "yes" if (at % 97) + (at * 7919) % 40 > 70 else "no"} for at in range(600)]
    model.init("late", {"rows": rows}, target="late").raise_for_status()
    model.train("late").raise_for_status()
    page.goto(f"{model.url}/console/report.html#late/1")
    page.get_by_text("Choose a threshold").click(timeout=30_000)
    said = page.locator(".deciding [role=status]")
    expect(said).to_contain_text("Recall")
    page.get_by_label("A miss costs").fill("0")
    page.get_by_role("button", name="The cheapest").click()
    # Who never misses anything of worth raises no alarm.
    expect(said).to_contain_text("False alarms0")
    page.get_by_label("A miss costs").fill("1000")
    page.get_by_role("button", name="The cheapest").click()
    expect(said).to_contain_text("Missed0")
    for title in ("ROC", "Precision and recall", "Lift"):
        expect(page.get_by_role("img", name=re.compile(f"^{title}: "))).to_be_visible()
    model.train("late").raise_for_status()
    page.reload()
    page.get_by_label("Compare with").select_option("Version 2")
    expect(page.get_by_role("heading", name="Compare versions of late")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Calibration: version 1 is off by"))).to_be_visible(timeout=30_000)


def test_what_is_predicted_is_set_beside_what_was_learned(page: Page, model: Service) -> None:
    # Of a model of its own: what other tests predict is in a sample too.
    name, rows = "drifting", [{"area": 125, "city": "Basel", "lift": True, "sold": "2020-05-01", "rooms": 2}] * 50
    model.init(name, {"rows": ROWS}, target="price").raise_for_status()
    model.train(name, params={"num_iterations": 5}).raise_for_status()
    model.estimate(name, {"rows": rows}).raise_for_status()

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = model.http.get(f"/v1/models/{name}/drift").raise_for_status().json()
        return found

    # A process puts down what it has counted when it predicts again.
    eventually(lambda: model.estimate(name, {"rows": rows}) and seen()["rows"] >= 50, what="a sample")
    area = next(column for column in seen()["columns"] if column["name"] == "area")
    assert area["bins"][-1]["live"] > 0.3 > 0.1 > area["bins"][-1]["trained"]
    page.goto(f"{model.url}/#/models/{name}/data")
    drift = page.locator(".drift").filter(has=page.get_by_role("heading", name=re.compile("^area")))
    expect(drift).to_contain_text("differs much")
    expect(drift.get_by_role("img", name=re.compile("^area: most grown is"))).to_be_visible()
