"""What a client says to the gateway, and what it makes of the answers: logging in, trying again, submitting, asking.

Nothing is sent here: `over_http` carries the exchanges out.
"""

from __future__ import annotations

import base64
import os
import time
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from tasks.calling.documents import read_accepted, read_page, read_task, read_token
from tasks.calling.http_exchange import Alone, Answer, Call, Exchange, Lost, Pause
from tasks.calling.problems import error_of, retry_after
from tasks.calling.request import Request
from tasks.contract import EXPORT, HANDLE, Kind, Media, State
from tasks.errors import InvalidField, Unauthenticated, Unavailable
from tasks.ledger.groups import Task, parse_handle
from tasks.ledger.outcomes import Outcome
from tasks.watch.ending import Live

#: What passes: too many requests, an answer of a proxy whose gateway is away, too much that waits.
PASSING: Final = frozenset({429, 502, 503, 504})
#: The first pause before something is tried again, where the service names none, and the longest (seconds).
PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
#: Longest wait in one request (seconds); the service may wait less.
WAIT_SECONDS: Final = 30.0
#: How long an answer may take beside what the request asks to wait (seconds).
ANSWER_SECONDS: Final = 30.0
#: A token is fetched anew so long before it ends (seconds).
SKEW_SECONDS: Final = 30.0


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: a token, or a name and a password for which tokens are fetched."""

    token: str = ""
    name: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Login(name={self.name!r})"

    def __post_init__(self) -> None:
        if self.token and (self.name or self.password):
            raise InvalidField("give a token, or a name and a password, not both")
        if not self.token and not (self.name and self.password):
            raise InvalidField("a service at http:// or https:// asks who calls: give token=, or name= and password=")


class HttpProtocol:
    """One service, as one caller. The exchanges raise the service's errors."""

    def __init__(self, url: str, login: Login, *, patience_seconds: float) -> None:
        """`patience_seconds`: how long what may pass is tried again."""
        self.url = url.rstrip("/")
        self._login = login
        self._patience = patience_seconds
        self._token = login.token
        self._until = float("inf") if login.token else 0.0

    def submit(self, request: Request) -> Exchange[str]:
        """Submit work. Tried again, it is the same piece of work."""
        if request.is_import:
            raise InvalidField(
                "over HTTP no model is brought in: use `mlservice import` on its machine, or a URL of Redis"
            )
        if request.is_export:
            return self._export(request)
        return self._submit(request)

    def _submit(self, request: Request) -> Exchange[str]:
        deadline = {} if request.deadline_seconds is None else {"deadline": f"{request.deadline_seconds:g}"}
        answer = yield from self.send(
            Call(
                method="POST",
                path=f"/v1/models/{request.model}/{request.kind.value}",
                params={**request.query, "lane": request.lane.value, **deadline},
                headers={
                    "Content-Type": request.media.value,
                    "Accept": request.accept.value,
                    "Idempotency-Key": request.idempotency_key or os.urandom(16).hex(),
                },
                content=request.body,
            )
        )
        return read_accepted(answer.content).id

    def _export(self, request: Request) -> Exchange[str]:
        path = f"/v1/models/{request.model}/versions/{request.query['version']}/artefact"
        # HEAD waits for nothing, and says which task makes the file or has made it.
        answer = yield from self.send(Call(method="HEAD", path=path, params={"format": request.query[EXPORT]}))
        where = answer.headers.get("location") or answer.headers.get("content-location") or ""
        if (found := HANDLE.search(where)) is None:
            raise Unavailable(
                f"the service at {self.url} does not say which task makes the file; is it of this release?"
            )
        return found[0]

    def task(self, handle: str, *, wait_seconds: float = 0.0) -> Exchange[Any]:
        """The document of a task; after its end, or so many seconds."""
        parse_handle(handle)
        prefer = {"Prefer": f"wait={wait_seconds:.3f}"} if wait_seconds > 0 else {}
        answer = yield from self.send(
            Call(method="GET", path=f"/v1/tasks/{handle}", headers=prefer, seconds=ANSWER_SECONDS + wait_seconds)
        )
        return read_task(answer.content)

    def wait(self, handle: str, *, seconds: float) -> Exchange[Outcome | None]:
        """How a task ended; None if it has not after so many seconds."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            document = yield from self.task(handle, wait_seconds=min(left, WAIT_SECONDS))
            if document.state.final:
                outcome: Outcome | None = document.outcome()
                return outcome if outcome is not None else (yield from self._result(handle))
            if left <= 0:
                return None

    def cancel(self, handle: str) -> Exchange[bool]:
        """Cancel a task. True if it is over."""
        parse_handle(handle)
        answer = yield from self.send(Call(method="DELETE", path=f"/v1/tasks/{handle}"))
        return bool(read_task(answer.content).state.final)

    def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> Exchange[list[Task]]:
        """The newest of the caller's tasks."""
        given = {"state": state, "model": model, "kind": kind}
        params = {name: str(value) for name, value in given.items() if value is not None}
        answer = yield from self.send(Call(method="GET", path="/v1/tasks", params={**params, "limit": str(limit)}))
        return [document.task() for document in read_page(answer.content).tasks]

    def live(self, model: str) -> Exchange[Live | None]:
        """Which version of a model answers, if it is one of the newest; None if none does."""
        answer = yield from self.send(Call(method="GET", path=f"/v1/models/{model}"))
        described = msgspec.json.decode(answer.content)
        found = [line for line in described["versions"] if line["version"] == described["current"]]
        return Live(found[0]["version"], found[0]["metrics"]) if found else None

    def _result(self, handle: str) -> Exchange[Outcome]:
        """A result that is not JSON."""
        answer = yield from self.send(Call(method="GET", path=f"/v1/tasks/{handle}/result", headers={"Accept": "*/*"}))
        media = answer.headers.get("content-type", Media.JSON.value)
        return Outcome(State.SUCCEEDED, media, answer.content, notes=answer.headers.get("notes", ""))

    def send(self, call: Call) -> Exchange[Answer]:
        """The answer to a call by who is logged in. What passes is tried again; a token that has ended, fetched anew.

        Raises the service's error, and Unavailable if no answer comes within the patience."""
        refused = ""
        while True:
            if self._is_stale():
                # Calls that come together need one token.
                yield Alone(self._log_in)
            authorized = {**call.headers, "Authorization": f"Bearer {self._token}"}
            answer = yield from self._tried(msgspec.structs.replace(call, headers=authorized))
            if answer.status != 401 or not self._login.name or refused:
                return checked(answer)
            refused = authorized["Authorization"]
            if refused == f"Bearer {self._token}":
                self._token = ""

    def log_in(self) -> Exchange[str]:
        """The token of the name and the password."""
        if self._is_stale():
            yield Alone(self._log_in)
        return self._token

    def _is_stale(self) -> bool:
        return not self._token or time.monotonic() > self._until

    def _log_in(self) -> Exchange[None]:
        if not self._is_stale():
            return
        if not self._login.name:
            raise Unauthenticated("the token has ended; give a new one")
        pair = base64.b64encode(f"{self._login.name}:{self._login.password}".encode()).decode()
        answer = yield from self._tried(
            Call(method="POST", path="/v1/token", headers={"Authorization": f"Basic {pair}"})
        )
        token = read_token(checked(answer).content)
        self._token, self._until = token.access_token, time.monotonic() + max(0.0, token.expires_in - SKEW_SECONDS)

    def _tried(self, call: Call) -> Exchange[Answer]:
        """The answer to a call, tried again while that may help. Of calls that are not safe to repeat, the key makes
        them so."""
        until, pause = time.monotonic() + self._patience, PAUSE_SECONDS
        while True:
            answer = yield call
            assert answer is not None, "a call has an answer"
            if isinstance(answer, Answer) and answer.status not in PASSING:
                return answer
            asked = retry_after(answer) if isinstance(answer, Answer) else None
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            seconds = pause if asked is None else asked
            if time.monotonic() + seconds > until:
                if isinstance(answer, Lost):
                    raise Unavailable(f"the service at {self.url} does not answer: {answer.why}")
                return answer
            yield Pause(seconds)

    def page(self, model: str, version: int) -> str:
        """Where the console shows a version."""
        return f"{self.url}/#/models/{model}/{version}"

    def target(self, call: Call) -> str:
        """The URL of a call."""
        return f"{self.url}{call.path}{'?' + urlencode(call.params) if call.params else ''}"


def checked(answer: Answer) -> Answer:
    """The answer, if it is one of success. Raises the service's error; InvalidField for a service elsewhere."""
    if 300 <= answer.status < 400 and "location" in answer.headers:
        raise InvalidField(f"the service is not there, but at {answer.headers['location'][:200]}: give that URL")
    if answer.status >= 400:
        raise error_of(answer)
    return answer
