"""The accounting: what became of everything that was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.contract import Kind, State
from tests.chaos.account import Account, Entry
from tests.chaos.fault import Event
from tests.chaos.recovery import summary
from tests.chaos.truth import Truth


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

    @property
    def good(self) -> bool:
        """Whether all promises were kept."""
        broken = (self.lost, self.twice, self.wrong, self.unchecked, self.versions, self.innocent, self.findings)
        return not any(broken)


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
    )
    for entry in entries:
        _judge_end(entry, account, verdict)
    verdict.versions += _versions(entries, account, truth)
    return verdict


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
