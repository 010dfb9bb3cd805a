"""Data that an operator names in a bucket, read where others write."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.config.sources_file import DataSource
from tasks.errors import InvalidField, Unavailable
from tasks.sources.asked import Asked
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED
from tests.s3.faulty import BUSY, Fault, Faulty


def read(url: str, **options: Any) -> dict[str, Any]:
    source = DataSource(url=url, options=options)
    found: dict[str, Any] = read_source({"sales": source}, Asked(source="sales"), UNBOUNDED).table.to_pydict()
    return found


def test_a_folder_of_a_bucket_is_one_table_as_it_is_now(bucket: str, elsewhere: Any) -> None:
    elsewhere.pipe_file(f"{bucket}/sales/year=2024/a.csv", b"x\n1\n")
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"x": [2]}), sink)
    elsewhere.pipe_file(f"{bucket}/sales/year=2025/b.parquet", sink.getvalue().to_pybytes())
    url = f"s3://{bucket}/sales"
    assert read(url) == {"x": [1, 2], "year": [2024, 2025]}
    elsewhere.pipe_file(f"{bucket}/sales/year=2024/a.csv", b"x\n1\n7\n")
    assert read(url) == {"x": [1, 7, 2], "year": [2024, 2024, 2025]}
    assert read(f"{url}/year=2024/a.csv", key="other", secret="keys") == {"x": [1, 7]}
    with pytest.raises(InvalidField, match="'sales' is not there"):
        read(f"s3://{bucket}/none")


def test_one_that_fails_for_a_moment_is_read_and_one_that_stays_away_is_told(
    bucket: str, elsewhere: Any, way: Faulty
) -> None:
    elsewhere.pipe_file(f"{bucket}/a.csv", b"x\n1\n")
    way.next(Fault(answer=BUSY), Fault(cut=0))
    assert read(f"s3://{bucket}/a.csv") == {"x": [1]}
    way.next(*[Fault(answer=BUSY)] * 100)
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        read(f"s3://{bucket}/a.csv")
    assert bucket not in str(caught.value)
