"""Homes whose paths have every odd character that a path may have: nothing that reads them takes one for its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.servers import eventually
from tests.service import MLSERVICE, Service

pytestmark = pytest.mark.integration

#: Beside it there is room for sockets. What shells, NGINX, Valkey, supervisord and URLs make something of, a beginning
#: that is an option's, a line break, a blank, letters of several bytes.
SHORT: Final = "-$a{b};%s,#?\"'\\*[ é\n::漢"
#: As long as many file systems let a name be.
LONG: Final = ("- ${pid}%(x)s`$(a)` \\x41 unix:a=b&c|d<e>f!g~h^i@j+k \t" + SHORT + "x" * 200)[:200]
#: What a service elsewhere does with the environment that `mlservice env` prints.
CALLER: Final = """
import os
from celery import Celery
from tasks.client import Client
rows = [[1], [2]]
app = Celery(broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])
direct = app.send_task("tasks.estimate", kwargs={"model": "m", "rows": rows}, queue="estimate").get(timeout=30)
assert Client().estimate("m", rows=rows).result(timeout=30)["predictions"] == direct["predictions"]
"""


@pytest.fixture(params=[SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"])
def odd(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service whose home has such a name. Bodies and results lie in files."""
    with Service(name=request.param, env={"MLSERVICE_INLINE_BYTES": "1"}) as running:
        yield running


def test_a_home_with_odd_characters_works_and_stops_clean(odd: Service) -> None:
    rows = [{"x": x, "y": 2 * x} for x in range(200)]
    for answer in (odd.init("m", {"rows": rows}, target="y"), odd.train("m"), odd.estimate("m", {"rows": [[1], [2]]})):
        assert answer.status_code == 200, answer.text
    report = "/v1/models/m/versions/1/report"
    eventually(lambda: odd.http.get(report).status_code == 200, seconds=30, what="the report, drawn afterwards")
    assert odd.http.get("/", headers={"Accept": "text/html"}).status_code == 200
    odd.wait_for_flower()
    done = subprocess.run(
        [MLSERVICE, "status", "--json", "--home", odd.home.root], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # Nobody wants to be told of anything.
    assert found["programs"].pop("deliverer")["state"] == "STOPPED"
    assert {program["state"] for program in found["programs"].values()} == {"RUNNING"}
    shell = 'eval "$("$1" env --home "$2")" && exec "$3" -c "$4"'
    command = ["sh", "-c", shell, "sh", str(MLSERVICE), str(odd.home.root), sys.executable, CALLER]
    called = subprocess.run(command, capture_output=True, text=True, check=False, cwd=odd.folder)
    assert called.returncode == 0, called.stderr
    assert (odd.home.blobs / "results").is_dir()
    sockets = Path(odd.home.service().sockets)
    assert (sockets == odd.home.run) == (odd.home.root.name == SHORT)
    odd.popen.terminate()
    assert odd.popen.wait(40) == 0, odd.output
    assert not list(odd.home.temporary.iterdir())
    assert sockets == odd.home.run or not sockets.exists()
