"""What the console's modules make of numbers and curves, in a browser: the same as the terminal and the report do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest

from infra.nginx.console_files import CONSOLE
from tasks.estimators.metrics import GROWING, MEASURED
from tasks.formatting import plain
from tasks.registry.curve import Best, Curve, Line, shown_range

pytest.importorskip("playwright", reason="playwright is not installed: pip install -e '.[test]'")

from playwright.sync_api import Page, Route, expect

from tests.browser import Seen, chromium

pytestmark = pytest.mark.integration

#: Steep, then slowly rising again: the best is in the middle.
STEPS: Final = list(range(1, 401))
LOSSES: Final = [100 / step + step / 200 for step in STEPS]
CURVE: Final = Curve(
    {
        "train": Line(STEPS[::9], {"loss": [100 / step for step in STEPS[::9]]}),
        "holdout": Line(STEPS, {"loss": LOSSES}),
    },
    {"loss": Best(LOSSES.index(min(LOSSES)) + 1, min(LOSSES), higher_is_better=False)},
)


#: Where the page is: its files are read from the console's folder, and nobody is asked.
ORIGIN: Final = "http://console.test"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page without content that has the console's style and may load its modules."""

    def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.strip("/")
        if name:
            route.fulfill(path=CONSOLE / name)
        else:
            head = '<link rel="icon" href="data:,"><link rel="stylesheet" href="/console.css">'
            route.fulfill(content_type="text/html", body=f"<!doctype html>{head}<body></body>")

    with chromium() as browser:
        seen = Seen(browser)
        seen.page.route("**/*", answer)
        seen.page.goto(f"{ORIGIN}/")
        yield seen.page
        assert not seen.complaints
        seen.context.close()


def draw(page: Page, script: str, given: Any) -> Any:
    """Run `script` with `curve` (the module), `body` and what is given."""
    return page.evaluate(
        f"async (given) => {{ const curve = await import('/curve.js'); const body = document.body;"
        f" body.replaceChildren(); {script} }}",
        msgspec.to_builtins(given),
    )


def test_numbers_are_the_same_as_in_the_terminal(page: Page) -> None:
    values = [0, 1, -3, 20752.34, 20752, 123456.7, 1234.25, 1234.35, 999.999, 0.53266, 0.5329549, 99999.5]
    values += [9.99996, 0.00012345678, 0.0001, 0.00009876543, 1e-9, -2.5e-7, 123456789.125, 1234567890.5, 3e20, 1e12]
    shown = page.evaluate("(given) => import('/format.js').then(({number}) => given.map(number))", values)
    assert dict(zip(values, shown, strict=True)) == {value: plain(value) for value in values}


@pytest.mark.parametrize("count", [2, 20, 21, 22, 400])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_same_part_of_a_curve_is_shown_as_in_the_report(page: Page, count: int, sign: int) -> None:
    steps, values = STEPS[:count], [sign * value for value in LOSSES[:count]]
    best = Best(3, sign * 50.0, higher_is_better=sign < 0)
    for known in ({}, {"loss": best}):
        given = {"points": list(zip(steps, values, strict=True)), "best": known.get("loss")}
        found = draw(page, "return curve.shownRange(given.points, given.best ?? undefined)", given)
        assert found == pytest.approx(shown_range(Curve({"holdout": Line(steps, {"loss": values})}, known), "loss"))


def test_a_curve_shows_its_best_and_not_its_steep_beginning(page: Page) -> None:
    draw(page, "const view = curve.curveView(); body.append(view.element); view.draw(given)", CURVE)
    best = CURVE.best["loss"]
    expect(page.locator("figcaption")).to_contain_text(f"best holdout {plain(best.value)} at {best.iteration}")
    ring = page.locator(".best circle")
    expect(ring).to_have_count(1)
    lines = [[float(part) for part in point.split(",")] for point in points(page, "holdout")]
    assert len(lines) == len(STEPS)
    assert [float(ring.get_attribute(at) or 0) for at in ("cx", "cy")] == lines[best.iteration - 1]
    # What comes after the beginning has most of the height, and the beginning is outside, where nothing is drawn.
    assert max(y for _, y in lines) - min(y for _, y in lines[40:]) > 50
    assert lines[0][1] < 0
    assert page.locator("figure svg svg").evaluate("svg => getComputedStyle(svg).overflow") == "hidden"
    assert len(points(page, "train")) == len(STEPS[::9])
    # Both sets have one scale of iterations.
    assert points(page, "train")[1].split(",")[0] == f"{lines[9][0]:.1f}"


def test_a_metric_that_grows_has_a_best_and_one_of_an_old_version_has_none(page: Page) -> None:
    line = {"iterations": [1, 2, 3], "metrics": {"auc": [0.5, 0.9, 0.8]}}
    best = {"auc": {"iteration": 2, "value": 0.9, "higher_is_better": True}}
    script = "const view = curve.curveView(); body.append(view.element); view.draw(given)"
    draw(page, script, {"lines": {"holdout": line}, "best": best})
    expect(page.locator("figcaption")).to_contain_text("best holdout 0.9 at 2")
    draw(page, script, {"lines": {"holdout": line}, "best": {}})
    expect(page.locator("figcaption")).to_contain_text("holdout 0.8")
    expect(page.locator(".best")).to_have_count(0)


def progress(iteration: int, *, train: int) -> dict[str, Any]:
    return {
        "iteration": iteration,
        "metrics": {"train": {"loss": 1 / train}, "holdout": {"loss": 2 / iteration}},
        "measured": {"train": train, "holdout": iteration},
        "best": {"loss": {"iteration": iteration, "value": 2 / iteration, "higher_is_better": False}},
    }


def test_a_train_that_is_watched_has_the_points_that_were_measured(page: Page) -> None:
    told = [progress(1, train=1), progress(3, train=1), progress(3, train=1), progress(8, train=5)]
    script = "const live = curve.emptyCurve(); given.forEach((one) => curve.addPoint(live, one)); return live"
    live = draw(page, script, told)
    assert live["lines"]["train"] == {"iterations": [1, 5], "metrics": {"loss": [1, 0.2]}}
    assert live["lines"]["holdout"] == {"iterations": [1, 3, 8], "metrics": {"loss": [2, 2 / 3, 0.25]}}
    # Its worker dies, and another begins anew.
    live = draw(page, script, [*told, progress(2, train=1), progress(4, train=3)])
    assert live["lines"]["train"]["iterations"] == [1, 3]
    assert live["lines"]["holdout"]["iterations"] == [2, 4]
    assert live["best"]["loss"]["iteration"] == 4


def test_a_run_that_began_anew_is_seen_by_its_start(page: Page) -> None:
    """Also where the first that is seen of it is further on than the run before it was."""
    task = {"id": "t", "kind": "train", "model": "m", "state": "queued", "lane": "normal", "links": {}}
    told = [
        ("state", {"state": "queued", "position": 3}),
        ("state", {"state": "running", "at": "2026-11-23T01:33:58.924Z"}),
        *(("progress", {**progress(done, train=1), "total": 100, "seconds": 1}) for done in (5, 10)),
        ("state", {"state": "running", "at": "2026-11-23T01:34:58.924Z"}),
        *(("progress", {**progress(done, train=11), "total": 100, "seconds": 1}) for done in (11, 15, 20)),
    ]
    stream = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in told)
    page.route("**/v1/tasks/t", lambda route: route.fulfill(json=task))
    page.route(
        "**/v1/tasks/t/events", lambda route: route.fulfill(content_type="text/event-stream", body=stream), times=1
    )
    page.evaluate(
        "() => import('/task.js').then(({showTask}) => {"
        " document.body.innerHTML = '<main></main>'; window.leave = new AbortController();"
        " showTask(document.querySelector('main'), ['t'], window.leave.signal) })"
    )
    expect(page.get_by_text("Iteration 20 of 100")).to_be_visible()
    assert len(points(page, "holdout")) == 3
    page.evaluate("window.leave.abort()")
    page.unroute("**/v1/tasks/t")


def points(page: Page, part: str) -> list[str]:
    """What a line goes through."""
    return (page.locator(f".line.{part} polyline").get_attribute("points") or "").split()


def test_the_console_knows_of_which_metrics_more_is_better(page: Page) -> None:
    names = sorted({*GROWING, *(name for some in MEASURED.values() for name in some)})
    found = page.evaluate(
        "(names) => import('/metrics.js').then(({direction}) => names.map((one) => direction(one)))", names
    )
    assert dict(zip(names, found, strict=True)) == {
        name: 1 if name.partition("@")[0] in GROWING else -1 for name in names
    }
