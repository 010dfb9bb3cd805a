"""A task is watched: in a terminal, in a pipe, from Python, in a notebook; all with the same numbers."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from infra.commands.watch import sparkline, view
from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.contract import State
from tasks.errors import Unavailable
from tasks.ledger.groups import Task
from tasks.registry.curve import Curve, Line
from tasks.watch.looks import Look, bar, summary
from tasks.watch.watching import Watch
from tests import slow
from tests.records import a_task
from tests.service import MLSERVICE, Service

MODEL = "watched"


TASK = a_task(state=State.RUNNING, started_at=0)


@pytest.fixture(scope="module")
def model(service: Service) -> None:
    """A model whose trains take their time."""
    rows = {"rows": [{"a": number, "y": number} for number in range(20)]}
    assert service.init(MODEL, rows, target="y", estimator="slow").status_code == 200


@pytest.fixture
def client(service: Service, model: None) -> Client:
    return Client(service.redis_url)


def command(service: Service, handle: str) -> list[str]:
    return [str(MLSERVICE), "watch", handle, "--home", str(service.home.root)]


def train(client: Client, iterations: int, *, gate: Path | None = None) -> Handle:
    """A train that takes a tenth of a second an iteration, and goes on after the first when the gate is there."""
    return client.train(MODEL, params={"iterations": iterations, **({"gate": str(gate)} if gate else {})})


def test_the_place_of_queued_work_is_told(service: Service, client: Client) -> None:
    with service.halted("worker-train"):
        first, second = train(client, 1), train(client, 1)
        looks = second.watch().steps()
        assert next(looks).position == 2
        first.cancel()
        assert next(looks).position == 1
    *_, last = looks
    assert (last.task.state, last.position) == (State.SUCCEEDED, None)


def test_python_sees_each_newest_progress(client: Client) -> None:
    handle = train(client, 15)
    seen = list(handle.watch())
    assert len(seen) > 3
    assert [p["iteration"] for p in seen] == sorted({p["iteration"] for p in seen})
    assert all(p["metrics"] == slow.losses(p["iteration"]) for p in seen)
    assert seen[-1]["iteration"] == 15
    assert handle.result(timeout=5)["version"] >= 1


def test_a_notebook_shows_a_bar(client: Client) -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    with capture_output() as shown:
        train(client, 8).watch()._ipython_display_()
    pages = [output.data["text/html"] for output in shown.outputs]
    assert len(pages) > 3
    assert 'value="8" max="8"' in pages[-1]
    assert f"train {MODEL}: succeeded" in pages[-1]
    assert "<b>version " in pages[-1]
    assert [page.count("<polyline") for page in pages][-2:] == [2, 2]
    assert "loss by iteration: train 0.125, holdout 0.25, best 0.25 at 8" in pages[-1]


def test_a_pipe_gets_lines(service: Service, client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    handle = train(client, 25, gate=gate)
    pipe = subprocess.PIPE
    with subprocess.Popen(command(service, handle.id), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        first = next(line for line in process.stdout if line.startswith("1/25"))
        gate.touch()
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    lines = [first.rstrip("\n"), *rest.splitlines()]
    told = [
        re.match(r"(\d+)/25, [\d.]+ s, [\d.]+ s left, train loss ([\d.]+), holdout loss ([\d.]+)", line)
        for line in lines
    ]
    steps = [(int(match[1]), float(match[2]), float(match[3])) for match in told if match]
    assert len(steps) <= 8, "a line now and then, not one an iteration"
    assert (steps[0][0], steps[-1][0]) == (1, 25)
    assert all((train, holdout) == pytest.approx((1 / i, 2 / i), rel=1e-3) for i, train, holdout in steps)
    assert len({step for step, _, _ in steps}) == len(steps)
    assert "succeeded" in lines
    assert lines[-1].startswith("version ")


def test_a_terminal_gets_a_bar_and_curves(service: Service, client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    handle = train(client, 10, gate=gate)
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(command(service, handle.id), stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        text = read(master, until="1/10")
        gate.touch()
        text += read(master)
        assert process.wait(60) == 0
    assert f"train of {MODEL}: running" in text
    assert f"train of {MODEL}: succeeded" in text
    assert "10/10" in text
    assert re.search(r"holdout loss  [▁▂▃▄▅▆▇█]+  0\.2", text)


def read(descriptor: int, *, until: str = "") -> str:
    """All that is written to a terminal until this text is, or it is closed."""
    data = b""
    while not until or until.encode() not in data:
        try:
            more = os.read(descriptor, 65536)
        except OSError:
            more = b""
        if not more:
            os.close(descriptor)
            break
        data += more
    return data.decode()


def test_what_fails_is_said(service: Service, client: Client) -> None:
    failed = client.estimate(MODEL, rows=[["three"]])
    done = subprocess.run(command(service, failed.id), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("mlservice: ")
    assert "Traceback" not in done.stderr
    unknown = subprocess.run(command(service, f"{'0' * 32}-0"), capture_output=True, text=True, check=False)
    assert (unknown.returncode, "there is no task" in unknown.stderr) == (1, True)


def test_an_interrupt_leaves_the_task_running(service: Service, client: Client) -> None:
    handle = train(client, 300)
    with subprocess.Popen(
        command(service, handle.id), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while "/300" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert f"{handle.id} goes on" in process.stderr.read()
    assert handle.state is State.RUNNING
    handle.cancel()


def test_a_sparkline_ends_with_the_last_value() -> None:
    assert sparkline([(1, 0), (2, 7)], span=(1, 2), bounds=(0, 7)) == "▁█"
    assert sparkline([(1, 1), (2, 1)], span=(1, 2), bounds=(1, 1)) == "▁▁"
    many = sparkline([(number, float(number)) for number in range(1000)], span=(0, 999), bounds=(0, 999))
    assert len(many) <= 60
    assert many[-1] == "█"


def test_sparklines_have_one_scale_of_iterations() -> None:
    # Measured in every tenth iteration, in each, and only since the 50th.
    points = [[(at, at) for at in range(first, 101, step)] for first, step in ((1, 10), (1, 1), (51, 1))]
    drawn = [sparkline(line, span=(1, 100), bounds=(1, 100), width=20) for line in points]
    assert [len(line) for line in drawn] == [20] * 3
    assert drawn[2] == f"{' ' * 10}{drawn[1][10:]}"
    near = [abs("▁▂▃▄▅▆▇█".index(one) - "▁▂▃▄▅▆▇█".index(other)) for one, other in zip(*drawn[:2], strict=True)]
    assert max(near) <= 1
    # What is far above the rest is at the top.
    assert sparkline([(1, 99), (2, 7), (3, 0)], span=(1, 3), bounds=(0, 7)) == "██▁"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_newest_values_are_seen_in_a_narrow_terminal(columns: int) -> None:
    steps = list(range(1, 90))
    lines = {
        "holdout": Line(steps, {"multi_logloss": [1.5 / step for step in steps]}),
        "train": Line(steps, {"l2": [0.25] * 89}),
    }
    progress = {"iteration": 89, "total": 100, "seconds": 8.9, "seconds_left": 1.1, "metrics": {}}
    console = Console(width=columns, markup=False, highlight=False)
    with console.capture() as shown:
        console.print(view(Look(TASK, progress, None), Curve(lines), width=columns))
    drawn = shown.get().splitlines()[-2:]
    assert [line.split()[-1] for line in drawn] == ["0.016854", "0.25"]
    assert all("▁" in line and len(line) <= columns for line in drawn)


def test_what_was_measured_earlier_is_said_to_be() -> None:
    progress = {
        "iteration": 9,
        "total": 20,
        "seconds": 1.0,
        "seconds_left": 2.0,
        "metrics": {"train": {"rmse": 20752.34}, "holdout": {"rmse": 20811.06}},
        "measured": {"train": 7, "holdout": 9},
    }
    assert summary(progress) == "9/20, 1.0 s, 2.0 s left, train rmse 20,752 at 7, holdout rmse 20,811"
    assert "queued, place 1,234 of the train work that waits" in bar(
        Look(msgspec.structs.replace(TASK, state=State.QUEUED), None, 1234)
    )


def test_the_service_may_be_away_for_a_while() -> None:
    answers: list[Task | Exception] = [
        Unavailable("away"),
        TASK,
        Unavailable("away"),
        msgspec.structs.replace(TASK, state=State.CANCELLED),
    ]

    def look() -> Task:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert [task.state for task, _, _ in Watch(look).steps()] == [State.RUNNING, State.CANCELLED]
