"""A gateway that other hosts reach by an address takes leave of NGINX before its address is gone."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.servers import Process, Valkey, eventually, free_port
from tests.service import MLSERVICE

#: How long it refuses, at least (infra/supervision/gunicorn.conf.py).
LEAVING_SECONDS = 2.0


def test_a_gateway_that_ends_refuses_for_a_while(tmp_path: Path, valkey_server: Valkey) -> None:
    """NGINX that is refused asks another one at once; where nothing answers at all, it waits."""
    port = free_port()
    env = {"REDIS_URL": valkey_server.redis_url, "MLSERVICE_TOKEN_KEY": "k" * 40, "GATEWAY_PROCESSES": "1"}

    def listens() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    with Process([MLSERVICE, "gateway", "--bind", f"127.0.0.1:{port}"], output=tmp_path / "out", env=env) as process:
        eventually(listens, seconds=30, what="a gateway")
        popen = process.popen
        popen.terminate()
        told_at, refused = time.monotonic(), False
        while popen.poll() is None:
            refused = refused or not listens()
            time.sleep(0.05)
    assert refused
    assert time.monotonic() - told_at >= LEAVING_SECONDS
    assert popen.returncode == 0
