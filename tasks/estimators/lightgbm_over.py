"""One fit of LightGBM over several processes: what it cannot do there, and how the rows are dealt out.

The bins are made here, of all rows, and members get the rows in bins. LightGBM would have each member find the bins of
some columns by its own rows alone, and categories that these lack would be unknown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Progress
from tasks.estimators.gang import Gang
from tasks.estimators.lightgbm_fitting import Data, Rounds, boosted
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_metrics import Asked
from tasks.estimators.lightgbm_params import CPU, refusal
from tasks.tables.checks import json_pointer
from tasks.tables.columns import Schema

#: The files of a member: what it is to do, its rows, and, of the first one, those of the holdout.
JOB, ROWS, HOLDOUT = "job.json", "rows.bin", "holdout.bin"
#: The objectives whose leaves are medians or quantiles: LightGBM takes the mean of those of the members.
AVERAGED: Final = frozenset(
    {
        *("regression_l1", "l1", "mean_absolute_error", "mae", "quantile"),
        *("mape", "mean_absolute_percentage_error"),
    }
)
#: Where the rows of the members begin to be dealt: the same for the same table.
_SEED: Final = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a member does."""

    rank: int
    params: dict[str, Any]
    total: int
    patience: int = 0
    measure: Asked | None = None
    measured: bool = False


def boost_by(gang: Gang | None, params: Mapping[str, Any], schema: Schema, *, rows: int) -> Callable[..., Any]:
    """What fits a booster, with the arguments of `boosted`: this process, or a gang. Raises what `check_over` does."""
    if gang is None:
        return boosted
    check_over(params, schema, rows=rows, gang=gang)
    return partial(boosted_over, gang)


def check_over(params: Mapping[str, Any], schema: Schema, *, rows: int, gang: Gang) -> None:
    """Raise InvalidField or InvalidParams for what LightGBM does not do over several processes: of some of it it says
    nothing, and does otherwise."""
    if schema.problem == "ranking":
        raise InvalidField(
            "distributed cannot be used for a ranking, whose queries would be torn apart: leave it out"
        ).at("/distributed")
    if rows < gang.size:
        raise InvalidField(
            f"distributed: there are {rows} rows to learn from, fewer than the {gang.size} workers; leave it out"
        ).at("/distributed")
    refused = {
        "linear_tree": bool(params.get("linear_tree")),
        "cegb_penalty_feature_lazy": bool(params.get("cegb_penalty_feature_lazy")),
        "monotone_constraints_method": params.get("monotone_constraints_method", "basic") != "basic",
        "device_type": params.get("device_type", CPU) != CPU,
    }
    for name in (name for name, is_set in refused.items() if is_set):
        raise InvalidParams(
            f"{name}={params[name]!r} cannot be used in a distributed fit: leave it out, or distributed"
        ).at(json_pointer("params", name))
    if params["objective"] in AVERAGED:
        gang.remark(
            f"the objective is {params['objective']!r}: a leaf's value is the mean of the medians or quantiles of the"
            f" {gang.size} members' rows"
        )


def boosted_over(
    gang: Gang,
    data: Data,
    params: Mapping[str, Any],
    rounds: Rounds,
    *,
    progress: Progress,
    start: Any = None,
    measured: bool = True,
) -> Any:
    """As `boosted` promises, by the members of a gang, of whose rows metrics of `train` are the first one's. Raises
    what the gang raises, too."""
    if start is not None:
        raise InvalidField("from_version and distributed cannot be used together: leave one of them out").at(
            "/distributed"
        )
    lgb = load_lightgbm()
    done = 0

    def tell(event: Any) -> None:
        nonlocal done
        if event is None:
            progress(done, rounds.total, {})
        else:
            done, metrics = event
            progress(done, rounds.total, metrics)

    try:
        jobs = _dealt(data, params, rounds, size=gang.size, measured=measured)
    except lgb.basic.LightGBMError as error:
        raise refusal(error) from error
    return lgb.Booster(model_str=gang.run(jobs, tell).decode())


def _dealt(
    data: Data, params: Mapping[str, Any], rounds: Rounds, *, size: int, measured: bool
) -> Sequence[Mapping[str, bytes]]:
    train, holdout = data.train.construct(), data.holdout
    order = np.random.default_rng(_SEED).permutation(train.num_data())
    jobs = []
    with tempfile.TemporaryDirectory() as folder:
        for rank, rows in enumerate(np.array_split(order, size)):
            first = rank == 0
            job = Job(
                rank=rank,
                params=dict(params),
                total=rounds.total,
                patience=rounds.patience if first else 0,
                measure=rounds.measure if first else None,
                measured=measured and first,
            )
            files = {JOB: msgspec.json.encode(job), ROWS: _bytes(train.subset(np.sort(rows)), Path(folder))}
            if first and holdout is not None:
                files[HOLDOUT] = _bytes(holdout, Path(folder))
            jobs.append(files)
    return jobs


def _bytes(data: Any, folder: Path) -> bytes:
    path = folder / ROWS
    # An older file would not be written over.
    path.unlink(missing_ok=True)
    data.construct().save_binary(str(path))
    return path.read_bytes()
