"""The DAG of examples/celery-callers, run whole as `airflow dags test` runs one, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import callers  # type: ignore[import-not-found]
from asking import asked, tell  # type: ignore[import-not-found]

AT = asked()


def prepare(folder: str) -> None:
    """A database of Airflow's own, and nothing else."""
    os.environ |= {
        "AIRFLOW_HOME": folder,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(callers.FOLDER),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
    command: list[str | Path] = [Path(sys.executable).with_name("airflow"), "db", "migrate"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


def main() -> None:
    """Run it for a model, and tell what its last task predicts."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        run: Any = callers.module("airflow_dag").nightly.test(run_conf={"model": AT.numbers})
        states = {one.task_id: str(one.state) for one in run.get_task_instances()}
        assert states == {"train": "success", "predict": "success"}, states
        trained, predicted = (
            next(one for one in run.get_task_instances() if one.task_id == name).xcom_pull(task_ids=name)
            for name in ("train", "predict")
        )
    assert trained["version"] == 2, trained
    tell(numbers=predicted)


if __name__ == "__main__":
    main()
