"""Which calls count as making or reading a pickle."""

from __future__ import annotations

import copy
import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tasks.conformance.stored import pickling


def saved(allow_pickle: bool) -> None:
    np.save(io.BytesIO(), np.array([1.0], dtype=object if allow_pickle else float), allow_pickle=allow_pickle)


@pytest.mark.parametrize(
    "call",
    [
        lambda: pickle.dumps({}),
        lambda: pickle.loads(b"N."),
        lambda: pickle.Pickler(io.BytesIO()).dump(1),
        lambda: pickle._Pickler(io.BytesIO()).dump(1),
        lambda: saved(allow_pickle=True),
    ],
)
def test_a_pickle_is_noticed(call: Callable[[], Any]) -> None:
    with pickling() as used:
        call()
    assert used


@pytest.mark.parametrize(
    "call", [lambda: json.loads(json.dumps([1])), lambda: copy.deepcopy({1: [2]}), lambda: saved(allow_pickle=False)]
)
def test_what_is_none_is_not(call: Callable[[], Any]) -> None:
    with pickling() as used:
        call()
    assert used == []
