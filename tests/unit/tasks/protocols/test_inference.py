"""Inference requests as clients send them, byte by byte, and what is wrong with others."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
import pytest

from tasks.errors import BodyTooLarge, ServiceError
from tasks.protocols.inference_answer import Output, wanted_outputs, write_answer
from tasks.protocols.inference_body import read_inference
from tasks.protocols.inference_rows import TensorReader
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.ways import FORGIVING, Ways
from tasks.tables.rows import Rows

NUMBERS: Final = Schema(
    columns=[
        Column(name="a", type="number", typical=1.5, min=-10, max=10),
        Column(name="b", type="number", typical=2, min=-10, max=1000),
    ],
    target="y",
    problem="regression",
)
MIXED: Final = Schema(
    columns=[
        Column(name="n", type="number", typical=1),
        Column(name="c", type="category", categories=["ab", "éß"], nullable=True),
        Column(name="t", type="boolean", typical=0),
    ],
    target="y",
    problem="regression",
)


def tensor(*shape: int, datatype: str = "FP64", name: str = "x", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "datatype": datatype, **more}


def binary(*shape: int, size: int, **more: Any) -> dict[str, Any]:
    return tensor(*shape, parameters={"binary_data_size": size}, **more)


def read(
    *inputs: dict[str, Any], tail: bytes = b"", schema: Schema = NUMBERS, ways: Ways = FORGIVING, **more: Any
) -> Rows:
    """What is made of these inputs, with the bytes behind them."""
    body = json.dumps({"inputs": inputs, **more}).encode()
    return TensorReader(schema).read_body(body + tail, len(body) if tail else None, UNBOUNDED, ways)[0]


def listed(rows: Rows) -> list[list[Any]]:
    """The rows, however they are kept."""
    if rows.table is None:
        return [list(row) for row in rows.rows]
    return [list(row.values()) for row in rows.table.to_pylist()]


def test_the_default_request_of_tritonclient() -> None:
    head = (
        b'{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":16}}],'
        b'"parameters":{"binary_data_output":true}}'
    )
    assert len(head) == 135
    tail = bytes.fromhex("0000803f000000400000404000008040")
    assert listed(whole(head + tail, 135)) == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor(2, 2, data=[1.5, 2, 3, 4])],
        [tensor(2, 2, data=[[1.5, 2], [3, 4]])],
        [tensor(2, name="a", data=[1.5, 3]), tensor(2, 1, name="b", data=[2, 4])],
        [tensor(2, 1, name="b", data=[[2], [4]], datatype="INT64"), tensor(2, 1, name="a", data=[1.5, 3])],
        [tensor(2, name="b", data=["2", "4"], datatype="BYTES"), tensor(2, name="a", data=[1.5, 3], datatype="FP32")],
    ],
)
def test_rows_come_in_each_shape(inputs: list[dict[str, Any]]) -> None:
    assert listed(read(*inputs)) == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize(
    ("datatype", "layout"),
    [
        *((f"INT{8 * size}", f"<i{size}") for size in (1, 2, 4, 8)),
        *((f"UINT{8 * size}", f"<u{size}") for size in (1, 2, 4, 8)),
        *((f"FP{8 * size}", f"<f{size}") for size in (2, 4, 8)),
    ],
)
def test_each_datatype_has_its_bytes(datatype: str, layout: str) -> None:
    raw = np.array([1, 2, 3, 4], dtype=layout).tobytes()
    assert listed(read(binary(2, 2, size=len(raw), datatype=datatype), tail=raw)) == [[1, 2], [3, 4]]


def test_shorter_floats_are_the_numbers_that_were_written() -> None:
    raw = np.array([0.1, 0.7], dtype="<f4").tobytes()
    assert listed(read(binary(1, 2, size=8, datatype="FP32"), tail=raw)) == [[0.1, 0.7]]
    half = np.array([0.1, 0.7], dtype="<f2").tobytes()
    assert listed(read(binary(1, 2, size=4, datatype="FP16"), tail=half)) == [[0.1, 0.7]]
    upper = struct.pack("<HH", 0x3FC0, 0x4000)
    assert listed(read(binary(1, 2, size=4, datatype="BF16"), tail=upper)) == [[1.5, 2]]


def test_texts_truths_and_binary_beside_json() -> None:
    raw = bytes.fromhex("02000000") + b"ab" + bytes.fromhex("04000000c3a9c39f") + b"\x01\x00"
    rows = read(
        binary(2, 1, size=14, name="c", datatype="BYTES"),
        tensor(2, name="n", data=[1, None]),
        binary(2, size=2, name="t", datatype="BOOL"),
        tail=raw,
        schema=MIXED,
    )
    assert listed(rows) == [[1, "ab", True], [1, "éß", False]]
    assert rows.notes is not None
    assert [note.code for note in rows.notes.found] == ["filled"]


def test_null_and_nan_are_missing() -> None:
    body = b'{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[NaN,2,1,null]}]}'
    assert listed(whole(body, None)) == [[1.5, 2], [1, 2]]


def test_stale_sizes_mean_nothing() -> None:
    body = json.dumps({"inputs": [tensor(1, 2, data=[1, 2])]}).encode()
    for size in (0, 1, len(body) - 1, len(body), len(body) + 1, 10**12):
        assert listed(whole(body, size)) == [[1, 2]]


def test_columns_that_nobody_knows_are_told() -> None:
    known = [tensor(1, name=name, data=[1]) for name in "ab"]
    rows = read(*known, tensor(1, name="z", data=["k"], datatype="BYTES"), ways=Ways(keep=("z",)))
    assert {name: column.to_pylist() for name, column in rows.kept.items()} == {"z": ["k"]}
    rows = read(*known, tensor(1, name="z", data=[1]))
    assert rows.notes is not None
    assert [note.code for note in rows.notes.found] == ["unknown_column"]


BAD: Final = [
    ([], b"", "/inputs", "no inputs"),
    ([tensor(2, 2, data=[1, 2, 3])], b"", "/inputs/0/data", "3 values where its shape makes 4"),
    ([tensor(2, 2, data=[[1, 2, 3], [4]])], b"", "/inputs/0/data", "nested in another way"),
    ([tensor(1, 3, data=[1, 2, 3])], b"", "/inputs/0/shape", "3 columns, where the model has 2"),
    ([tensor(2, data=[1, 2])], b"", "/inputs", "missing|none of the columns"),
    ([tensor(1, 1, 2, data=[1, 2])], b"", "/inputs/0/shape", "3 dimensions"),
    ([tensor(data=[1])], b"", "/inputs/0/shape", "0 dimensions"),
    ([tensor(-1, 2, data=[1, 2])], b"", "/inputs/0/shape", "cannot be -1"),
    ([tensor(0, 2, data=[])], b"", "/inputs", "no rows"),
    ([tensor(10**15, 2, data=[])], b"", "/inputs/0/data", "its shape makes"),
    ([tensor(1, 2, data=[1, 2], datatype="FP8")], b"", "/inputs/0/datatype", "no datatype 'FP8'"),
    ([tensor(1, 2, data=["1", 2])], b"", "/inputs/0/data", "value 0 is text where a number belongs"),
    ([tensor(1, 2, data=[1, True])], b"", "/inputs/0/data", "value 1 is true or false"),
    ([tensor(1, 2, data=[1.5, 2], datatype="INT8")], b"", "/inputs/0/data", "value 0 is a number where a whole"),
    ([tensor(1, 2, data=[1, 300], datatype="INT8")], b"", "/inputs/0/data", "value 1 is out of the range of INT8"),
    ([tensor(1, 2, data=[1, 1e300])], b"", "/inputs/0/data", "row 0, column 'b': is out of range"),
    ([tensor(1, name="a", data=[1]), tensor(2, name="b", data=[1, 2])], b"", "/inputs/1/shape", "2 rows where 'a' has"),
    ([tensor(1, name="a", data=[1]), tensor(1, name="a", data=[1])], b"", "/inputs/1/name", "given twice"),
    ([tensor(1, 2)], b"", "/inputs/0", "has no data"),
    ([binary(1, 2, size=16, data=[1, 2])], bytes(16), "/inputs/0", "send one of them"),
    ([binary(1, 2, size=12)], bytes(12), None, "12 bytes where its shape and its datatype .FP64. make 16"),
    ([binary(1, 2, size=99)], bytes(16), "/inputs/0/parameters/binary_data_size", "where 16 are left"),
    ([binary(1, 2, size=16)], bytes(17), None, "1 bytes are left"),
    ([binary(1, 2, size=-1)], b"x", "/inputs/0/parameters/binary_data_size", "a whole number"),
    ([binary(1, 2, size=8, datatype="BYTES")], struct.pack("<II", 4, 1), None, "ends within its element"),
    ([binary(1, 2, size=8, datatype="BYTES")], struct.pack("<II", 0, 2**31), None, "ends within its element 1"),
    ([binary(1, 2, size=9, datatype="BYTES")], bytes(9), None, "1 bytes behind the 2 elements"),
    ([binary(1, 2, size=9, datatype="BYTES")], b"\1\0\0\0\xff\0\0\0\0", None, "not UTF-8"),
    ([binary(1, 2, size=2, datatype="BOOL")], b"\0\2", None, "neither 0 nor 1"),
    (
        [tensor(1, 2, parameters={"shared_memory_region": "r", "shared_memory_byte_size": 16})],
        b"",
        "/inputs/0/parameters/shared_memory_region",
        "no memory is shared",
    ),
]


@pytest.mark.parametrize(("inputs", "tail", "pointer", "words"), BAD)
def test_what_cannot_be_read_is_said(
    inputs: list[dict[str, Any]], tail: bytes, pointer: str | None, words: str
) -> None:
    with pytest.raises(ServiceError, match=words) as caught:
        read(*inputs, tail=tail)
    assert caught.value.pointer == pointer


def whole(body: bytes, size: int | None) -> Rows:
    return TensorReader(NUMBERS).read_body(body, size, UNBOUNDED, FORGIVING)[0]


def nested(depth: int) -> bytes:
    return b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":%s1%s}]}' % (b"[" * depth, b"]" * depth)


@pytest.mark.parametrize(
    ("body", "size", "words"),
    [
        (b"{", None, "truncated"),
        (b"[]", None, "must be an object"),
        (b'{"inputs":[{"name":"x","shape":[1.5],"datatype":"FP64"}]}', None, "shape"),
        (
            b'{"inputs":[{"name":"x","name":"y","shape":[1],"datatype":"FP64","data":[1]}]}',
            None,
            "'name' is given twice",
        ),
        (b'{"inputs":[],"inputs":[]}', None, "'inputs' is given twice"),
        (nested(65), None, "nested in another way"),
        (nested(100_000), None, "nested too deeply"),
        (b'{"inputs":[{"parameters":{"binary_data_size":8}}]}12345678', None, "Inference-Header-Content-Length"),
        (b'{"inputs":[{"parameters":{"binary_data_size":8}}]}12345678', 999, "is 999, and the body has 58"),
        (b"\xff\xfe", None, "not UTF-8|not valid JSON"),
    ],
)
def test_a_body_that_is_none(body: bytes, size: int | None, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        whole(body, size)


def test_bounds_hold_before_memory_is_used() -> None:
    body = json.dumps({"inputs": [tensor(3, 2, data=[0] * 6)]}).encode()
    inference, tail = read_inference(body, None, UNBOUNDED)
    for bounds in (Bounds(rows=2), Bounds(columns=1), Bounds(bytes=16)):
        with pytest.raises(BodyTooLarge):
            TensorReader(NUMBERS).read(inference, tail, bounds, FORGIVING)
    with pytest.raises(BodyTooLarge):
        read_inference(body, None, Bounds(bytes=100))


def asking(**more: Any) -> Any:
    return read_inference(json.dumps({"inputs": [], **more}).encode(), None, UNBOUNDED)[0]


def test_outputs_in_json_and_binary() -> None:
    outputs = [Output("prediction", "FP64", [1.5]), Output("who", "BYTES", ["éß"]), Output("gap", "FP64", [None])]
    media, body = write_answer(asking(id="7"), outputs, model="m", version=3)
    assert media == "application/json"
    said = json.loads(body)
    assert (said["model_name"], said["model_version"], said["id"]) == ("m", "3", "7")
    assert [output["data"] for output in said["outputs"]] == [[1.5], ["éß"], [None]]
    media, body = write_answer(asking(parameters={"binary_data_output": True}), outputs, model="m", version=3)
    name, _, size = media.partition(";json-header-size=")
    assert name == "application/octet-stream"
    shown = json.loads(body[: int(size)])["outputs"]
    assert [output.get("parameters") for output in shown] == [{"binary_data_size": 8}, {"binary_data_size": 8}, None]
    assert body[int(size) :] == struct.pack("<d", 1.5) + struct.pack("<I", 4) + "éß".encode()


def test_outputs_that_do_not_exist_are_refused() -> None:
    known = ["prediction", "probability_a"]
    assert wanted_outputs(asking(outputs=[{"name": "probability_a"}]), known) == ["probability_a"]
    for outputs, words in (
        ([{"name": "none"}], "no output 'none'; there are 'prediction'"),
        ([{"name": "prediction"}, {"name": "prediction"}], "twice"),
        ([{"name": "prediction", "parameters": {"classification": 2}}], "classification"),
        ([{"name": "prediction", "parameters": {"shared_memory_region": "r"}}], "shared"),
    ):
        with pytest.raises(ServiceError, match=words):
            wanted_outputs(asking(outputs=outputs), known)
    with pytest.raises(ServiceError, match="true or false"):
        write_answer(asking(parameters={"binary_data_output": 1}), [], model="m", version=1)
