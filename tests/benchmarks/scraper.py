"""Somebody who reads a service's metrics, as Prometheus does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from tests.benchmarks.load import Unusable
from tests.beside import beside
from tests.service import Service

#: How often: as in monitoring/prometheus (seconds).
SCRAPE_SECONDS: Final = 15.0


class Scraper:
    """Somebody who reads the metrics at once, and again and again while it is at work."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._left = 0.0
        self._statuses: list[int] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """It goes on inside where it stopped. Raises Unusable if the metrics cannot be read."""
        with beside(self._read):
            yield
        if set(self._statuses) != {200}:
            raise Unusable(f"the metrics are answered {self._statuses}")

    def _read(self, over: threading.Event) -> None:
        headers = {"Authorization": self._service.http.headers["Authorization"]}
        while True:
            began = time.monotonic()
            if over.wait(self._left):
                self._left -= time.monotonic() - began
                return
            self._statuses.append(httpx.get(f"{self._service.url}/metrics", headers=headers).status_code)
            self._left = SCRAPE_SECONDS
