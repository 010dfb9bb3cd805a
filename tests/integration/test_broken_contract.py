"""What a class of a user does wrong gets a clear error, and changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.breaking import NO_ANSWER
from tests.servers import eventually
from tests.service import Service

WAIT: Final = {"Prefer": "wait=60"}
MODEL: Final = "/v1/models/broken"
ROWS: Final = [{"x": float(x), "y": x + 0.5} for x in range(60)]


@pytest.fixture(scope="module")
def broken(service: Service) -> Service:
    """The service with a version of such a model."""
    query = {"target": "y", "estimator": "breaking"}
    service.http.post(f"{MODEL}/init", json={"rows": ROWS}, params=query, headers=WAIT).raise_for_status()
    service.http.post(f"{MODEL}/train", headers=WAIT).raise_for_status()
    return service


def trained(service: Service, params: dict[str, Any]) -> tuple[int, str]:
    """(the status, what is said) of a train; there is one version, whatever comes of it."""
    answer = service.http.post(f"{MODEL}/train", json={"params": params}, headers=WAIT)
    assert service.http.get(MODEL).json()["version_count"] == 1
    return answer.status_code, answer.json()["detail"]


def test_an_error_of_its_own_is_told_with_its_type_and_first_line(broken: Service) -> None:
    assert trained(broken, {"fault": "raises"}) == (500, "the estimator raised ValueError: no such thing")
    # The answer is there before the word of it has come through the supervisor.
    told = eventually(lambda: [line for line in train_log(broken) if "and a second line" in line], what="the word")
    assert "tests/breaking.py" in told[0]


def train_log(service: Service) -> list[str]:
    """The lines of whoever trains."""
    files = (file for file in service.home.logs.iterdir() if "train" in file.name)
    return [line for file in files for line in file.read_text().splitlines()]


def test_a_pickle_is_not_stored(broken: Service) -> None:
    status, said = trained(broken, {"fault": "pickles"})
    assert (status, "Breaking.dump returned a pickle" in said) == (500, True)


def test_params_of_a_wrong_type_are_refused_with_what_is_known(broken: Service) -> None:
    status, said = trained(broken, {"fault": "explodes"})
    assert (status, said) == (422, "params cannot be used: fault is wrong: Invalid enum value 'explodes'")


def test_rows_without_an_answer_fail_alone(broken: Service) -> None:
    def asked(x: float) -> tuple[int, dict[str, Any]]:
        answer = broken.http.post(f"{MODEL}/estimate", json={"rows": [[x]]}, headers=WAIT)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(asked, [1.0, NO_ANSWER, 2.0, 3.0, NO_ANSWER, 4.0, 5.0, 6.0]))
    assert [status for status, _ in answers] == [200, 500, 200, 200, 500, 200, 200, 200]
    assert answers[7][1]["predictions"] == [6.0]
    assert "predict returned nan in column 'prediction' of row 0" in answers[1][1]["detail"]
