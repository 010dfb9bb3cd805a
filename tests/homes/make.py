"""Make a home with work queued in it, to be kept: `python -m tests.homes.make FILE.tar.gz`, with the commit to keep.

The folders `run` and `logs` are left out: `up` makes them anew. What was accepted is told in `work.json` beside them.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any, Final

from tests.servers import eventually
from tests.service import Service

#: The workers, as the supervisor knows them.
FLEETS: Final = ("estimate", "train", "system")
ROWS: Final = [
    {"a": a, "b": b, "color": "red" if a % 2 else "blue", "y": a + b + 0.5} for a in range(20) for b in range(20)
]
CLASSES: Final = [{"a": a, "b": b, "kind": "big" if a * b > 90 else "small"} for a in range(20) for b in range(20)]


def main(target: Path) -> None:
    """Write the home, packed, into a file."""
    # Blobs in Redis: references to files would hold the path at which the home was made.
    with Service(env={"MLSERVICE_BLOBS_URL": "redis"}) as service:
        done = finish(service)
        stop_workers(service)
        queued = submit(service)
        work = {"done": done, "queued": queued, "row": {"a": 3, "b": 4, "color": "red"}}
        # What it is to answer, before the workers that would say so are gone.
        work["answers"] = done.pop("answers")
        (service.home.root / "work.json").write_text(json.dumps(work, indent=1) + "\n")
        service.popen.terminate()
        service.popen.wait(30)
        pack(service.home.root, target)


def finish(service: Service) -> dict[str, Any]:
    """Models with versions, a second account, and finished tasks."""
    checked(service.init("sums", {"rows": ROWS}, target="y"))
    first = checked(service.train("sums", params={"num_iterations": 30}))
    second = checked(service.train("sums", params={"num_iterations": 60}))
    checked(service.init("kinds", {"rows": CLASSES}, target="kind"))
    checked(service.train("kinds", params={"num_iterations": 30}))
    rows = {"rows": [{"a": 3, "b": 4, "color": "red"}, {"a": 10, "b": 12, "color": "blue"}]}
    answers = {
        "sums": checked(service.estimate("sums", rows)),
        "sums, version 1": checked(service.estimate("sums", rows, version=1)),
        "kinds": checked(service.estimate("kinds", {"rows": [{"a": 3, "b": 4}, {"a": 19, "b": 19}]})),
    }
    return {"versions": [first["version"], second["version"]], "answers": answers}


def checked(response: Any) -> dict[str, Any]:
    """The result. Raises if there is none."""
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found["result"] if "links" in found else found


def stop_workers(service: Service) -> None:
    """Have the fleets end: what is submitted from now on stays queued."""
    from importlib import import_module

    # The module moved; this script runs with the commit that is to be kept.
    for name in ("infra.host.control", "infra.control"):
        try:
            supervisor = import_module(name).Supervisor(Path(service.home.service().sockets))
            break
        except ModuleNotFoundError:
            continue
    for fleet in FLEETS:
        supervisor.stop("background", f"worker-{fleet}")
    stopped = {f"worker-{fleet}" for fleet in FLEETS}
    eventually(
        lambda: all(state.pid == 0 for state in supervisor.states() if state.name in stopped),
        seconds=30,
        what="the end of the workers",
    )


def submit(service: Service) -> dict[str, list[str]]:
    """Work of every kind and lane, by what it should come to."""
    http = service.http
    json_type = {"Content-Type": "application/json"}
    rows = {"rows": [{"a": 3, "b": 4, "color": "red"}]}
    found: dict[str, list[str]] = {"estimate": [], "estimate, version 1": [], "init": [], "train": [], "cancelled": []}
    for lane in ("high", "normal", "low"):
        params = {"lane": lane}
        found["estimate"].append(accepted(http.post("/v1/models/sums/estimate", json=rows, params=params)))
        found["estimate, version 1"].append(
            accepted(http.post("/v1/models/sums/estimate", json=rows, params={**params, "version": 1}))
        )
    many = {"rows": [{"a": a % 20, "b": a // 20 % 20, "color": "red"} for a in range(20_000)]}
    body = json.dumps(many).encode()
    found["large estimate"] = [accepted(http.post("/v1/models/sums/estimate", content=body, headers=json_type))]
    found["init"].append(accepted(http.post("/v1/models/later/init?target=y", json={"rows": ROWS})))
    found["train"].append(accepted(http.post("/v1/models/sums/train", json={"promote": "never"})))
    given_up = accepted(http.post("/v1/models/sums/estimate", json=rows, headers={"Idempotency-Key": "given-up"}))
    http.delete(f"/v1/tasks/{given_up}").raise_for_status()
    found["cancelled"].append(given_up)
    return found


def accepted(response: Any) -> str:
    """The id of what was submitted. Raises if it was refused."""
    response.raise_for_status()
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def pack(home: Path, target: Path) -> None:
    """All of the home but what `up` makes anew, with the modes of its files."""
    with tarfile.open(target, "w:gz") as archive:
        for part in ("secrets", "redis", "blobs", "work.json"):
            archive.add(home / part, arcname=part, filter=nameless)


def nameless(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without the name of who made it, and without what `up` writes anew."""
    if member.name == "secrets/environment.json":
        return None
    member.uname = member.gname = ""
    member.uid = member.gid = 0
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]))
