"""A server of S3's API for all tests here, and a bucket of each one's own."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import fsspec
import httpx
import pytest
import redis

from tasks.storage.bucket_blobs import BucketBlobs
from tests.s3.faulty import Faulty
from tests.servers import Process, free_port

#: `make test` installs neither the server nor s3fs.
collect_ignore_glob = ["test_*.py"] if importlib.util.find_spec("moto") is None else []

#: How s3fs gets in, and where: the server checks no keys.
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class S3(Process):
    """Moto's server, which has the API of S3 and keeps objects in its memory."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        super().__init__(command, output=folder / "s3.log", env=ENVIRONMENT, grace_seconds=3)

    def begun(self) -> None:
        """Wait for an answer."""
        self.wait_for("Running on", seconds=60)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with S3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def way(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The way to the server, which all that asks for s3:// in this process takes."""
    with Faulty(s3.port) as faulty:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{faulty.port}"}.items():
            monkeypatch.setenv(name, value)
        yield faulty
        filesystem().clear_instance_cache()


def filesystem() -> Any:
    """The class of file systems of S3."""
    return fsspec.get_filesystem_class("s3")


@pytest.fixture
def bucket(s3: S3, way: Faulty) -> str:
    """A bucket of this test, by its name."""
    name = f"b{os.urandom(6).hex()}"
    httpx.put(f"http://127.0.0.1:{s3.port}/{name}").raise_for_status()
    return name


@pytest.fixture
def elsewhere(s3: S3, way: Faulty) -> Any:
    """Another process, so to say, which goes to the server by a way of its own."""
    return fsspec.filesystem(
        "s3", endpoint_url=f"http://127.0.0.1:{s3.port}", skip_instance_cache=True, use_listings_cache=False
    )


@pytest.fixture
def blobs(bucket: str, redis_client: redis.Redis) -> BucketBlobs:
    return BucketBlobs(f"s3://{bucket}/of the service", redis_client)
