"""What schemathesis loads: it makes fresh tasks, reads CSV, and writes down how each case was answered."""

from __future__ import annotations

import itertools
import math
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import schemathesis
from schemathesis import Case, CheckContext, DeserializationContext, HookContext, Response
from schemathesis.core.failures import Failure

from gateway.web.errors import URN
from gateway.web.headers import EVENTS
from tasks.contract import RESULT_MEDIA, Coding, Kind, Media
from tests.definition import faults
from tests.fuzz import fresh
from tests.fuzz.material import NOWHERE
from tests.fuzz.verdict import RECORD, Seen

#: The operations whose body a worker reads.
WORK: Final = tuple(kind.value for kind in Kind)
#: The tasks whose results are asked for.
RESULTS: Final = os.environ["FUZZ_RESULTS"].split()
_results = itertools.cycle(RESULTS)
#: In which media types estimates are asked for, one after the other.
_media = itertools.cycle(RESULT_MEDIA)
#: Of so many estimates that fit the definition one is of rows that fit the model, whose columns are hardly ever drawn.
SOUND: Final = 4
#: How long a search takes that fits the definition (seconds).
SEARCH_SECONDS: Final = 0.5
_turns, _sound_media = itertools.count(), itertools.cycle(RESULT_MEDIA)
#: What takes something of a model away, and the models that are there for it: schemathesis also learns of the others.
TAKING: Final = ("deleteModel", "deleteData", "deleteVersion", "deleteAlias")
#: What says where a webhook leads.
LEADING: Final = ("addWebhook", "changeWebhook")
#: What takes estimates by other protocols, and what each of the rows that fit the model are asked for with.
INFER: Final = ("infer", "inferVersion")
INVOKE: Final = ("invoke", "invokeDefault")
_tensors: Final = [
    {"name": name, "shape": [1], "datatype": "FP64", "data": [value]} for name, value in fresh.SOUND_ROW.items()
]
_inferences: itertools.cycle[dict[str, Any]] = itertools.cycle(
    [{"inputs": _tensors}, {"inputs": _tensors, "parameters": {"binary_data_output": True}}]
)
_invocations: itertools.cycle[dict[str, Any]] = itertools.cycle(
    [{"dataframe_records": [fresh.SOUND_ROW]}, {"instances": [list(fresh.SOUND_ROW.values())]}]
)
#: Models of which nobody has asked for a file, one after the other.
_unmade = iter(os.environ["FUZZ_UNMADE"].split())
#: In which a version is to be taken along.
_forms = itertools.cycle(["zip", "onnx"])
_spares = itertools.cycle(os.environ["FUZZ_SPARES"].split())


def before_load_schema(_context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Let schemathesis check each event: before OpenAPI 3.2 it takes the schema of a stream for that of one event."""
    answers = raw_schema["paths"]["/v1/tasks/{handle}/events"]["get"]["responses"]
    stream = raw_schema["components"]["schemas"]["Events"]
    answers["200"]["content"][EVENTS]["schema"] = stream["contentSchema"]["items"]


def before_call(_context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Put a task that begins now where the placeholder is. `Accept` is no parameter in OpenAPI: say it here.

    A body is accepted unread; whether a worker sees what is wrong with it is known only to who waits.
    """
    if case.headers.get("Content-Encoding") in tuple(Coding):
        # Drawn bodies are not compressed.
        del case.headers["Content-Encoding"]
    if _named(case) == "estimate":
        case.headers.setdefault("Accept", next(_media))
    if _named(case) in WORK and case.meta is not None:
        if case.meta.generation.mode.is_negative:
            case.headers["Prefer"] = "wait=30"
        else:
            _submit_well(case, turn=next(_turns))
    if _named(case) in INFER + INVOKE:
        _by_protocol(case)
    drawn = case.meta is not None and not case.meta.generation.mode.is_negative
    if drawn and _named(case) in LEADING and isinstance(case.body, dict):
        # Hosts that are drawn are nowhere, and secrets have other lengths.
        case.body = {**case.body, "url": NOWHERE}
        case.body.pop("secret", None)
    if _named(case) in TAKING and case.path_parameters.get("model") in fresh.NEEDED:
        case.path_parameters["model"] = next(_spares)
    if drawn and _named(case) == "getArtefact":
        _ask_for_file(case, turn=next(_turns))
    if _named(case) == "getResult" and case.path_parameters.get("handle") in RESULTS:
        # One after the other: drawn, some would come often and some never.
        case.path_parameters["handle"] = next(_results)
    for name, value in case.path_parameters.items():
        if value == fresh.PLACEHOLDER:
            if _named(case) == "getResult":
                # Who waits for it does not see that it was not there yet.
                case.headers.pop("Prefer", None)
            case.path_parameters[name] = _submitted(case.operation.base_url)


def _ask_for_file(case: Case, *, turn: int) -> None:
    """Have some ask for what is not made yet, for which nobody waits, and some for each form of what is there."""
    if model := next(_unmade, ""):
        case.path_parameters |= {"model": model, "version": 1}
        case.query, case.headers["Prefer"] = {}, "wait=0"
    elif turn % SOUND == 0:
        case.path_parameters |= {"model": fresh.SOUND_MODEL, "version": 1}
        case.query, case.headers["Prefer"] = {"format": next(_forms)}, "wait=30"
    else:
        return
    case.headers["If-None-Match"] = '"none"'


def _submit_well(case: Case, *, turn: int) -> None:
    """Have a submit that fits the definition be one that also fits what is there."""
    if _named(case) == "estimate" and turn % SOUND == 0:
        _make_sound(case)
        return
    if turn % SOUND == 1:
        # Drawn, it may be that all of them wait.
        case.headers.pop("Prefer", None)
    if _named(case) == "train" and isinstance(case.body, dict) and isinstance(case.body.get("search"), dict):
        # Drawn seconds are many, and all trains after it would wait for them.
        case.body = {**case.body, "search": {**case.body["search"], "seconds": SEARCH_SECONDS}}
    if "Idempotency-Key" in case.headers:
        # The same in many cases: of the second only the collision would be seen.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


def _make_sound(case: Case) -> None:
    """Have an estimate ask for what the first model can answer."""
    case.path_parameters["model"] = fresh.SOUND_MODEL
    case.media_type, case.body, case.query = Media.JSON.value, {"rows": [fresh.SOUND_ROW]}, {}
    case.headers["Prefer"], case.headers["Accept"] = "wait=30", next(_sound_media)
    case.headers.pop("Content-Type", None)
    case.headers.pop("Idempotency-Key", None)


def _by_protocol(case: Case) -> None:
    """What is asked by another protocol waits for its result: let it not be late, which is 503."""
    if not case.headers.get("Content-Encoding", "none"):
        # An empty list of codings is none.
        del case.headers["Content-Encoding"]
    # One that is wrong stays, and is refused.
    if _is_positive(case.query.get("deadline")):
        del case.query["deadline"]
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    if next(_turns) % SOUND == 0:
        _make_sound_protocol(case)


def _is_positive(value: object) -> bool:
    """Whether it is a number above 0, as JSON writes one."""
    with suppress(ValueError):
        return 0 < float(str(value)) < math.inf and "_" not in str(value)
    return False


def _make_sound_protocol(case: Case) -> None:
    """Have the first model be asked by another protocol for what it can answer."""
    if "model" in case.path_parameters:
        case.path_parameters["model"] = fresh.SOUND_MODEL
    if "version" in case.path_parameters:
        case.path_parameters["version"] = 1
    case.media_type, case.query = Media.JSON.value, {}
    case.headers.pop("Inference-Header-Content-Length", None)
    case.body = next(_inferences if _named(case) in INFER else _invocations)
    case.headers.pop("Content-Type", None)


def after_call(_context: HookContext, case: Case, response: Response) -> None:
    """Write down what was answered."""
    # Where there is no body, its type says nothing.
    media = response.headers.get("content-type", [""])[0].partition(";")[0] if response.content else ""
    seen = Seen(_named(case), response.status_code, media)
    with Path(os.environ[RECORD]).open("a") as record:
        record.write(seen.line())


def as_written(_context: CheckContext, response: Response, case: Case) -> None:
    """Nothing is answered that is not written: schemathesis itself lets other headers pass."""
    if _named(case):
        headers = {name.lower(): values[0] for name, values in response.headers.items()}
        found = [*faults(case.method, case.operation.path, response.status_code, headers=headers)]
        assert not found, ", ".join(found)


def filter_failure(_context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Drop what is found of the results of work that was given up: they are 500, and meant to be."""
    given_up = response.status_code == 500 and f"{URN}poison".encode() in response.content
    return not (given_up and _named(case) == "getResult")


def read_csv(_context: DeserializationContext, response: Response) -> str:
    """As text, which is what its schema says."""
    return str(response.content, "utf-8")


def read_bytes(_context: DeserializationContext, response: Response) -> str:
    """As the text that a file is to its schema."""
    return str(response.content, "latin-1")


def _named(case: Case) -> str:
    """The operation that the case calls; empty if it calls it by a method that the route does not have."""
    named = str(case.operation.definition.raw["operationId"])
    return named if case.method.lower() == case.operation.method.lower() else ""


def _submitted(url: str) -> str:
    headers = {"Authorization": f"Bearer {os.environ['FUZZ_TOKEN']}"}
    where = urljoin(url, f"/v1/models/{fresh.MODEL}/train")
    answer = httpx.post(where, params={"lane": fresh.LANE}, json=fresh.TRAIN, headers=headers, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["id"])


# No decorators: to mypy, which knows nothing of this package, they would make what they decorate untyped.
for hook in (before_load_schema, before_call, after_call, filter_failure):
    schemathesis.hook(hook)
schemathesis.check(as_written)
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
schemathesis.deserializer("text/csv")(read_csv)
schemathesis.deserializer(Media.ARROW.value, Media.BYTES.value, "image/png", "application/zip")(read_bytes)
