"""The metrics of the service, in the form that Prometheus reads.

All of it comes from one Redis, so it is the same whichever gateway process is asked, and no process that dies takes
counts with it. No label grows with users, tasks or workers; models are shown up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.metrics.measures import Measures
from tasks.contract import FLEETS, PLACES, Kind, Noted, Place, State
from tasks.ledger import counts, work_counts
from tasks.ledger.work_counts import counter
from tasks.redis_keys import FLEET_LOST_SECONDS
from tasks.webhooks.counters import MESSAGES

#: What the name of every metric begins with.
PREFIX: Final = "mlservice_"
#: How work fails that was not at fault itself; shown before it happens, so that the first one is a change.
GRAVE: Final = ("EstimatorFailed", "Poison", "TimeLimit", "Unavailable")

#: What the reasons of refusals mean.
_REFUSALS: Final = (
    "depth (too many wait), age (the oldest waits too long), memory (Redis is full), disk (that of Redis is full or "
    "cannot be written), unrecorded (Redis did not take "
    "it), quota (of requests, bytes or rows a second), queued (the account's unfinished items)"
)
_LOGINS: Final = "credentials (wrong), attempts (too many failed before), busy (too many at once)"
#: What is noted of values, as `Noted` has it.
_NOTED: Final = (
    "filled (missing where training missed none), unseen_category, beyond_training (numbers less or larger than all)"
)
#: What else is said of some.
_FAILURES: Final = "the reason is the error of those that failed"
_MESSAGES: Final = (
    "delivered, refused (tried in vain, and tried again), given_up (after all attempts), dropped (too many waited for "
    "their webhook), untold (too much waited to be told)"
)
_TOGETHER: Final = "the items of a group take as long as the group"
_KILLED: Final = "killed, as by the kernel for their memory, or crashed"
#: How long one that was killed counts as there.
_UNHEARD: Final = f"; one that was killed until it has not been heard of for {FLEET_LOST_SECONDS:g} s"

_KIND_LANE: Final = ("kind", "lane")
_MILLION: Final = 1_000_000


class ServiceCollector(Collector):
    """Gives what one reading of Redis says."""

    def __init__(self, read: Callable[[], Measures]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """The metrics of now. Raises redis.RedisError."""
        measures = self._read()
        yield from _counters(measures.counts)
        yield from _work(measures)
        yield from _fleets(measures)
        yield from _models(measures)
        yield from _webhooks(measures)
        yield _gauge("redis_memory_bytes", "Memory that Redis uses.", measures.memory_bytes)
        yield _gauge(
            "redis_memory_limit_bytes", "Memory that Redis may use (maxmemory); 0: any.", measures.memory_limit_bytes
        )
        yield _gauge(
            "redis_evicts",
            "Whether Redis may throw away keys when its memory is full (1), or never (0).",
            measures.evicts,
        )
        yield _plain("redis_evicted_keys", "Keys that Redis has thrown away since it started.", measures.evicted_keys)


def _counters(found: dict[str, int]) -> Iterator[Metric]:
    submitted = _counter("submitted", "Items accepted.", _KIND_LANE)
    finished = _counter(
        "finished",
        "Items by how they ended; the reason is the error of those that failed.",
        (*_KIND_LANE, "state", "reason"),
    )
    again = _counter("redeliveries", "Claims of groups that had been claimed before.", _KIND_LANE)
    wait = _histogram("wait_seconds", "Time of items from acceptance to the worker that finished them.")
    run = _histogram(
        "run_seconds",
        "Time of items with the worker that finished them; the items of a group take as long as the group.",
    )
    busy = _counter("busy_seconds", "Time that workers had groups, counted when they have finished them.", _KIND_LANE)
    sizes = _histogram("group_items", "Groups of estimates by how many items they have.")
    refused = _counter("refused", f"Requests for work that were not accepted: {_REFUSALS}.", (*_KIND_LANE, "reason"))
    for kind, lane in PLACES:
        place, labels = (kind, lane), (kind.value, lane.value)
        items = found.get(counter(work_counts.SUBMITTED, place), 0)
        submitted.add_metric(labels, items)
        again.add_metric(labels, found.get(counter(work_counts.REDELIVERED, place), 0))
        for state, reason, ended in _endings(found, place):
            finished.add_metric((*labels, state, reason), ended)
        for family, name in ((wait, work_counts.WAIT), (run, work_counts.RUN)):
            seconds = found.get(counter(name, place, work_counts.SUM), 0) / _MILLION
            family.add_metric(labels, _buckets(found, name, place, work_counts.TIME_BOUNDS), seconds)
        busy.add_metric(labels, found.get(counter(work_counts.BUSY, place), 0) / _MILLION)
        for refusal in counts.Refusal:
            refused.add_metric((*labels, refusal.value), found.get(counts.refusal(kind, lane, refusal), 0))
        if kind is Kind.ESTIMATE:
            sizes.add_metric(labels, _buckets(found, work_counts.SIZE, place, work_counts.SIZE_BOUNDS), items)
    rows = found.get(work_counts.ROWS, 0) + sum(found.get(counter(work_counts.ROWS, place), 0) for place in PLACES)
    yield from (submitted, refused, finished, again, wait, run, busy, sizes)
    yield _plain("reconciled", "Groups that nobody held and that were queued again.", found.get(counts.RECONCILED, 0))
    yield _plain(
        "results_dropped", "Results that went before their time: Redis was nearly full.", found.get(counts.DROPPED, 0)
    )
    yield _plain("estimated_rows", "Rows predicted for estimates.", rows)
    yield _plain("tokens_issued", "Tokens given for a password.", found.get(counts.TOKENS_ISSUED, 0))
    yield _plain("tokens_refused", "Requests whose token was refused.", found.get(counts.TOKENS_REFUSED, 0))
    logins = _counter("logins_refused", f"Logins refused: {_LOGINS}.", ("reason",))
    for reason in counts.LOGIN_REASONS:
        logins.add_metric((reason,), found.get(f"{counts.LOGINS_REFUSED}:{reason}", 0))
    yield logins


def _endings(found: dict[str, int], place: Place) -> Iterator[tuple[str, str, int]]:
    """(state, reason, items) of work in this place; the reason is empty but for what failed."""
    for state in work_counts.NO_REASON:
        yield state.value, "", found.get(counter(work_counts.FINISHED, place, state.value), 0)
    before = counter(work_counts.FINISHED, place, State.FAILED.value, "")
    failed = dict.fromkeys(GRAVE, 0) | {f.removeprefix(before): n for f, n in found.items() if f.startswith(before)}
    for reason, items in failed.items():
        yield State.FAILED.value, reason, items


def _work(measures: Measures) -> Iterator[Metric]:
    messages = _gauges("queue_messages", "Messages that wait for a worker.", ("queue", "lane"))
    for (queue, queue_lane), length in measures.messages.items():
        messages.add_metric((queue, queue_lane.value), length)
    yield messages
    for name, help_text, values in (
        ("queue_wait_seconds", "How long the next message of a queue has waited.", measures.waiting_seconds),
        ("oldest_seconds", "Age of the oldest work that is accepted and not finished.", measures.oldest_seconds),
        ("unfinished_items", "Items accepted and not finished.", measures.unfinished),
        ("leases", "Groups that a worker has now.", measures.leases),
    ):
        family = _gauges(name, help_text, _KIND_LANE)
        for (kind, lane), value in values.items():
            family.add_metric((kind.value, lane.value), value)
        yield family
    yield _gauge("retrying_groups", "Groups that wait to be tried again.", measures.retrying)
    yield _gauge("leases_run_out", "Groups whose worker did not renew its lease.", measures.leases_run_out)
    yield _gauge("dead_letter_groups", "Groups kept because work in them was given up.", measures.dead)
    yield _gauge(
        "reconciled_timestamp_seconds", "When lost work was last looked for; 0: never.", measures.reconciled_at
    )
    yield _gauge(
        "upkeep_age_seconds",
        "How long ago that was, as the gateway process that is asked has seen it since it started, by no time of day.",
        measures.upkeep_seconds,
    )


def _fleets(measures: Measures) -> Iterator[Metric]:
    there = _gauges("fleet_members", f"Workers of a fleet, or gateway processes, that are there{_UNHEARD}.", ("fleet",))
    processes = _gauges("fleet_processes", f"Processes of the members of a fleet{_UNHEARD}.", ("fleet",))
    lost = _counter("fleet_lost", "Workers and gateway processes that went without a word, as when killed.", ("fleet",))
    lost_processes = _counter(
        "fleet_processes_lost",
        "Processes of workers that were killed, as by the kernel for their memory, or crashed.",
        ("fleet",),
    )
    for fleet in ("gateway", *FLEETS):
        alive = measures.fleets[fleet]
        there.add_metric((fleet,), len(alive))
        processes.add_metric((fleet,), sum(alive.values()))
        lost.add_metric((fleet,), measures.counts.get(f"{counts.LOST}:{fleet}", 0))
    for fleet in FLEETS:
        lost_processes.add_metric((fleet,), measures.counts.get(f"{counts.LOST_PROCESSES}:{fleet}", 0))
    yield from (there, processes, lost, lost_processes)


def _models(measures: Measures) -> Iterator[Metric]:
    current = _gauges("model_current_version", "Version that answers; 0: none yet.", ("model",))
    versions = _gauges("model_versions", "Versions kept.", ("model",))
    trained = _gauges("model_trained_timestamp_seconds", "When the current version was trained.", ("model",))
    quality = _gauges("model_holdout_metric", "Metrics of the current version on the holdout.", ("model", "metric"))
    noted = _counter("noted_values", f"Values of estimates that training did not know: {_NOTED}.", ("model", "note"))
    for name, model in measures.shown.items():
        for note in Noted:
            noted.add_metric((name, note.value), measures.counts.get(f"{counts.NOTED}:{note.value}:{name}", 0))
        current.add_metric((name,), model.current)
        versions.add_metric((name,), model.versions)
        if model.trained_at:
            trained.add_metric((name,), model.trained_at)
        for metric, value in model.metrics.items():
            quality.add_metric((name, metric), value)
    yield from (current, versions, trained, quality, noted)
    yield _gauge("models", "Models, also those beyond the bound up to which they are shown.", measures.models)


def _webhooks(measures: Measures) -> Iterator[Metric]:
    messages = _counter("webhook_messages", f"Messages of webhooks: {_MESSAGES}.", ("state",))
    for state, field in MESSAGES.items():
        messages.add_metric((state,), measures.counts.get(field, 0))
    yield messages
    yield _gauge("webhook_untold_events", "What happened that webhooks are yet to be told.", measures.told)


def _buckets(found: dict[str, int], name: str, place: Place, bounds: Sequence[str]) -> list[tuple[str, float]]:
    """A histogram's buckets as Prometheus wants them: each with all that is below."""
    names = (*bounds, work_counts.ABOVE)
    counted = (float(found.get(counter(name, place, bound), 0)) for bound in names)
    return list(zip(names, accumulate(counted), strict=True))


def _counter(name: str, help_text: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, help_text, labels=tuple(labels))


def _plain(name: str, help_text: str, value: float) -> CounterMetricFamily:
    family = _counter(name, help_text)
    family.add_metric((), value)
    return family


def _gauges(name: str, help_text: str, labels: Iterable[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, help_text, labels=tuple(labels))


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, help_text, value=value)


def _histogram(name: str, help_text: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(PREFIX + name, help_text, labels=_KIND_LANE)
