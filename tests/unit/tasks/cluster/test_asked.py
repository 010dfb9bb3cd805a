"""What a train may ask of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.asked import Distributed, check_alone, read_distributed
from tasks.errors import InvalidField


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        (False, None),
        (True, Distributed()),
        ({}, Distributed()),
        ({"workers": 3}, Distributed(workers=3)),
    ],
)
def test_all_workers_or_a_number_of_them(given: Any, read: Distributed | None) -> None:
    assert read_distributed(given) == read


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"workers": 1}, "/distributed/workers"),
        ({"workers": "2"}, "/distributed/workers"),
        ({"worker": 2}, "/distributed/worker"),
        ("dask", "/distributed"),
    ],
)
def test_all_else_is_refused_by_its_field(given: Any, pointer: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_distributed(given)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("name", ["search", "from_version", "predict_seconds"])
def test_what_cannot_be_distributed_is_named(name: str) -> None:
    with pytest.raises(InvalidField, match=f"{name} and distributed") as refused:
        check_alone({"other": None, name: 1}, scheduler="tcp://x:1")
    assert refused.value.pointer == f"/{name}"


def test_without_a_cluster_the_setting_is_named() -> None:
    with pytest.raises(InvalidField, match="MLSERVICE_DASK_SCHEDULER") as refused:
        check_alone({}, scheduler="")
    assert refused.value.pointer == "/distributed"
