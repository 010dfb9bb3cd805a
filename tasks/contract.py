"""The names that cross a process border: tasks, queues, lanes, states, media types, Redis keys.

Standard library only, so that every process may import it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The kinds of work that a caller may ask for."""

    #: Read data, check it, store it as a snapshot.
    INIT = "init"
    #: Fit on the latest snapshot and store a model version.
    TRAIN = "train"
    #: Predict rows.
    ESTIMATE = "estimate"


class Lane(StrEnum):
    """How urgent work is, within its queue."""

    #: Taken before everything else in the queue.
    HIGH = "high"
    #: What is used when nothing is said.
    NORMAL = "normal"
    #: Taken when the other lanes are empty.
    LOW = "low"


#: The kinds whose work is one item of one owner and may take long: owners take turns.
TURNS: Final = (Kind.INIT, Kind.TRAIN)
#: A lane of the queue of a kind.
Place = tuple[Kind, Lane]
#: All places.
PLACES: Final = tuple((kind, lane) for kind in Kind for lane in Lane)


class State(StrEnum):
    """The states of accepted work. The last four are final; a final state never changes."""

    #: Accepted and durable, not started.
    QUEUED = "queued"
    #: A worker has claimed it.
    RUNNING = "running"
    #: Finished with a result.
    SUCCEEDED = "succeeded"
    #: Finished with an error.
    FAILED = "failed"
    #: Stopped on the caller's demand; no effect remains.
    CANCELLED = "cancelled"
    #: Its deadline passed before it started.
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """True if the work is over."""
        return self not in (State.QUEUED, State.RUNNING)


#: What `spreadsheet` may say: no text of a CSV is a formula.
SAFE: Final = "safe"


class Promote(StrEnum):
    """When a trained version becomes current."""

    #: Always.
    ALWAYS = "always"
    #: If its main metric on the holdout is better than that of the current version on the same rows.
    IF_BETTER = "if_better"
    #: Never; a later call may promote it.
    NEVER = "never"


class Media(StrEnum):
    """The media types of bodies and results."""

    #: `{"rows": ...}` or `{"columns": ...}`.
    JSON = "application/json"
    #: RFC 4180, UTF-8, with a header line.
    CSV = "text/csv"
    #: Apache Parquet; a body only.
    PARQUET = "application/vnd.apache.parquet"
    #: Apache Arrow IPC stream (the file format is read too).
    ARROW = "application/vnd.apache.arrow.stream"


#: What else a client may call a media type.
MEDIA_ALIASES: Final = {
    "application/csv": Media.CSV,
    "application/parquet": Media.PARQUET,
    "application/x-parquet": Media.PARQUET,
    "application/vnd.apache.arrow.file": Media.ARROW,
}


class Coding(StrEnum):
    """How a body may be compressed (Content-Encoding)."""

    #: RFC 1952.
    GZIP = "gzip"
    #: RFC 8878.
    ZSTD = "zstd"


#: What else a client may call a coding (RFC 9110, 8.4.1.3).
CODING_ALIASES: Final = {"x-gzip": Coding.GZIP}

#: The media types in which results are given.
RESULT_MEDIA: Final = (Media.JSON, Media.CSV, Media.ARROW)

#: What `/health/ready` says while all else is there.
NO_ACCOUNT: Final = "there is no account yet"

#: The media type of an error (RFC 9457).
PROBLEM: Final = "application/problem+json"
#: The header in which the gateway tells NGINX, which tells Flower, whether the caller may control workers: yes or no.
CONTROLS: Final = "X-Controls"

#: The Celery task of each kind.
TASKS: Final = {Kind.INIT: "tasks.init", Kind.TRAIN: "tasks.train", Kind.ESTIMATE: "tasks.estimate"}
#: The Celery task that shows that estimate workers take and finish work.
CANARY_TASK: Final = "tasks.canary"
#: The Celery task that publishes again what is accepted and in no queue.
RECONCILE_TASK: Final = "tasks.reconcile"
#: The Celery task that removes what is past its retention.
SWEEP_TASK: Final = "tasks.sweep"

#: The queue of the upkeep tasks.
SYSTEM_QUEUE: Final = "system"
#: Where a bare Celery client sends a task when it names no queue; the system fleet passes it on.
DEFAULT_QUEUE: Final = "celery"
#: All queues; each kind's queue has the kind's name.
QUEUES: Final = (*(kind.value for kind in Kind), SYSTEM_QUEUE, DEFAULT_QUEUE)
#: The fleet that does the upkeep, in its only process, and passes on what names no queue.
SYSTEM_FLEET: Final = "system"
#: The queues that each fleet of workers takes from, first named first.
FLEETS: Final = {
    "estimate": (Kind.ESTIMATE.value,),
    "train": (Kind.INIT.value, Kind.TRAIN.value),
    SYSTEM_FLEET: (SYSTEM_QUEUE, DEFAULT_QUEUE),
}

#: Celery priority of each lane. On Redis 0 is taken first and unset means 0, so it is always set.
PRIORITY: Final = {Lane.HIGH: 0, Lane.NORMAL: 3, Lane.LOW: 6}
#: The priorities for which kombu keeps a list, as `priority_steps`. Kombu's default, so that a bare client which
#: sends with priority 9 is heard.
PRIORITY_STEPS: Final = (0, 3, 6, 9)
#: What kombu writes between a queue's name and its priority step.
PRIORITY_SEPARATOR: Final = "\x06\x16"

#: Most items in one group of estimates, by lane. The low lane's groups are small, so that few of its items are
#: answered while urgent work that came later is taken and predicted.
GROUP_ITEMS: Final = {Lane.HIGH: 256, Lane.NORMAL: 256, Lane.LOW: 8}
#: Most body bytes in one group of more than one item.
GROUP_BYTES: Final = 4 * 1024 * 1024

#: What a model may be called.
MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
#: Said when a model's name is refused.
MODEL_NAME_RULE: Final = "1 to 63 ASCII letters, digits, '-' and '_', of which the first is a letter or digit"
#: The estimator used when none is named.
DEFAULT_ESTIMATOR: Final = "lightgbm"

#: A handle: the group's id, a hyphen, the item's index in the group.
HANDLE: Final = re.compile(r"([0-9a-f]{32})-([0-9]{1,5})")


def queue_key(queue: str, lane: Lane) -> str:
    """The Redis list in which kombu keeps a queue's lane."""
    priority = PRIORITY[lane]
    return f"{queue}{PRIORITY_SEPARATOR}{priority}" if priority else queue


#: Hash: one group of accepted work: heads, bodies, claim, outcomes.
GROUP_KEY: Final = "ml:group:{group}"
#: Set: the reply channels that want to hear of a group's outcome beside the one that submitted it.
WATCHERS_KEY: Final = "ml:watchers:{group}"
#: Sorted set for each kind and lane: the groups that are accepted and not finished, by time of acceptance.
PENDING_KEY: Final = "ml:pending:{kind}:{lane}"
#: Sorted set: the groups that a worker has claimed, or that wait to be tried again, by the time until when.
LEASES_KEY: Final = "ml:leases"
#: Sorted set for each kind that takes turns: the owners whose work waits, in the order in which it would be taken. The
#: same with `:OWNER` behind: the groups of one owner that wait, in that order.
TURNS_KEY: Final = "ml:turns:{kind}"
#: Hash for each of these kinds: the groups that were claimed, with their owners; it counts while the lease does.
RUNNING_KEY: Final = "ml:running:{kind}"
#: Sorted set: the groups of which every item has a deadline, by the latest of them.
DEADLINES_KEY: Final = "ml:deadlines"
#: List: the ids of finished groups as 16 bytes each, the one that was finished first at the left; no dead letters.
FINISHED_KEY: Final = "ml:finished"
#: Sorted set: the groups that were given up and are kept for inspection and replay, by time.
DEAD_KEY: Final = "ml:dead"
#: Hash: items that are not finished, by "kind:lane".
DEPTH_KEY: Final = "ml:depth"
#: Hash: what has happened since this Redis was new, by what it is; `counts.py` names its fields, also those of a
#: service from before the next key.
COUNTS_KEY: Final = "ml:counts"
#: String: what has happened with work, as numbers in the order that `work_counts.py` says.
WORK_COUNTS_KEY: Final = "ml:counts:work"
#: Hash: items that are not finished, by owner.
UNFINISHED_KEY: Final = "ml:unfinished"
#: Sorted set for each owner: the groups that hold their work, by time of acceptance.
OWNER_KEY: Final = "ml:owner:{owner}"
#: String with a life: what was accepted under an owner's idempotency key (a digest of both).
IDEMPOTENCY_KEY: Final = "ml:once:{whose}"
#: Channel: outcomes for one waiting process.
REPLY_CHANNEL: Final = "ml:reply:{process}"
#: Channel: what changed, so that caches forget it: an account's name, TOKEN_CHANGE, or EVERYTHING_CHANGED.
ACCOUNTS_CHANNEL: Final = "ml:accounts"
#: Said on that channel of a token that was revoked. No account's name begins like this.
TOKEN_CHANGE: Final = "token:{token}"
#: Said on that channel when all caches are to be emptied.
EVERYTHING_CHANGED: Final = "*"
#: Hash: one account.
USER_KEY: Final = "ml:user:{name}"
#: String with the life of the token, where that is known: a token, by its id, is revoked.
REVOKED_KEY: Final = "ml:revoked:{token}"
#: Hash with a life: logins that failed, by account, address or both (a digest of each); or a string: the address is
#: known for the account.
LOGINS_KEY: Final = "ml:logins:{whose}"
#: Hash with a life: what an account has left of its quota.
QUOTA_KEY: Final = "ml:quota:{name}"
#: Set: the names of all accounts.
USERS_KEY: Final = "ml:users"
#: Hash: what the services of one Redis say of themselves: the digest of a mark in their blob store, the names of their
#: keys of tokens.
SERVICE_KEY: Final = "ml:service"
MARK_FIELD: Final = "blobs"
KEYS_FIELD: Final = "keys"
#: Set: the names of all models.
MODELS_KEY: Final = "ml:models"
#: Hash: one model: estimator, target, latest snapshot, current version, counters.
MODEL_KEY: Final = "ml:model:{model}"
#: Hash: version number to version record (JSON).
VERSIONS_KEY: Final = "ml:versions:{model}"
#: Hash for each model: version number to its learning curve (JSON).
CURVES_KEY: Final = "ml:curves:{model}"
#: Hash for each model: version number to its report (JSON): the blob of the page, or why there is none.
REPORTS_KEY: Final = "ml:reports:{model}"
#: Hash for each model: version number to when it was no longer current.
RETIRED_KEY: Final = "ml:retired:{model}"
#: String: bytes by content hash, or by the name under which they are kept, where blobs live in Redis.
BLOB_KEY: Final = "ml:blob:{digest}"
#: Sorted set: the blobs in Redis that do not expire by themselves, by when they were last put.
BLOBS_KEY: Final = "ml:blobs"
#: Hash for each fleet, `gateway` among them: member to "processes seen_at", written by the member.
FLEET_KEY: Final = "ml:fleet:{fleet}"
#: How often a member says that it is there, and after how long without that it counts as gone (seconds).
FLEET_SECONDS: Final = 5.0
FLEET_LOST_SECONDS: Final = 16.0
#: Set: groups that the last look found without a message and without a lease.
SUSPECTS_KEY: Final = "ml:suspects"
#: String with a life: why the disk of Redis does not take what is written; there is none while it does.
DISK_KEY: Final = "ml:disk"
#: String: when somebody last looked for work that nobody will finish.
LOOKED_KEY: Final = "ml:looked"
#: String with a life: who reconciles at the moment.
RECONCILING_KEY: Final = "ml:reconciling"
#: String with a life: who removes what is past its retention at the moment.
SWEEPING_KEY: Final = "ml:sweeping"
#: The header of a Celery message that carries a group of the ledger.
LEDGER_HEADER: Final = "ledger"
#: Where kombu notes the messages of direct calls that a fleet's workers have: a hash, its index by time, and a lock.
UNACKED_KEY: Final = "unacked:{fleet}"
UNACKED_INDEX_KEY: Final = "unacked:{fleet}:index"
UNACKED_MUTEX_KEY: Final = "unacked:{fleet}:mutex"
#: List with a life, for each worker: it shall ask for messages anew.
WAKE_KEY: Final = "ml:wake:{holder}"
#: String with a life: a task that is called directly was delivered again so often.
REDELIVERED_KEY: Final = "ml:redelivered:{task}"
