"""The console for who runs the service: how it does, who may call, and being signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from gateway.identity.session import PAGE
from tests.browser import Seen, chromium
from tests.commands import add_account, said
from tests.console import password, signed_in
from tests.servers import eventually
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "overseen"
ROWS: Final = [{"x": x, "y": 3 * x} for x in range(60)]


@pytest.fixture(scope="module")
def model(service: Service) -> Service:
    """The service with a model."""
    service.init(MODEL, {"rows": ROWS}, target="y").raise_for_status()
    service.train(MODEL, params={"num_iterations": 5}).raise_for_status()
    return service


@pytest.fixture(scope="module")
def window() -> Iterator[Seen]:
    """One window for all tests."""
    with chromium() as browser:
        yield Seen(browser)


@pytest.fixture
def page(window: Seen, model: Service) -> Iterator[Page]:
    """The console with somebody signed in, which complains of nothing but refusals."""
    with signed_in(window, model) as page:
        yield page


def ask(service: Service, name: str, secret: str, method: str = "GET", path: str = "/v1/session") -> httpx.Response:
    """What an account is answered that has this password, or this token."""
    token = httpx.post(f"{service.url}/v1/token", auth=(name, secret))
    if token.status_code != 200:
        return token
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    return httpx.request(method, f"{service.url}{path}", headers=headers)


def test_the_overview_says_how_the_service_does(page: Page, model: Service) -> None:
    model.estimate(MODEL, {"rows": [[1], [2], [3]]}).raise_for_status()
    # Somebody notes it who looks after work, at first at once.
    eventually(lambda: model.http.get("/v1/activity").raise_for_status().json()["points"], what="a note")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(page.get_by_text("ready", exact=True)).to_be_visible()
    for caption in ("Predictions a minute", "p95 of a prediction", "Failed", "Age of the oldest work"):
        expect(page.locator("figcaption").filter(has_text=caption)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Predictions a minute from"))).to_be_visible()
    expect(page.get_by_text("memory of Redis")).to_be_visible()
    expect(page.get_by_text("free on the disk")).to_be_visible()
    fleets = page.get_by_role("region", name="Workers by fleet")
    for fleet in ("gateway", "estimate", "train", "system"):
        expect(fleets.get_by_role("row", name=re.compile(f"^{fleet} [1-9]"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(f"Train {MODEL}.* succeeded")).first).to_be_visible()


def test_an_account_is_made_changed_and_removed(page: Page, model: Service) -> None:
    page.get_by_role("link", name="Admin").click()
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()
    page.get_by_text("Add an account").click()
    page.get_by_label("Name").fill("cleo")
    page.get_by_label("For one model alone").fill(f"train:{MODEL}")
    page.get_by_role("button", name="Add", exact=True).click()
    secret = page.get_by_role("status").filter(has_text="is shown this once").locator("code").inner_text()
    assert ask(model, "cleo", secret).json()["scopes"] == ["estimate", "tasks:read", f"train:{MODEL}"]
    page.get_by_role("link", name="Look at it").click()
    expect(page.get_by_role("heading", name="cleo", level=1)).to_be_visible()
    page.get_by_label("estimate", exact=True).uncheck()
    page.get_by_role("button", name="Save the scopes").click()
    expect(page.get_by_text("Scopes of cleo saved").first).to_be_visible()
    page.get_by_label("Requests a second").fill("-1")
    page.get_by_role("button", name="Save the quota").click()
    expect(page.get_by_label("Requests a second")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Requests a second").fill("50")
    page.get_by_role("button", name="Save the quota").click()
    expect(page.get_by_text("Quota of cleo saved").first).to_be_visible()
    kept = model.http.get("/v1/accounts/cleo").raise_for_status().json()
    assert (kept["scopes"], kept["limits"]) == (["tasks:read", f"train:{MODEL}"], {"requests_per_second": 50})
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_role("status").filter(has_text="A token").locator("code").inner_text()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{model.url}/v1/session", headers=headers).json()["name"] == "cleo"
    page.get_by_role("button", name="End all tokens").click()
    eventually(lambda: httpx.get(f"{model.url}/v1/session", headers=headers).status_code == 401, what="the token's end")
    page.get_by_role("button", name="Make another password").click()
    expect(page.get_by_role("status").filter(has_text="another password")).to_be_visible()
    assert ask(model, "cleo", secret).status_code == 401
    other = page.get_by_role("status").filter(has_text="another password").locator("code").inner_text()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("cleodisabled")
    assert ask(model, "cleo", other).status_code == 401
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("cleo")
    assert ask(model, "cleo", other).status_code == 200
    page.get_by_text("Remove cleo").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()
    assert model.http.get("/v1/accounts/cleo").status_code == 404


def test_nobody_locks_himself_out(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/#/admin/admin")
    expect(page.get_by_role("heading", name="admin", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Disable")).to_have_count(0)
    expect(page.get_by_text("Remove admin")).to_have_count(0)
    page.get_by_label("admin", exact=True).uncheck()
    page.get_by_role("button", name="Save the scopes").click()
    expect(page.get_by_role("alert")).to_contain_text("take the administration from yourself")
    for method, body in (("DELETE", None), ("PATCH", {"disabled": True})):
        answer = model.http.request(method, "/v1/accounts/admin", json=body)
        assert answer.status_code == 409, answer.text


def test_keys_and_settings_are_shown_and_no_secret_is(page: Page, model: Service) -> None:
    before = model.http.get("/v1/keys").json()["keys"]
    page.get_by_role("link", name="Admin").click()
    keys = page.get_by_role("region", name="Keys that sign tokens")
    expect(keys.get_by_role("row")).to_have_count(1 + len(before))
    page.get_by_role("button", name="Sign with a new key").click()
    expect(keys.get_by_role("row")).to_have_count(2 + len(before))
    # Who is signed in stays so, by a key that signs no more.
    page.get_by_label("Find a setting").fill("token_key")
    settings = page.get_by_role("list", name="Settings")
    expect(settings.get_by_role("listitem").filter(has_text="MLSERVICE_TOKEN_KEYS_FILE")).to_be_visible()
    told = model.http.get("/v1/settings").json()["settings"]
    shown = {one["variable"]: one["value"] for one in told}
    assert "***@" in shown["REDIS_URL"]
    secrets = [path.read_text().strip() for path in model.home.secrets.iterdir() if path.is_file()]
    assert not any(len(secret) > 8 and secret in str(told) for secret in secrets)


def test_one_sign_in_is_for_all_tabs(page: Page, model: Service) -> None:
    other = page.context.new_page()
    other.goto(f"{model.url}/")
    expect(other.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    other.goto(f"{model.url}/docs")
    expect(other.get_by_role("link", name="mlservice", exact=True)).to_be_visible()
    listed = other.evaluate(
        "async () => (await (await fetch('v1/accounts', {headers: {'X-Mlservice-Page': '1'}})).json()).accounts.length"
    )
    assert listed >= 1
    # Another page of this origin that does not say so has no use of the cookie.
    assert other.evaluate("async () => (await fetch('v1/accounts')).status") == 401
    other.goto(f"{model.url}/")
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(tab.get_by_text("You are signed out.")).to_be_visible()
    page.get_by_label("Password").fill(password(model))
    page.get_by_role("button", name="Sign in").click()
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Sign out")).to_be_visible()
    other.close()


def test_the_pages_of_the_api_are_tried_with_the_same_sign_in(page: Page, model: Service) -> None:
    page.goto(f"{model.url}/docs#/service/listQueues")
    operation = page.locator("#operations-service-listQueues")
    operation.get_by_role("button", name="Execute").click(timeout=30_000)
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")


def test_a_link_signs_in_once(window: Seen, model: Service) -> None:
    page = window.page
    address, about = said("link", home=model.home).splitlines()
    assert about == "It signs admin in, once, in the next 10 minutes."
    page.goto(address)
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    assert "enter" not in page.url
    page.get_by_role("button", name="Sign out").click()
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_text("The link was used already, or is too old")).to_be_visible()
    window.forget()


def test_a_session_goes_on_while_somebody_works(page: Page, model: Service) -> None:
    kept = "Object.keys(localStorage).find((key) => key.startsWith('mlservice.session'))"
    ends = f"JSON.parse(localStorage.getItem({kept})).endsAt"
    before = page.evaluate(ends)
    # As if most of its time were over.
    page.evaluate(
        f"() => {{ const key = {kept}, found = JSON.parse(localStorage.getItem(key));"
        " localStorage.setItem(key, JSON.stringify({...found, beganAt: Date.now() - 3e6, endsAt: Date.now() + 6e5})) }"
    )
    with page.expect_response(lambda answer: answer.url.endswith("/v1/session")) as renewed:
        page.get_by_role("link", name="Tasks").click()
    assert renewed.value.status == 200
    page.wait_for_function(f"before => {ends} >= before", arg=before)


def test_all_tasks_are_found_and_cancelled_together(page: Page, model: Service) -> None:
    add_account("dora", "train", "estimate", "tasks:read", home=model.home, password="a long secret")
    token = httpx.post(f"{model.url}/v1/token", auth=("dora", "a long secret")).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "order-66"}
    where = f"{model.url}/v1/models/{MODEL}/train"
    answer = httpx.post(where, json={"params": {"num_leaves": 1}}, headers=headers).raise_for_status()
    first = answer.json()["id"]
    eventually(lambda: model.http.get(f"/v1/tasks/{first}").json()["state"] == "failed", what="the refusal")
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(page.locator(f"a[href$='{first}']")).to_contain_text("dora")
    page.get_by_label("By id").fill("order-66")
    page.get_by_label("By id").press("Enter")
    expect(page.locator(".tasks a")).to_have_count(1)
    expect(page).to_have_url(re.compile("request_id=order-66"))
    told = httpx.get(f"{model.url}/v1/tasks", params={"owner": "*"}, headers=headers)
    assert told.status_code == 403
    page.get_by_label("By id").fill("")
    page.get_by_label("By id").press("Tab")
    page.get_by_label("Of account").fill("dora")
    page.get_by_label("Of account").press("Tab")
    expect(page.locator(".tasks a")).to_have_count(1)
    headers["X-Request-Id"] = "order-67"
    for _ in range(3):
        httpx.post(
            where, json={"params": {"num_iterations": 100_000, "early_stopping_round": 0}}, headers=headers
        ).raise_for_status()
    page.get_by_role("button", name="Cancel the 3 that are not over").click(timeout=20_000)
    question = page.get_by_role("dialog", name="Cancel 3 tasks?")
    question.get_by_role("button", name="No").click()
    expect(question).to_have_count(0)
    page.get_by_role("button", name="Cancel the 3 that are not over").click()
    question.get_by_role("button", name="Cancel them").click()
    expect(page.locator(".tasks a").filter(has_text="cancelled")).to_have_count(3, timeout=30_000)


def test_the_cookie_is_for_pages_alone(model: Service) -> None:
    """Whoever sends it without saying so is a stranger, and a stranger is told to fetch a token."""
    with httpx.Client(base_url=model.url) as browser:
        signed = browser.post("/v1/session", auth=("admin", password(model)), headers={PAGE: "1"})
        assert signed.raise_for_status().json()["name"] == "admin"
        (name,) = browser.cookies.keys()
        assert re.fullmatch(r"mlservice-session-\d+", name)
        assert browser.get("/v1/models").status_code == 401
        assert browser.get("/v1/models", headers={PAGE: "1"}).status_code == 200
        assert browser.get("/v1/models", headers={PAGE: "1", "Authorization": "Bearer x"}).status_code == 401
        # A preflight of another origin allows no such header.
        asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "GET"}
        allowed = browser.options("/v1/models", headers={**asked, "Access-Control-Request-Headers": PAGE}).headers
        assert PAGE.lower() not in allowed.get("access-control-allow-headers", "").lower()
        # Rows are submitted with it, too, and another who sends the same without it is a stranger still.
        submitted: dict[str, Any] = {"json": {"rows": [[2]]}, "headers": {PAGE: "1", "Prefer": "wait=30"}}
        where = f"{model.url}/v1/models/{MODEL}/estimate"
        for _ in range(3):
            assert browser.post(where, **submitted).status_code == 200
            assert httpx.post(where, **submitted).status_code == 401
        assert browser.delete("/v1/session", headers={PAGE: "1"}).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("PATCH", "/v1/accounts/admin", None, 422, "must be a JSON object"),
        ("POST", "/v1/accounts/admin/tokens", {"scopes": []}, 422, "leave it out for all"),
        ("POST", "/v1/session", {"code": {}}, 400, "must be"),
        ("POST", "/v1/session", {"code": "x", "name": "y"}, 400, "must be"),
        ("POST", "/v1/session", [], 400, "must be"),
    ],
)
def test_what_is_wrong_in_a_request_is_said(
    model: Service, method: str, path: str, body: object, status: int, said: str
) -> None:
    headers = {"X-Mlservice-Page": "1"}
    answer = model.http.request(method, path, headers=headers, json=body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_an_empty_word_of_a_page_is_none(model: Service) -> None:
    assert model.http.post("/v1/session", headers={"X-Mlservice-Page": ""}).status_code == 403
