"""An estimate by bare Celery, in a process that has none of this code, and what Flower saw of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Final

import httpx

from tasks.errors import WorkFailed

#: Longest time of the process.
SECONDS: Final = 40.0
#: Longest wait for Flower, which starts after the service.
FLOWER_SECONDS: Final = 20.0

#: What any service with the broker's URL can do.
PROGRAM: Final = """\
import json, sys
from celery import Celery
given = json.load(sys.stdin)
app = Celery("another-service", broker=given["url"], backend=given["url"])
try:
    said = {"answer": app.send_task("tasks.estimate", kwargs=given["kwargs"]).get(timeout=20)}
except Exception as error:
    said = {"error": f"{type(error).__name__}: {error}"}
said["ours"] = sorted(sys.modules.keys() & {"tasks", "gateway", "infra", "monitoring"})
json.dump(said, sys.stdout)
"""


def estimate(url: str, model: str, rows: Sequence[Any]) -> dict[str, Any]:
    """The result of `tasks.estimate`. Raises WorkFailed, with the reason, if there is none."""
    # The URL holds a password, so it is not an argument that everybody could read.
    given = json.dumps({"url": url, "kwargs": {"model": model, "rows": list(rows)}})
    with tempfile.TemporaryDirectory(prefix="mlservice-demo-") as empty:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", PROGRAM],
                input=given,
                cwd=empty,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise WorkFailed(f"bare Celery had no answer within {SECONDS:g} s") from error
    if done.returncode:
        raise WorkFailed(f"bare Celery failed: {(done.stderr.strip().splitlines() or ['no reason is known'])[-1]}")
    said = json.loads(done.stdout)
    if said["ours"]:
        raise WorkFailed(f"bare Celery imported {', '.join(said['ours'])}, which is code of the service")
    if "error" in said:
        raise WorkFailed(f"bare Celery failed: {said['error']}")
    answer: dict[str, Any] = said["answer"]
    return answer


def flower_tasks(url: str, *, name: str, password: str) -> dict[str, Any]:
    """The tasks that Flower at this URL has seen, by id. Raises WorkFailed if it does not answer."""
    deadline = time.monotonic() + FLOWER_SECONDS
    with httpx.Client(auth=(name, password), trust_env=False) as client:
        while True:
            try:
                response = client.get(f"{url}api/tasks")
                reason = f"{response.status_code} {response.reason_phrase}"
                if response.is_success and (tasks := response.json()):
                    return dict(tasks)
            except httpx.HTTPError as error:
                reason = str(error)
            if time.monotonic() > deadline:
                raise WorkFailed(f"Flower at {url} shows no tasks ({reason})")
            time.sleep(0.2)
