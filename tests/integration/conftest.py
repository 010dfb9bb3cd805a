"""What integration tests share: a running service for all that do not harm it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import certifi
import pytest

from tests import breaking, slow
from tests.receiving import NETWORK
from tests.service import Service

#: The last line of a certificate.
END: Final = "-----END CERTIFICATE-----\n"
#: The example of an estimator that needs no data.
FORMULA: Final = Path(__file__).parents[2] / "examples" / "formula"
#: What the shared service has beside its defaults: estimators of which one takes its time, one is an example and one
#: breaks its word; the same number of processes on each machine; webhooks to this machine.
SHARED: Final = {
    "MLSERVICE_ESTIMATORS": f"{slow.ENVIRONMENT['MLSERVICE_ESTIMATORS']},loan=loan:Loan,{breaking.OFFER}",
    "PYTHONPATH": f"{slow.ENVIRONMENT['PYTHONPATH']}:{FORMULA}",
    "MLSERVICE_GATEWAY_PROCESSES": "2",
    "MLSERVICE_TRAIN_PROCESSES": "2",
    "MLSERVICE_WEBHOOK_NETWORKS": NETWORK,
}


@pytest.fixture(scope="session", autouse=True)
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Who is not told whom to trust trusts one authority, and not all that there are.

    httpx reads their certificates for each client and each call without one: of all it takes 18 ms of the processor.
    """
    one = Path(certifi.where()).read_text().partition(END)
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text("".join(one[:2]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session")
def shared() -> list[Service]:
    """The service that modules share, once one has asked for it."""
    return []


@pytest.fixture(scope="session")
def service(shared: list[Service]) -> Iterator[Service]:
    """The whole stack, started once; who needs accounts gives them names of their own."""
    with Service(env=SHARED) as running:
        shared.append(running)
        yield running
        shared.clear()


@pytest.fixture(scope="module", autouse=True)
def no_models_left(shared: list[Service]) -> Iterator[None]:
    """A module leaves no model to the next one on the service that they share: one in use takes no other table."""
    yield
    for running in shared:
        for model in _models(running):
            running.http.delete(model["links"]["self"], params={"force": "true"}).raise_for_status()


def _models(service: Service) -> list[Any]:
    """All models, of every page."""
    found: list[Any] = []
    following: str | None = "/v1/models"
    while following:
        page = service.http.get(following).raise_for_status().json()
        found, following = found + page["models"], page["next"]
    return found
