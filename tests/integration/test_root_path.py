"""The service below a path, behind a proxy of the operator's own: every address that it gives can be followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from gateway.identity.session import PAGE
from infra.host.address import LOOPBACK
from tasks.client import Client
from tasks.config.settings import Settings
from tests.addresses import second_loopback
from tests.browser import Seen, chromium
from tests.commands import said
from tests.front import Front
from tests.nginx import Nginx, Request
from tests.problems import refused
from tests.service import Service

ROOT: Final = "/apps/ml"
#: What a page names to be loaded or gone to.
NAMED: Final = re.compile(r"""(?:href|src|action)=["']([^"'#]+)""")
ROWS: Final = {"rows": [{"x": n, "y": 2 * n} for n in range(40)]}


@pytest.fixture(scope="module")
def below() -> Iterator[Service]:
    hosts = ("--host", LOOPBACK, "--host", second_loopback())
    with Service(*hosts, env={"MLSERVICE_ROOT_PATH": ROOT, "MLSERVICE_GATEWAY_PROCESSES": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def front(below: Service) -> Iterator[Front]:
    with Front(below.url.removesuffix(ROOT), root=ROOT) as running:
        yield running


@pytest.fixture(params=["keeping", "stripping"])
def api(request: pytest.FixtureRequest, front: Front, below: Service) -> Iterator[httpx.Client]:
    """A client that follows addresses as they are given, by the proxy that passes them on as they are, or without what
    it found the service by."""
    url = httpx.URL(getattr(front, request.param))
    with httpx.Client(base_url=f"{url.scheme}://{url.netloc.decode()}", timeout=70) as client:
        client.headers["Authorization"] = below.http.headers["Authorization"]
        yield client


def test_what_it_says_of_itself_has_the_path(below: Service) -> None:
    assert below.url.endswith(ROOT)
    assert f"console   {below.url}/" in below.output
    other = below.url.replace(LOOPBACK, second_loopback())
    assert f"also at   {other}\n" in below.output
    assert httpx.get(f"{other}/health/live").status_code == 200
    status = json.loads(said("status", "--json", home=below.home))
    assert (status["url"], status["urls"]) == (below.url, [below.url, other])


def test_work_is_submitted_and_followed(api: httpx.Client) -> None:
    accepted = api.post(f"{ROOT}/v1/models/below/init", json=ROWS, params={"target": "y", "replace": "true"})
    assert accepted.status_code == 202
    links = accepted.json()["links"]
    assert accepted.headers["Location"] == links["self"] == f"{ROOT}/v1/tasks/{accepted.json()['id']}"
    with api.stream("GET", f"{links['self']}/events") as events:
        told = list(events.iter_lines())
    assert any(f'"self":"{links["self"]}"' in line for line in told)
    task = api.get(links["self"]).raise_for_status().json()
    assert (task["state"], task["links"]) == ("succeeded", links)
    assert api.get(links["result"]).raise_for_status().json()["rows"] == 40
    assert api.get(links["model"]).raise_for_status().json()["model"] == "below"


def test_estimates_name_their_place_also_where_the_app_is_not_asked(api: httpx.Client) -> None:
    # Those that are like one before are answered without it.
    for _ in range(3):
        answer = api.post(f"{ROOT}/v1/models/below/estimate", json={"rows": [[1]]})
        assert answer.headers["Location"] == answer.json()["links"]["self"]
        assert api.get(answer.headers["Location"], headers={"Prefer": "wait=20"}).json()["state"] == "failed"
        waited = api.post(f"{ROOT}/v1/models/below/estimate", json={"rows": [[1]]}, headers={"Prefer": "wait=20"})
        assert waited.json()["instance"] == waited.headers["Location"]
        assert waited.headers["Location"].startswith(f"{ROOT}/v1/tasks/")


def test_lists_and_problems_name_the_path(api: httpx.Client) -> None:
    for _ in range(2):
        api.post(f"{ROOT}/v1/models/below/estimate", json={"rows": [[1]]}).raise_for_status()
    page = api.get(f"{ROOT}/v1/tasks", params={"limit": 1}).json()
    assert page["next"].startswith(f"{ROOT}/v1/tasks?")
    (second,) = api.get(page["next"]).raise_for_status().json()["tasks"]
    assert second["id"] != page["tasks"][0]["id"]
    assert second["links"]["self"].startswith(f"{ROOT}/v1/tasks/")
    missing = f"{ROOT}/v1/models/none"
    assert refused(api.get(missing), 404)["instance"] == missing


@pytest.mark.parametrize("path", ["v1/models/below/estimate", "v2/models/below/infer"])
def test_a_body_that_is_too_large_is_told_the_right_limit(below: Service, path: str) -> None:
    with closing(HTTPConnection(urlsplit(below.url).netloc, timeout=20)) as connection:
        connection.putrequest("POST", f"{ROOT}/{path}")
        connection.putheader("Content-Length", str(2**40))
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, f"larger than {2**27} bytes" in answer.read().decode()) == (413, True)


def test_pages_load_what_they_name(api: httpx.Client) -> None:
    for path in (f"{ROOT}/", f"{ROOT}/docs", f"{ROOT}/console/report.html"):
        page = api.get(path, headers={"Accept": "text/html"}).raise_for_status()
        named = NAMED.findall(page.text)
        assert named
        for address in named:
            if not address.endswith("flower/"):
                found = api.get(page.url.join(address), headers={"Accept": "text/html"})
                assert found.status_code == 200, (path, address)


def test_the_definition_names_the_path(api: httpx.Client) -> None:
    definition = api.get(f"{ROOT}/openapi.yml").text
    assert f"servers:\n  - url: {ROOT}\n" in definition
    assert f"tokenUrl: {ROOT}/v1/token\n" in definition


def test_the_console_is_sent_where_it_begins(api: httpx.Client) -> None:
    for path in (f"{ROOT}/console/", f"{ROOT}/console/index.html"):
        answer = api.get(path)
        assert answer.status_code == 308
        assert str(answer.url.join(answer.headers["Location"])).endswith(f"{ROOT}/")


def test_flower_is_seen_by_its_cookie(api: httpx.Client) -> None:
    session = api.post(f"{ROOT}/v1/session", headers={PAGE: "1"})
    assert f"; Path={ROOT}/;" in session.headers["Set-Cookie"]
    del api.headers["Authorization"]
    page = api.get(f"{ROOT}/flower/").raise_for_status()
    assert all(address.startswith(f"{ROOT}/flower") for address in NAMED.findall(page.text) if address[0] == "/")
    script = next(address for address in NAMED.findall(page.text) if ".js" in address)
    assert api.get(script).status_code == 200
    assert api.get(f"{ROOT}/flower").headers["Location"] == f"{ROOT}/flower/"


def test_a_browser_signs_in_and_looks_around(front: Front, below: Service) -> None:
    with chromium() as browser:
        seen = Seen(browser)
        seen.page.goto(f"{front.stripping}/")
        seen.page.get_by_label("Name").fill("admin")
        seen.page.get_by_label("Password").fill(below.home.admin_password.read_text().strip())
        seen.page.get_by_role("button", name="Sign in").click()
        expect(seen.page.get_by_role("heading", name="Overview", level=1)).to_be_visible(timeout=60_000)
        seen.page.goto(f"{front.stripping}/#/queues")
        expect(seen.page.get_by_role("heading", name="Queues", level=1)).to_be_visible(timeout=30_000)
        assert not seen.complaints
        assert all(urlsplit(url).path.startswith(f"{ROOT}/") for url in seen.requests)


def _says_path(request: Request) -> None:
    body = request.path.encode()
    request.say(200, body, Content_Length=str(len(body)))


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    with Nginx(Settings(root_path=ROOT), gateway=_says_path) as running:
        yield running


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        (f"{ROOT}/v1/models?after=a%2Fb", "/v1/models?after=a%2Fb"),
        ("/v1/models?x=/apps/ml/", "/v1/models?x=/apps/ml/"),
        (f"{ROOT}/v1/models/a%20b", "/v1/models/a%20b"),
        (f"{ROOT}{ROOT}/v1/models", f"{ROOT}/v1/models"),
        (f"{ROOT}x/v1/models", f"{ROOT}x/v1/models"),
        (f"{ROOT}/", "/"),
    ],
)
def test_the_gateway_gets_what_it_would_get_without(nginx: Nginx, asked: str, passed: str) -> None:
    assert nginx.get(asked).text == passed


@pytest.mark.parametrize(
    "path", ["/large", "/problem/401", "/status/401", "/authorize/body", "/internal/authorize", "/preflight"]
)
def test_what_is_nginx_s_own_stays_so(nginx: Nginx, path: str) -> None:
    before = len(nginx.seen)
    refused(nginx.get(f"{ROOT}{path}"), 404)
    assert len(nginx.seen) == before


def test_the_path_alone_is_sent_to_the_page(nginx: Nginx) -> None:
    answer: Any = nginx.get(f"{ROOT}?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{ROOT}/?a=b")


def test_large_bodies_and_the_original_s_errors_are_known_below_the_path(nginx: Nginx) -> None:
    assert "status" in nginx.get(f"{ROOT}/resource/auth", headers={"X": "y" * 20_000}).json()
    before = len(nginx.seen)
    httpx.post(f"{nginx.url}{ROOT}/v1/models/m/init?target=y", content=b"x" * 200_000, timeout=10)
    asked, passed = (seen.path for seen in nginx.seen[before:])
    assert asked == "/internal/authorize/body?scope=init&model=m"
    assert passed == "/v1/models/m/init?target=y"


def test_the_client_calls_a_service_below_a_path(front: Front, below: Service) -> None:
    password = below.home.admin_password.read_text().strip()
    with Client(front.stripping, name="admin", password=password) as client:
        assert client.init("called", rows=ROWS["rows"], target="y").result(timeout=60)["rows"] == 40
