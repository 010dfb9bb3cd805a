"""What a train asks of a cluster: all of its workers, or a number of them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tasks.errors import InvalidField
from tasks.tables.malformed import misfit

#: Fewest workers of a distributed fit.
FEWEST: Final = 2


class Distributed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The workers over which a fit is to run, as the body of a train asks for it."""

    #: How many; None: all that the cluster has.
    workers: int | None = None


#: How it is said: true, or an object; false is as if it were not said.
Said = bool | Distributed


def read_distributed(given: Any) -> Distributed | None:
    """What was given, as JSON has it or as it was read; None for no cluster. Raises InvalidField."""
    if given is None or given is False:
        return None
    if given is True:
        return Distributed()
    asked = given if isinstance(given, Distributed) else _converted(given)
    if asked.workers is not None and asked.workers < FEWEST:
        raise InvalidField(f"distributed: workers must be {FEWEST} or more, not {asked.workers}").at(
            "/distributed/workers"
        )
    return asked


def _converted(given: Any) -> Distributed:
    try:
        return msgspec.convert(given, Distributed)
    except msgspec.ValidationError as error:
        raise misfit(error, Distributed, under=("distributed",)) from None


def check_alone(said: dict[str, Any], *, scheduler: str) -> None:
    """Raise InvalidField for a distributed train that says something else with it (`said`: the other fields and their
    values) which it cannot do, or where no cluster is set."""
    for name, value in said.items():
        if value is not None:
            raise InvalidField(f"{name} and distributed cannot be used together: leave one of them out").at(f"/{name}")
    if not scheduler:
        raise InvalidField(
            "distributed cannot be used: this service has no Dask cluster; the operator names its scheduler with the"
            " setting MLSERVICE_DASK_SCHEDULER"
        ).at("/distributed")
