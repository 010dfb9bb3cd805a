"""`mlservice demo`: the whole service in a temporary home, from data to estimates, with every step checked."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.demo import bare_celery
from infra.demo.curl import of_case
from infra.demo.data import Case, from_file, shipped
from infra.demo.http_api import HttpApi, result_of
from infra.demo.score import score
from infra.demo.service import Running, throwaway
from infra.demo.view import View
from infra.host.address import Address
from infra.host.defaults import DEFAULT_HOST, DEFAULT_PORT
from infra.host.home import FIRST_ACCOUNT, Home
from tasks.config.home import DEFAULT_HOME
from tasks.contract import State
from tasks.errors import InvalidField, WorkFailed

#: Longest wait for an init, and for a train.
INIT_SECONDS: Final = 300.0
TRAIN_SECONDS: Final = 1800.0
#: Time between two looks at the progress of a train.
LOOK_SECONDS: Final = 0.05
#: Rows that are estimated by bare Celery.
DIRECT_ROWS: Final = 3
#: Slow enough that there is a progress to see.
PARAMS: Final = {"learning_rate": 0.05, "num_iterations": 400}
#: Rows from which on LightGBM's own smallest leaf (20 rows) is sensible.
ROWS_FOR_LEAVES: Final = 400


def run(args: argparse.Namespace) -> int:
    """Show it on the tables that scikit-learn ships, or on --data. Exit status 0: all of it worked.

    Raises ServiceError for a file or column that cannot be used, before anything starts, and for every step that
    fails, after everything is stopped and removed.
    """
    started = time.monotonic()
    cases = choose(args.data, args.target)
    view = View()
    with ExitStack() as stack:
        with view.waiting("Starting the service: Valkey, workers, gateway, NGINX, Flower"):
            running = stack.enter_context(throwaway())
        stack.callback(view.heading, "Stopping the service and removing what it wrote")
        show_all(cases, view, running)
    view.heading(f"All of it worked, in {time.monotonic() - started:.0f} s. Nothing is left running.")
    return 0


def choose(data: Path | None, target: str | None) -> list[Case]:
    """What to show. Raises InvalidField, InvalidTable, InvalidTarget."""
    if data is not None:
        return [from_file(data, target)]
    if target is not None:
        raise InvalidField("--target names a column of the file that --data FILE gives; give both")
    return shipped()


def show_all(cases: Sequence[Case], view: View, running: Running) -> None:
    """Every case, then Flower, then how to repeat it."""
    with HttpApi(running.url) as api:
        token = api.log_in(FIRST_ACCOUNT, running.password)
        view.heading(f"The service answers at {running.url}")
        view.line(f"POST /v1/token as {FIRST_ACCOUNT}: a bearer token for {token['expires_in'] / 60:.0f} minutes")
        for case in cases:
            show_case(case, view, api, broker_url=running.broker_url)
    show_flower(view, running)
    url = Address(host=DEFAULT_HOST, port=int(DEFAULT_PORT)).url
    password = Home(Path(DEFAULT_HOME)).admin_password
    view.script(
        "To repeat it, start the service with `make up`, and in another shell in the same folder:",
        of_case(cases[0], url=url, password=password),
    )


def show_case(case: Case, view: View, api: HttpApi, *, broker_url: str) -> None:
    """Init, train, estimate over HTTP, and the same estimate by bare Celery."""
    view.case(case)
    handle = api.init(case.model, target=case.target, data=case.body, media=case.media)
    ready = api.result(handle, seconds=INIT_SECONDS)
    view.line(f"init: {ready['problem']}, {ready['rows']} rows, of which {ready['holdout_rows']} measure the training")
    for warning in ready["warnings"]:
        view.line(f"  {warning}")
    trained = follow(api, api.train(case.model, params=params(case.learned.num_rows)), view)
    view.trained(trained)
    answer = estimate(case, view, api, version=trained["version"])
    compare(case, view, answer, broker_url=broker_url)


def follow(api: HttpApi, handle: str, view: View) -> dict[str, Any]:
    """The result of a train, whose progress is shown meanwhile."""
    until = time.monotonic() + TRAIN_SECONDS
    with view.progress() as show:
        while time.monotonic() < until:
            task = api.task(handle)
            if task["progress"]:
                show(task["progress"])
            if State(task["state"]).final:
                return result_of(task)
            time.sleep(LOOK_SECONDS)
    raise WorkFailed(f"the train {handle} has not ended within {TRAIN_SECONDS:g} s")


def estimate(case: Case, view: View, api: HttpApi, *, version: int) -> dict[str, Any]:
    """The result for the rows held back. Raises WorkFailed if it is no better than a guess."""
    answer = api.estimate(case.model, body=msgspec.json.encode({"rows": case.rows()}))
    if answer["version"] != version or len(answer["predictions"]) != case.held.num_rows:
        raise WorkFailed(
            f"version {answer['version']} of {case.model} gave {len(answer['predictions'])} predictions; version"
            f" {version} was asked for {case.held.num_rows}"
        )
    view.predictions(answer, case.truth)
    found = score(answer, truth=case.truth, learned=case.learned_targets)
    view.score(found, rows=case.held.num_rows)
    if not found.better:
        raise WorkFailed(f"the model {case.model} is no better than a guess on the rows held back")
    return answer


def compare(case: Case, view: View, answer: dict[str, Any], *, broker_url: str) -> None:
    """Estimate by bare Celery too. Raises WorkFailed if the answer differs from that over HTTP."""
    direct = bare_celery.estimate(broker_url, case.model, case.rows(DIRECT_ROWS))
    given, expected = direct["predictions"], answer["predictions"][:DIRECT_ROWS]
    if direct["version"] != answer["version"] or given != expected:
        raise WorkFailed(f"bare Celery answered {given} where HTTP answered {expected}")
    view.direct(given)


def show_flower(view: View, running: Running) -> None:
    """Where Flower is, and how many tasks it has seen."""
    url = f"{running.url}/flower/"
    tasks = bare_celery.flower_tasks(url, name=FIRST_ACCOUNT, password=running.password)
    view.heading(f"Flower shows {len(tasks)} tasks at {url}")
    view.line(f"under `make up` it is at /flower/ too; the account is {FIRST_ACCOUNT}, with the password of its file")


def params(rows: int) -> dict[str, Any]:
    """The parameters of a train on so many rows."""
    return PARAMS if rows >= ROWS_FOR_LEAVES else {**PARAMS, "min_data_in_leaf": max(2, rows // 20)}
