"""The service over HTTP, for one thread: submit, and look at a task."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tasks.contract import State
from tests.benchmarks.caller import Answer, Caller
from tests.chaos.account import Sight
from tests.chaos.orders import Order

#: Answers that NGINX gives when no gateway gave one.
NO_GATEWAY: Final = (502, 504)


class Unanswered(Exception):
    """Raised when a request has no answer of the service: the connection was refused or broken, or it took too long."""


class Unknown(Exception):
    """Raised when the service does not know a handle."""


@dataclass(kw_only=True)
class Site:
    """Where the service is and who is calling. The token is another one after the accounts were lost."""

    url: str
    redis_url: str
    blobs: Path
    token: str


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """How a submit was answered."""

    status: int
    #: None if it was not accepted.
    handle: str | None
    #: The result, if it came at once.
    result: Any
    retry_after: bool


class Face:
    """One kept connection, made again when it breaks. `seconds` is the longest wait for an answer."""

    def __init__(self, site: Site, *, seconds: float) -> None:
        self._site = site
        self._seconds = seconds
        self._caller: Caller | None = None

    def submit(self, order: Order, *, wait: float | None = None) -> Submitted:
        """Send an order. Raises Unanswered."""
        query = urlencode({**order.query, "lane": order.lane.value})
        headers = {
            "Content-Type": order.media,
            **({"Content-Encoding": order.coding} if order.coding else {}),
            **({"Prefer": f"wait={wait:g}"} if wait else {}),
        }
        answer = self._ask("POST", f"/v1/models/{order.model}/{order.kind.value}?{query}", headers, order.body)
        # A refusal has no Location; an accepted order has one, also if it failed within the wait.
        _, found, handle = answer.headers.get("location", "").rpartition("/v1/tasks/")
        if not found and answer.status in NO_GATEWAY:
            raise Unanswered(f"NGINX answered {answer.status}")
        return Submitted(
            status=answer.status,
            handle=handle if found else None,
            result=json.loads(answer.body) if answer.status == 200 else None,
            retry_after="retry-after" in answer.headers,
        )

    def look(self, handle: str) -> tuple[Sight, Any] | None:
        """The end of a task and its result; None while it has none. Raises Unanswered, Unknown."""
        answer = self._ask("GET", f"/v1/tasks/{handle}", {})
        if answer.status == 404:
            raise Unknown(handle)
        if answer.status != 200:
            raise Unanswered(f"the task was answered {answer.status}")
        task = json.loads(answer.body)
        state = State(task["state"])
        if not state.final:
            return None
        return sight(state, _seconds(task["finished_at"]), result=task["result"], error=task["error"]), task["result"]

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._caller is not None:
            self._caller.__exit__(None, None, None)
            self._caller = None

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        try:
            if self._caller is None:
                self._caller = Caller(self._site.url, seconds=self._seconds).__enter__()
            whole = {"Authorization": f"Bearer {self._site.token}", **headers}
            return self._caller.ask(method, path, headers=whole, body=body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(f"{type(error).__name__}: {error}") from error


def sight(state: State, finished_at: float, *, result: Any, error: Mapping[str, Any] | None) -> Sight:
    """A final state with what came with it."""
    reason = f"{error['type']}: {error['detail']}" if error else ""
    text = json.dumps(result, sort_keys=True) if error is None else reason
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Sight(state=state, finished_at=finished_at, digest=digest, reason=reason)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
