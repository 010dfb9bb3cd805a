"""What is read fast is what reading with a closer look makes of it, and the rest is left to that."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

from tasks.protocols.inference_body import read_inference
from tasks.protocols.inference_quick import QuickReader
from tasks.protocols.inference_rows import TensorReader
from tasks.tables.bounds import UNBOUNDED
from tasks.tables.conforming.ways import FORGIVING
from tests.unit.tasks.protocols.test_inference import NUMBERS, listed, tensor

Asked = tuple[bytes, int | None]
READER: Final = QuickReader(NUMBERS)
OUTPUTS: Final = {"parameters": {"binary_data_output": True}}
#: Numbers of few digits and of many, whole and large ones, as FP32 has them.
SINGLES: Final = [(0.1, 0.3), (5.1, 999.9), (1 / 3, 2 / 3), (7, 512), (-9.5, 123.4567), (0, 1e-30), (np.pi, 167.77217)]


def in_json(row: list[Any], datatype: str = "FP64", **more: Any) -> Asked:
    return json.dumps({"inputs": [tensor(1, 2, datatype=datatype, data=row)], **more}).encode(), None


def binary(row: tuple[float, ...], layout: str, **more: Any) -> Asked:
    raw = np.array(row, layout).tobytes()
    given = tensor(1, 2, datatype=f"FP{4 * len(raw)}", parameters={"binary_data_size": len(raw)})
    head = json.dumps({"inputs": [given], **more}).encode()
    return head + raw, len(head)


def looked_closely(asked: Asked) -> tuple[list[list[Any]], str | None, Any]:
    inference, tail = read_inference(*asked, UNBOUNDED)
    rows = TensorReader(NUMBERS).read(inference, tail, UNBOUNDED, FORGIVING)
    return listed(rows), inference.id, inference.parameters


@pytest.mark.parametrize(
    "asked",
    [
        in_json([1.5, 2]),
        in_json([1.5, 2], id='"'),
        in_json([1.5, 2], id="7"),
        binary((1.5, 2), "<f8"),
        binary((1.5, 2), "<f8", id="7", **OUTPUTS),
        *(binary(row, "<f4", **OUTPUTS) for row in SINGLES),
        *(in_json([float(np.float32(value)) for value in row], "FP32") for row in SINGLES),
    ],
)
def test_it_is_what_a_closer_look_makes_of_it(asked: Asked) -> None:
    found = READER.read(*asked)
    if b'\\"' in asked[0]:
        assert found is None
        return
    assert found is not None
    rows, inference = found
    assert (listed(rows), inference.id, inference.parameters) == looked_closely(asked)


def test_any_number_of_32_bits_is_the_one_that_is_printed() -> None:
    drawn = np.random.default_rng(5)
    few = [
        np.float32(value)
        for digits in range(8)
        for value in drawn.normal(scale=3, size=200).clip(-10, 10).round(digits)
    ]
    for value in [*drawn.integers(0x1000000, 0x41000000, 2000, dtype=np.uint32).view(np.float32), *few]:
        found = READER.read(*binary((value, value), "<f4"))
        assert found is not None
        assert listed(found[0]) == [[float(str(value))] * 2] == looked_closely(binary((value, value), "<f4"))[0]


@pytest.mark.parametrize(
    "asked",
    [
        in_json([1.5, None]),
        in_json([1.5, True]),
        in_json([1.5, "2"]),
        in_json([[1.5, 2]]),
        in_json([11, 2]),
        in_json([1.5, 2], outputs=[{"name": "prediction"}]),
        in_json([1.5, 2], datatype="INT64"),
        in_json([1.5, 1e39], datatype="FP32"),
        binary((1.5, np.nan), "<f8"),
        binary((1.5, np.nan), "<f4"),
        binary((1.5, np.inf), "<f4"),
        binary((1.5, 1001), "<f4"),
        (b'{"inputs":[{"name":"x","name":"y","shape":[1,2],"datatype":"FP64","data":[1,2]}]}', None),
        (b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,2]}]}', 9),
        (binary((1.5, 2), "<f8")[0][:-1], binary((1.5, 2), "<f8")[1]),
        (binary((1.5, 2), "<f8")[0] + b"\0", binary((1.5, 2), "<f8")[1]),
    ],
)
def test_anything_else_is_left_to_a_closer_look(asked: Asked) -> None:
    assert READER.read(*asked) is None
