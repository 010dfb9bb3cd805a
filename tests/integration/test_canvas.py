"""Celery's canvas, made in a process that has none of this code, on the default queue, on named ones, and mixed."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_QUEUE, PRIORITY, PRIORITY_SEPARATOR, PRIORITY_STEPS, Lane
from tasks.redis_keys import UNACKED_KEY
from tests.elsewhere import run_elsewhere
from tests.servers import Valkey, eventually
from tests.service import Service
from tests.workers import Worker

ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]

#: Makes each form of canvas of our tasks, one after the other, and tells their results.
FORMS = """\
import base64, traceback
from datetime import datetime, timedelta, timezone
model, rows, where, forms = given["model"], given["rows"], given["where"], given["forms"]
made = 0

def s(kind, *args, immutable=False, **kwargs):
    "A signature of one of the tasks: to the default queue, to its own, or to one after the other."
    global made
    made += 1
    named = where == "named" or (where == "mixed" and made % 2)
    options = {"queue": kind} if named else {}
    return signature(f"tasks.{kind}", args, kwargs, options, app=app, immutable=immutable)

def si(kind, **kwargs):
    return s(kind, immutable=True, **kwargs)

def get(result):
    return result.get(timeout=30)

def estimate(a=1, make=si):
    return make("estimate", model=model, rows=[[a, a]])

def first(answer):
    "The `a` of a row [a, a], told by its prediction."
    return round((answer["predictions"][0] - 0.5) / 2)

def fails():
    return si("estimate", model=model, rows=[[1, 1]], version=99)

def error_of(result):
    try:
        return ["no error", get(result)]
    except Exception as error:
        return [type(error).__name__, str(error)]

def chain_immutable():
    steps = [si("init", model="c-" + where, target="y", rows=rows), si("train", model="c-" + where)]
    return first(get(chain(*steps, si("estimate", model="c-" + where, rows=[[4, 4]])).apply_async()))

def chain_passing():
    steps = [s("init", "p-" + where, target="y", rows=rows), s("train"), s("estimate", rows=[[4, 4]])]
    result = chain(*steps).apply_async()
    return [first(get(result)), get(result.parent)["version"], get(result.parent.parent)["rows"]]

def group_of_three():
    return [first(answer) for answer in get(group(estimate(a) for a in (1, 2, 3)).apply_async())]

def chord_immutable():
    return first(get(chord([estimate(1), estimate(2)], estimate(5)).apply_async()))

def chord_passing():
    return get(chord([estimate(1), estimate(2)], s("train")).apply_async())["model"] == model

def chord_of_chains():
    header = [chain(estimate(1), s("estimate", rows=[[a, a]])) for a in (1, 2)]
    return first(get(chord(header, s("estimate", rows=[[6, 6]])).apply_async()))

def group_in_a_chain():
    inner = group(s("estimate", rows=[[a, a]]) for a in (1, 2))
    return first(get(chain(estimate(), inner, s("estimate", rows=[[8, 8]])).apply_async()))

def chain_that_ends_in_a_group():
    inner = group(s("estimate", rows=[[a, a]]) for a in (1, 2))
    return [first(answer) for answer in get(chain(estimate(), inner).apply_async())]

def links():
    one, two = estimate(2), s("estimate", rows=[[3, 3]])
    one.link(two)
    one.link(estimate(4))
    result = one.apply_async()
    # Celery makes a group of several.
    return [first(get(result)), sorted(first(answer) for child in result.children for answer in get(child))]

def link_of_the_call():
    result = app.send_task("tasks.estimate", (model,), {"rows": [[2, 2]]}, link=s("estimate", rows=[[7, 7]]))
    return [first(get(result)), [first(get(child)) for child in result.children]]

def link_error_immutable():
    call, back = fails(), estimate(9)
    back.freeze()
    call.link_error(back)
    return [error_of(call.apply_async())[0], first(get(app.AsyncResult(back.id)))]

def link_error_passing():
    call, back = fails(), s("estimate", model=model, rows=[[9, 9]])
    back.freeze()
    call.link_error(back)
    return [error_of(call.apply_async())[0], first(get(app.AsyncResult(back.id)))]

def chain_that_breaks():
    result = chain(estimate(), fails(), estimate()).apply_async()
    return [error_of(result)[0], first(get(result.parent.parent))]

def chain_with_a_wrong_step():
    result = chain(estimate(), s("estimate", "one", "two"), estimate()).apply_async()
    return [error_of(result)[0], first(get(result.parent.parent))]

def chord_that_breaks():
    body = chord([estimate(), fails()], estimate()).apply_async()
    # Without its header, whose error would be raised in its place.
    name, words = error_of(app.AsyncResult(body.id))
    return [name, "no version 99" in words]

def positional_name():
    return first(get(s("estimate", model, rows=[[4, 4]]).apply_async()))

def too_many_positional():
    name, words = error_of(s("estimate", model, [[4, 4]]).apply_async())
    return [name, "give the others by name: kwargs=" in words]

def a_step_of_the_callers_own():
    "What a worker of the other service is given to do, on a queue of its own."
    queue = "celery-theirs-" + where
    result = chain(estimate(3), signature("theirs.task", (), {"x": 1}, {"queue": queue}, app=app)).apply_async()
    app.backend.client.connection_pool.connection_kwargs["socket_timeout"] = 30
    _, message = app.backend.client.brpop(queue, 20)
    args, kwargs, embed = json.loads(base64.b64decode(json.loads(message)["body"]))
    return [first(*args), kwargs, first(get(result.parent))]

def a_step_that_nobody_knows():
    return error_of(chain(estimate(3), signature("theirs.task", app=app)).apply_async())[0]

def countdown():
    began = time.time()
    first(get(estimate().apply_async(countdown=2)))
    return 2 <= time.time() - began < 10

def expired():
    return error_of(estimate().apply_async(expires=datetime.now(timezone.utc) - timedelta(seconds=5)))[0]

def ignored():
    result = s("train", model=model).apply_async(ignore_result=True)
    follower = s("train", model=model).apply_async()
    return [get(follower)["model"] == model, result.state]

def result_of(form):
    "What it comes to, or what it raised."
    global made
    made = 0
    try:
        return globals()[form]()
    except Exception:
        return traceback.format_exc()

said = {form: result_of(form) for form in forms}
"""

#: What each form comes to, for a model of y = a + b + 0.5.
EXPECTED: dict[str, Any] = {
    "chain_immutable": 4,
    "chain_passing": [4, 1, 400],
    "group_of_three": [1, 2, 3],
    "chord_immutable": 5,
    "chord_passing": True,
    "chord_of_chains": 6,
    "group_in_a_chain": 8,
    "chain_that_ends_in_a_group": [1, 2],
    "links": [2, [3, 4]],
    "link_of_the_call": [2, [7]],
    "link_error_immutable": ["UnknownVersion", 9],
    "link_error_passing": ["UnknownVersion", 9],
    "chain_that_breaks": ["UnknownVersion", 1],
    "chain_with_a_wrong_step": ["InvalidField", 1],
    "chord_that_breaks": ["ChordError", True],
    "positional_name": 4,
    "too_many_positional": ["InvalidField", True],
    "a_step_of_the_callers_own": [3, {"x": 1}, 3],
    "a_step_that_nobody_knows": "NotRegistered",
    "countdown": True,
    "expired": "TaskRevokedError",
    "ignored": [True, "PENDING"],
}


@pytest.fixture(scope="module")
def model(service: Service) -> str:
    """A model of y = a + b + 0.5, with a version."""
    assert service.init("canvas", {"rows": ROWS}, target="y").status_code == 200
    assert service.train("canvas").status_code == 200
    return "canvas"


@pytest.fixture(scope="module", params=["default", "named", "mixed"])
def results(
    service: Service, model: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What one process that makes all forms was told, by form."""
    given = {"model": model, "rows": ROWS, "where": request.param, "forms": list(EXPECTED)}
    url = Settings(redis_url=service.redis_url).broker.shown_url
    found: dict[str, Any] = run_elsewhere(FORMS, given, broker_url=url, folder=tmp_path_factory.mktemp("elsewhere"))
    return found


@pytest.mark.parametrize("form", EXPECTED)
def test_a_form_of_canvas(results: dict[str, Any], form: str) -> None:
    assert results[form] == EXPECTED[form]


#: The priorities that calls come with; None: none is said.
PRIORITIES: Final = (None, *PRIORITY.values(), 9)
#: Sends a call of each priority with all that a message can carry beside it, and one with nothing.
LOADED = """\
then = signature("tasks.train", (), {"model": "m"}, {"queue": "train"}, app=app)
call = signature("tasks.estimate", (), {"model": "m", "rows": [[1]]}, app=app)
call.link(then)
call.link_error(then)
for priority in given["priorities"]:
    options = {} if priority is None else {"priority": priority}
    call.apply_async(
        task_id=f"loaded-{priority}", headers={"mine": "yes"}, expires=600, countdown=5, reply_to="somebody",
        ignore_result=True, root_id="root", parent_id="parent", time_limit=7, soft_time_limit=6, shadow="another name",
        group_id="group", compression="gzip", retries=2, who="me", stamped_headers=["who"], chain=[then], chord=then,
        **options
    )
app.send_task("tasks.train", ("m",), task_id="plain")
said = None
"""


class Moved(NamedTuple):
    """Messages by the id of their task: as they were sent, and as they lie in each list afterwards."""

    sent: dict[str, Any]
    came: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The calls to the default queue, once the system worker has sent them on."""
    folder = tmp_path_factory.mktemp("moved")
    with Valkey() as valkey, valkey.client() as client:
        url = Settings(redis_url=valkey.redis_url).broker.shown_url
        run_elsewhere(LOADED, {"priorities": PRIORITIES}, broker_url=url, folder=folder)
        sent = [read(client, listed(DEFAULT_QUEUE, step)) for step in ("", *PRIORITY_STEPS)]
        with Worker("system", redis_url=valkey.redis_url, folder=folder, processes=0):
            keys = [listed(queue, step) for queue in ("estimate", "train") for step in PRIORITY_STEPS]
            eventually(
                lambda: sum(client.llen(key) for key in keys) == len(PRIORITIES) + 1, seconds=20, what="all calls"
            )
            eventually(lambda: not client.hlen(UNACKED_KEY.format(fleet="system")), what="the end of the notes")
        return Moved(
            {task: one for found in sent for task, one in found.items()}, {key: read(client, key) for key in keys}
        )


@pytest.mark.parametrize("priority", PRIORITIES)
def test_what_comes_to_the_default_queue_goes_on_as_it_came(moved: Moved, priority: int | None) -> None:
    """All that is changed is where it goes; no priority, of which kombu writes 0, is that of the normal lane."""
    goes_on(moved, f"loaded-{priority}", queue="estimate", lane=priority or PRIORITY[Lane.NORMAL])


def test_a_call_with_nothing_beside_it_goes_on_too(moved: Moved) -> None:
    goes_on(moved, "plain", queue="train", lane=PRIORITY[Lane.NORMAL])


def goes_on(moved: Moved, task: str, *, queue: str, lane: int) -> None:
    """The message lies where it belongs, and has changed in nothing else."""
    sent = moved.sent[task]
    where = {"priority": lane, "delivery_info": {"exchange": "", "routing_key": queue}}
    assert moved.came[listed(queue, lane)][task] == {**sent, "properties": sent["properties"] | where}


def listed(queue: str, step: int | str) -> str:
    """The list of a queue's messages of this priority."""
    return f"{queue}{PRIORITY_SEPARATOR}{step}" if step != "" else queue


def read(client: redis.Redis, key: str) -> dict[str, Any]:
    """The messages in this list, by the id of their task."""
    found: Any = [json.loads(message) for message in client.lrange(key, 0, -1)]
    return {message["headers"]["id"]: message for message in found}
