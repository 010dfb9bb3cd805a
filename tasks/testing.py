"""A service in memory for your own tests: the same Client, and no Redis, worker or network.

service = MemoryService()
service.add_model("housing", predict=lambda rows: [row["area"] * 4000 for row in rows])
client = service.client()
assert client.estimate("housing", rows=[{"area": 50}]).result(timeout=1)["predictions"] == [200000]
service.assert_submitted("estimate", model="housing")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.calling.in_memory import MemoryTransport
from tasks.calling.in_threads import ThreadedTransport
from tasks.calling.memory_models import Predict, by_function
from tasks.calling.request import Request
from tasks.client import AsyncClient, Client
from tasks.contract import Kind
from tasks.errors import InvalidField, ServiceError


class MemoryService:
    """A service in the test's process. It runs through the same tests of behaviour as the real one.

    What it has not: time limits, dry runs, uploads, sources but those that are given, and what `Client.models` does.
    """

    def __init__(
        self,
        *,
        predict: Predict | None = None,
        inline: bool = True,
        sources: Mapping[str, Sequence[dict[str, Any]]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`predict`: what a train makes a version of, where the model was given nothing else; without it, a version
        predicts the mean of the target or its most frequent value. `inline`: work is carried out when it is submitted;
        else it is queued until `drain`. `sources`: rows that an init may name. `clock`: seconds since the epoch, by
        which deadlines pass."""
        self._transport = MemoryTransport(predict=predict, inline=inline, sources=sources, clock=clock)

    def client(self) -> Client:
        """A client of this service; all of them are one caller's."""
        return Client(transport=self._transport)

    def async_client(self) -> AsyncClient:
        """The same for an event loop."""
        return AsyncClient(transport=ThreadedTransport(self._transport))

    def add_model(
        self,
        name: str,
        *,
        predict: Predict | None = None,
        stored: bytes | Path | None = None,
        columns: Sequence[str] = (),
        metrics: Mapping[str, float] | None = None,
    ) -> int:
        """Add a version that answers estimates: `predict`, which is given rows as objects and returns a value for each,
        or a version that `mlservice models export` wrote, `stored`, which answers with the code of a worker and needs
        what that does (`pip install mlservice[worker]`). Returns its number.

        `columns`: what the cells of rows are called that come as lists, and which columns are known; any if nothing is
        said. Later trains of the model make versions of the same function, with these `metrics`. Raises InvalidField
        unless one of both is given.
        """
        if (predict is None) == (stored is None):
            raise InvalidField("give predict, a function, or stored, a zip of `mlservice models export`")
        model = self._transport.model(name)
        model.columns = list(columns) or model.columns
        self._transport.metrics[name] = dict(metrics or {})
        if predict is not None:
            self._transport.functions[name] = predict
            return model.add_version(by_function(model, predict))
        # Imported where it is needed: it takes the libraries of a worker.
        from tasks.exchange.stored_model import StoredModel

        assert stored is not None, "one of both is given"
        data = stored if isinstance(stored, bytes) else stored.read_bytes()
        return model.add_version(StoredModel(name, data).answer)

    def refuse(self, error: ServiceError) -> None:
        """Have the next submit raise this, as a service does that has too much to do; several refuse several."""
        self._transport.refusals.append(error)

    def drain(self) -> int:
        """Carry out what is queued, in order. Returns how many pieces of work that were."""
        return self._transport.drain()

    @property
    def submitted(self) -> list[Request]:
        """All that was submitted, in order."""
        return list(self._transport.submitted)

    def assert_submitted(self, kind: Kind | str, *, model: str | None = None, **query: str) -> Request:
        """The newest such piece of work that was submitted; `query`: parameters as the API has them, `version="3"` say.
        Raises AssertionError, which tells what was submitted, if there is none."""
        for request in reversed(self._transport.submitted):
            is_meant = request.kind == Kind(kind) and model in (None, request.model)
            if is_meant and query.items() <= request.query.items():
                return request
        told = "; ".join(f"{request.kind} of {request.model} {request.query}" for request in self.submitted)
        raise AssertionError(f"no {kind} of {model or 'any model'} with {query} was submitted, but {told or 'nothing'}")

    def assert_nothing_submitted(self) -> None:
        """Raises AssertionError if anything was."""
        assert not self._transport.submitted, f"{len(self._transport.submitted)} pieces of work were submitted"
