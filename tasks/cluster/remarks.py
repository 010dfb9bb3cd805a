"""What goes wrong with a cluster, in words that tell nothing of where it is."""

from __future__ import annotations

from tasks.errors import ClusterFailed


def away(why: str) -> ClusterFailed:
    """The error of a scheduler that does not answer."""
    return ClusterFailed(
        f"the Dask scheduler {why}: train without distributed, or again when the operator has started it (the setting"
        " MLSERVICE_DASK_SCHEDULER says where it is looked for)"
    )


def lost(number: int) -> ClusterFailed:
    """The error of a fit whose workers went away."""
    workers = "a Dask worker was" if number == 1 else f"{number} Dask workers were"
    return ClusterFailed(f"{workers} lost during the fit, which cannot go on without: train again")
