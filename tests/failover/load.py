"""A steady load of estimates, and its account of all that was accepted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import httpx

from tests.service import Service

MODEL: Final = "sums"
#: Callers, and each one's pause between two estimates (seconds).
CALLERS: Final = 8
PAUSE_SECONDS: Final = 0.1
#: Longest wait for an answer, and for a result where one is waited for (seconds).
ANSWER_SECONDS: Final = 30.0
RESULT_SECONDS: Final = 2.0
#: How many rows a caller has, which it sends in turn.
ROWS: Final = 12


@dataclass
class Account:
    """What was asked and how it was answered. Times are of the monotonic clock."""

    #: Each handle, and the prediction that is due.
    accepted: dict[str, float] = field(default_factory=dict)
    #: When something was accepted, and when a result came at once.
    accepted_at: list[float] = field(default_factory=list)
    result_at: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def back_after(self, moment: float, times: list[float]) -> float:
        """How long the longest pause was that ended after this moment (seconds)."""
        around = [max((at for at in times if at <= moment), default=moment), *sorted(at for at in times if at > moment)]
        return max((b - a for a, b in pairwise(around)), default=float("inf"))

    def refuse(self, why: str) -> None:
        """Note that something was not accepted."""
        with self.lock:
            self.refused[why] = self.refused.get(why, 0) + 1


class Load:
    """Runs inside `with`: half of the callers wait for their results."""

    def __init__(self, service: Service) -> None:
        self.account = Account()
        self._service = service
        self._token = service.token()
        self._truth = truth(service)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]

    def __enter__(self) -> Account:
        for thread in self._threads:
            thread.start()
        return self.account

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _call(self, number: int) -> None:
        count = 0
        header = {"Authorization": f"Bearer {self._token}"}
        if number % 2:
            header["Prefer"] = f"wait={RESULT_SECONDS:g}"
        with httpx.Client(base_url=self._service.url, timeout=ANSWER_SECONDS, headers=header) as http:
            while not self._stopping.wait(PAUSE_SECONDS):
                count += 1
                self._ask(http, a=number, b=count % ROWS)

    def _ask(self, http: httpx.Client, *, a: int, b: int) -> None:
        try:
            answer = http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [{"a": a, "b": b}]})
        except httpx.TransportError as error:
            self.account.refuse(type(error).__name__)
            return
        now, expected = time.monotonic(), self._truth[a, b]
        _, found, handle = answer.headers.get("location", "").rpartition("/v1/tasks/")
        if not found:
            self.account.refuse(str(answer.status_code))
            return
        with self.account.lock:
            self.account.accepted[handle] = expected
            self.account.accepted_at.append(now)
            if answer.status_code == 200:
                self.account.result_at.append(now)
        if answer.status_code == 200 and answer.json()["predictions"] != [expected]:
            self.account.wrong.append(f"{handle}: {answer.text}")


def truth(service: Service) -> dict[tuple[int, int], float]:
    """What the model predicts of each row that is sent."""
    asked = [(a, b) for a in range(CALLERS) for b in range(ROWS)]
    answer = service.estimate(MODEL, {"rows": [{"a": a, "b": b} for a, b in asked]})
    return dict(zip(asked, answer.json()["predictions"], strict=True))


def unfinished(http: httpx.Client, account: Account) -> dict[str, str]:
    """What was accepted and has no right result, and why."""
    found = {}
    for handle, expected in account.accepted.items():
        task = http.get(f"/v1/tasks/{handle}")
        if task.status_code != 200:
            found[handle] = f"answered {task.status_code}"
            continue
        said = task.json()
        if said["state"] != "succeeded":
            found[handle] = f"{said['state']}: {said['error']}"
        elif said["result"]["predictions"] != [expected]:
            found[handle] = f"wrong: {said['result']['predictions']}, due is {expected}"
    return found
