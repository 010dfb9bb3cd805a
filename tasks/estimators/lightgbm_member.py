"""What each member of a fit over several processes does, in a process of its own that may be ended at any time."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any, Final

import msgspec

from tasks.errors import ClusterFailed, InvalidParams
from tasks.estimators.base import Metrics
from tasks.estimators.gang import Link
from tasks.estimators.lightgbm_fitting import Data, Rounds, boosted
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_over import HOLDOUT, JOB, ROWS, Job

#: How long a member waits for another one (minutes).
_SOCKET_MINUTES: Final = 120
#: What LightGBM says of members that it cannot reach, or not any more.
_SOCKET: Final = "Socket "
#: The lines of a model's text that say where its members were, and what LightGBM writes there of others.
_PLACES: Final = {
    "tree_learner": "serial",
    "num_machines": "1",
    "local_listen_port": "12400",
    "machines": "",
}


def fit_member(folder: Path, link: Link) -> tuple[bytes, Any]:
    """(the model's text; what holds the connections to the others, who miss this member when it is gone). Raises what
    `boosted` raises, and ClusterFailed when another member is lost.

    `folder` has the member's files, which are removed when they are read. The link hears (iteration, metrics).
    """
    lgb = load_lightgbm()
    job = msgspec.json.decode((folder / JOB).read_bytes(), type=Job)
    train = lgb.Dataset(str(folder / ROWS), params=dict(job.params)).construct()
    stops = folder / HOLDOUT
    holdout = None
    if stops.exists():
        holdout = lgb.Dataset(str(stops), reference=train, params=dict(job.params)).construct()
    for file in folder.iterdir():
        file.unlink()
    port = _free_port()
    network = {
        "tree_learner": "data",
        # By which it knows itself where the addresses that others see are not its host's own.
        "machines": f"rank={job.rank},{link.meet(port)}",
        "local_listen_port": port,
        "time_out": _SOCKET_MINUTES,
    }
    network["num_machines"] = str(network["machines"]).count(",")

    def tell(iteration: int, _total: int, metrics: Metrics) -> None:
        if job.rank == 0:
            link.tell((iteration, metrics))

    rounds = Rounds(job.total, job.patience, job.measure)
    try:
        booster = boosted(Data(train, holdout), job.params | network, rounds, progress=tell, measured=job.measured)
    except InvalidParams as error:
        if _SOCKET not in str(error):
            raise
        raise ClusterFailed("the members of the fit lost each other: train again") from None
    return without_places(booster.model_to_string()).encode(), booster


def without_places(text: str) -> str:
    """A model's text that tells nothing of where it was fitted."""

    def of_one(line: re.Match[str]) -> str:
        return f"[{line[1]}: {_PLACES[line[1]]}]"

    head, mark, params = text.partition("\nparameters:\n")
    names = "|".join(_PLACES)
    return head + mark + re.sub(rf"^\[({names}): .*\]$", of_one, params, flags=re.MULTILINE)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("", 0))
        port: Any = probe.getsockname()[1]
        return int(port)
