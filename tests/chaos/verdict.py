"""The accounting: what became of everything that was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tasks.contract import Kind, State
from tests.chaos.account import Account, Entry
from tests.chaos.fault import Event
from tests.chaos.recovery import summary
from tests.chaos.truth import Truth

#: Work whose own worker was not killed takes at most so long, whatever else is (seconds).
LATE_SECONDS: Final = 60.0


@dataclass(kw_only=True)
class Verdict:
    """The figures of a run. What is listed is in words, a line for each."""

    accepted: int
    accepted_by_kind: dict[str, int]
    finished: dict[str, int]
    #: How often work failed for each reason.
    failed: dict[str, int]
    #: Not finished, or not known any more.
    lost: list[str] = field(default_factory=list)
    #: Accepted before Redis was emptied on purpose, and not seen finished before.
    cleared: int = 0
    #: Ended one way at first and another way in the end.
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    #: Successes whose result could not be compared, because what made it could not be read.
    unchecked: list[str] = field(default_factory=list)
    #: The same, where that went when Redis was emptied.
    unchecked_with_redis: int = 0
    #: Trains with other than one version if they succeeded, and other than none if not.
    versions: list[str] = field(default_factory=list)
    #: Good work that failed, whatever was harmed beside it.
    innocent: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    #: Other promises that were not kept.
    findings: list[str] = field(default_factory=list)
    #: What `recovery.summary` says.
    recovery: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    #: What took longer than LATE_SECONDS, although its own worker was not killed.
    late: list[str] = field(default_factory=list)
    #: How many took that long whose worker was.
    late_when_killed: int = 0
    #: The longest that work of each kind took whose worker was not killed, and whose was (seconds).
    slowest: dict[str, float] = field(default_factory=dict)
    slowest_when_killed: dict[str, float] = field(default_factory=dict)
    #: Load averages of the machine, one at each fault.
    loads: list[float] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all promises were kept."""
        broken = (self.lost, self.twice, self.wrong, self.unchecked, self.versions, self.innocent, self.findings)
        return not any((*broken, self.late))


def judge(account: Account, truth: Truth, events: Sequence[Event], *, skipped: dict[str, str]) -> Verdict:
    """Account for everything. Each entry must have been looked at a last time. Raises RedisError."""
    entries = account.since(0)
    verdict = Verdict(
        accepted=len(entries),
        accepted_by_kind=dict(Counter(entry.order.kind.value for entry in entries)),
        finished=dict(Counter(entry.seen.state.value for entry in entries if entry.seen)),
        failed=_reasons(entries),
        refused=dict(account.refused),
        unanswered=account.unanswered,
        findings=list(account.findings),
        recovery=summary(entries, events),
        skipped=skipped,
        loads=[round(event.load, 2) for event in events],
    )
    for entry in entries:
        _judge_end(entry, account, verdict)
        _judge_time(entry, events, verdict)
    verdict.versions += _versions(entries, account, truth)
    return verdict


def _judge_time(entry: Entry, events: Sequence[Event], verdict: Verdict) -> None:
    took, kind = entry.took_seconds, entry.order.kind
    if took is None or entry.order.doomed:
        return
    killed = _worker_killed(entry, events)
    slowest = verdict.slowest_when_killed if killed else verdict.slowest
    slowest[kind.value] = round(max(took, slowest.get(kind.value, 0.0)), 2)
    if took > LATE_SECONDS and killed:
        verdict.late_when_killed += 1
    elif took > LATE_SECONDS:
        verdict.late.append(f"{kind} {entry.handle} of {entry.order.model} took {took:.1f} s")


def _worker_killed(entry: Entry, events: Iterable[Event]) -> bool:
    """Whether a worker of its kind was killed meanwhile, and it was given to a worker more than once."""
    ended_at = entry.finished_at or entry.sent_at
    return entry.deliveries > 1 and any(
        entry.order.kind in event.killed and entry.sent_at <= event.over_at and event.began_at <= ended_at
        for event in events
    )


def _judge_end(entry: Entry, account: Account, verdict: Verdict) -> None:
    name = f"{entry.order.kind} {entry.handle} of {entry.order.model}"
    if entry.wrong:
        verdict.wrong.append(f"{name}: {entry.wrong}")
    elif entry.seen and not entry.checked:
        if entry.era < account.era:
            verdict.unchecked_with_redis += 1
        else:
            verdict.unchecked.append(name)
    if entry.seen and entry.seen.state is not State.SUCCEEDED and not _may_fail(entry, account):
        verdict.innocent.append(f"{name}: {entry.seen.state}: {entry.seen.reason}")
    if entry.era < account.era:
        verdict.cleared += entry.seen is None
    elif entry.missing or entry.seen is None:
        verdict.lost.append(f"{name}: {'no longer known' if entry.missing else 'not finished'}")
    elif entry.first and entry.last and not entry.first.same(entry.last):
        verdict.twice.append(f"{name}: first {entry.first}, then {entry.last}")


def _may_fail(entry: Entry, account: Account) -> bool:
    """Whether its estimator is bad; or Redis was emptied, and with it the model."""
    emptied = account.era > 0 and entry.seen is not None and entry.seen.reason.startswith("ModelNot")
    return entry.order.doomed or emptied


def _versions(entries: Iterable[Entry], account: Account, truth: Truth) -> list[str]:
    trains = [e for e in entries if e.order.kind is Kind.TRAIN and e.era == account.era and e.seen and not e.missing]
    made = {model: truth.versions(model) for model in {entry.order.model for entry in trains}}
    found = []
    for entry in trains:
        count = made[entry.order.model][entry.handle]
        state = entry.seen.state if entry.seen else None
        if count != (state is State.SUCCEEDED):
            found.append(f"train {entry.handle} of {entry.order.model} is {state} and has {count} versions")
    return found


def _reasons(entries: Iterable[Entry]) -> dict[str, int]:
    reasons = Counter(
        f"{entry.seen.reason[:160]}{' (as it must)' if entry.order.doomed else ''}"
        for entry in entries
        if entry.seen and entry.seen.reason
    )
    return dict(reasons.most_common(40))
