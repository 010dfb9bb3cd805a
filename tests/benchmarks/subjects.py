"""What is compared: the service as a user starts it, and the two yardsticks, all with the same model."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from infra.commands.status import program_status
from infra.host.process_tree import processes
from monitoring.memory import children, pss_bytes
from tests.benchmarks.caller import Answer, Caller
from tests.benchmarks.load import Target, Unusable
from tests.benchmarks.model import NAME, rows
from tests.servers import Process, Valkey, eventually, free_port
from tests.service import Service

ESTIMATE: Final = f"/v1/models/{NAME}/estimate"
#: Seconds that a request to the service waits for its result.
WAIT_SECONDS: Final = 10
#: How far a prediction may be from LightGBM's own.
TOLERANCE: Final = 1e-9
_JSON: Final = {"Content-Type": "application/json"}
#: The parts of the package that the yardsticks are.
_YARDSTICKS: Final = "tests.benchmarks.yardsticks"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something that answers single rows."""

    name: str
    #: A request for one row that waits for its prediction, with a token that is new where one is needed.
    target: Callable[[], Target]
    #: Bytes (PSS) of each of its programs.
    memory: Callable[[], dict[str, int]]


def row_body() -> bytes:
    """The JSON of one row."""
    return json.dumps({"rows": rows(1).tolist()}).encode()


def estimate_target(service: Service, *, query: str = "", wait: bool = True, model: str = NAME) -> Target:
    """A request for one row to the service, which waits for its prediction or only submits."""
    headers = {**_JSON, "Authorization": f"Bearer {service.token()}"}
    if wait:
        headers["Prefer"] = f"wait={WAIT_SECONDS}"
    return Target(url=f"{service.url}/v1/models/{model}/estimate{query}", headers=headers, body=row_body())


def service_subject(service: Service) -> Subject:
    """The running service."""
    return Subject(name="service", target=lambda: estimate_target(service), memory=lambda: service_memory(service))


def service_memory(service: Service) -> dict[str, int]:
    """Bytes (PSS) of each of the service's programs."""
    found = program_status(service.home.service())
    return {name: status.pss_bytes or 0 for name, status in found.items()}


@contextmanager
def started_yardsticks(booster: Any) -> Iterator[list[Subject]]:
    """Both yardsticks, which serve this model."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ml-bench-")))
        model = folder / "model.txt"
        model.write_text(booster.model_to_string())
        env = {"MODEL_FILE": str(model), "OMP_NUM_THREADS": "1"}
        yield [_in_process(stack, folder, env), _template(stack, folder, env)]


def check(subject: Subject, booster: Any) -> None:
    """See that it answers with LightGBM's own prediction. Raises Unusable."""
    target = subject.target()
    answer = ask(target)
    expected = float(booster.predict(rows(1))[0])
    found = json.loads(answer.body).get("predictions") if answer.status == 200 else None
    if found is None or len(found) != 1 or abs(found[0] - expected) > TOLERANCE:
        raise Unusable(f"the {subject.name} answers {answer.status} {answer.body[:200]!r} instead of {expected}")


def ask(target: Target) -> Answer:
    """Send the request once."""
    parts = urlsplit(target.url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with Caller(target.url) as caller:
        return caller.ask("POST", path, headers=target.headers, body=target.body)


def _in_process(stack: ExitStack, folder: Path, env: Mapping[str, str]) -> Subject:
    port = free_port()
    app = f"{_YARDSTICKS}.inprocess:create_app"
    options = ("--factory", "--port", str(port), "--workers", "2", "--no-access-log", "--log-level", "warning")
    web = _start(stack, folder / "inprocess.log", [*_python("uvicorn"), app, *options], env)
    return _yardstick("in process", port, {"web": web})


def _template(stack: ExitStack, folder: Path, env: Mapping[str, str]) -> Subject:
    port, redis_port = free_port(), free_port()
    store = stack.enter_context(Valkey("--appendonly", "yes", "--port", str(redis_port)))
    redis_url = f"redis://127.0.0.1:{redis_port}"
    env = {**env, "CELERY_BROKER_URL": f"{redis_url}/0", "CELERY_RESULT_BACKEND": f"{redis_url}/1"}
    worker_options = ("worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "WARNING")
    app = f"{_YARDSTICKS}.template_tasks"
    worker = _start(stack, folder / "worker.log", [*_python("celery"), "-A", app, *worker_options], env)
    web_options = ("--workers", "5", "--threads", "3", "--bind", f"127.0.0.1:{port}", "--no-control-socket")
    app = f"{_YARDSTICKS}.template_web:create_app()"
    web = _start(stack, folder / "web.log", [*_python("gunicorn"), *web_options, app], env)
    return _yardstick("template", port, {"web": web, "worker": worker, "valkey": store})


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _start(stack: ExitStack, log: Path, command: Sequence[str], env: Mapping[str, str]) -> Process:
    return stack.enter_context(Process(command, output=log, env=env))


def _yardstick(name: str, port: int, programs: dict[str, Process]) -> Subject:
    target = Target(url=f"http://127.0.0.1:{port}/predict", headers=_JSON, body=row_body())
    try:
        eventually(lambda: ask(target).status == 200, seconds=60, what=f"the yardstick {name!r}")
    except AssertionError as error:
        logs = "\n".join(process.output[-2000:] for process in programs.values())
        raise Unusable(f"{error}\n{logs}") from error
    return Subject(name=name, target=lambda: target, memory=lambda: _memory(programs))


def _memory(programs: dict[str, Process]) -> dict[str, int]:
    parents = {process.pid: process.parent for process in processes()}
    return {name: pss_bytes(children(parents, process.popen.pid)) or 0 for name, process in programs.items()}


def settle() -> None:
    """Let what the last load left behind end before the next one begins."""
    time.sleep(0.5)
