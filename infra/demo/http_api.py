"""The HTTP API as a client sees it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Final, Self

import httpx

from tasks.contract import Media, State
from tasks.errors import Unavailable, WorkFailed

#: Longest wait for one answer, beside what the request itself asks to wait.
ANSWER_SECONDS: Final = 30.0
#: Seconds of one long poll.
POLL_SECONDS: Final = 10

Document = dict[str, Any]


class HttpApi:
    """The service at a URL, with the token of one account.

    Each call raises WorkFailed, with the problem's detail, if the service refuses it, and Unavailable if it does not
    answer.
    """

    def __init__(self, url: str) -> None:
        # The service is on this machine: a proxy of the environment would not find it.
        self._client = httpx.Client(base_url=url, timeout=ANSWER_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def log_in(self, name: str, password: str) -> Document:
        """Fetch a token and use it from now on. Returns `access_token`, `token_type`, `expires_in` (s), `scope`."""
        token = self._send("POST", "/v1/token", auth=httpx.BasicAuth(name, password))
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"
        return token

    def init(self, model: str, *, target: str, data: bytes, media: Media) -> str:
        """Send a table, whatever the model had before. Returns the handle."""
        asked = {"target": target, "replace": "true"}
        return self._submit(f"/v1/models/{model}/init", params=asked, data=data, media=media)

    def train(self, model: str, *, params: Document) -> str:
        """Train a version. Returns the handle."""
        accepted = self._send("POST", f"/v1/models/{model}/train", json={"params": params})
        return str(accepted["id"])

    def estimate(self, model: str, *, body: bytes) -> Document:
        """Predict the rows of a JSON body. Returns the result, asking the service to wait for it."""
        answer = self._send(
            "POST",
            f"/v1/models/{model}/estimate",
            content=body,
            headers={"Content-Type": Media.JSON, "Prefer": f"wait={POLL_SECONDS}"},
        )
        return answer if "predictions" in answer else self.result(str(answer["id"]), seconds=ANSWER_SECONDS)

    def task(self, handle: str, *, wait: int = 0) -> Document:
        """The task now, or after at most `wait` seconds, as soon as it is finished."""
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        return self._send("GET", f"/v1/tasks/{handle}", headers=headers)

    def result(self, handle: str, *, seconds: float) -> Document:
        """The result of a task, as soon as it is there. Raises WorkFailed if it failed or takes longer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            task = self.task(handle, wait=POLL_SECONDS)
            if State(task["state"]).final:
                return result_of(task)
        raise WorkFailed(f"the task {handle} has not ended within {seconds:g} s")

    def _submit(self, path: str, *, params: dict[str, str], data: bytes, media: Media) -> str:
        accepted = self._send("POST", path, params=params, content=data, headers={"Content-Type": media})
        return str(accepted["id"])

    def _send(self, method: str, path: str, **request: Any) -> Document:
        try:
            response = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Unavailable(f"{method} {path}: the service does not answer ({error})") from error
        try:
            document: Document = response.json()
        except ValueError:
            document = {}
        if not response.is_success:
            detail = document.get("detail") or response.reason_phrase
            raise WorkFailed(f"{method} {path} was answered {response.status_code}: {detail}")
        return document


def result_of(task: Document) -> Document:
    """The result of a finished task. Raises WorkFailed, with the error's detail, if it has none."""
    if task["state"] != State.SUCCEEDED:
        detail = (task["error"] or {}).get("detail", "no reason is known")
        raise WorkFailed(f"{task['kind']} of {task['model']} {task['state']}: {detail}")
    result: Document = task["result"]
    return result
