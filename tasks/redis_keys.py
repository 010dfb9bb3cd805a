"""The keys and channels of Redis, each with what lies there. Standard library only."""

from __future__ import annotations

from typing import Final

from tasks.contract import PRIORITY, PRIORITY_SEPARATOR, Lane


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
#: List: what happened in each of the last minutes, the last one at the left; and when that was noted last, with the
#: counters as they were then (MessagePack).
MINUTES_KEY: Final = "ml:minutes"
COUNTED_KEY: Final = "ml:minutes:counted"
#: Hash: items that are not finished, by owner; 0 for who has had work.
UNFINISHED_KEY: Final = "ml:unfinished"
#: Sorted set for each kind and owner, and for each kind, owner and model: the ids of the groups that hold such work, as
#: 16 bytes each, by time of acceptance. With a state, in which some of it has ended: of that alone; there are none for
#: what runs, waits or has succeeded. What is not said is empty.
TASKS_KEY: Final = "ml:tasks:{kind}:{state}:{model}:{owner}"
#: The same, of an earlier release: sorted set for each owner, with the ids as texts.
OWNER_KEY: Final = "ml:owner:{owner}"
#: String with a life: all lists of tasks were looked through a while ago.
LISTED_KEY: Final = "ml:listed"
#: String: lists of tasks name groups whose records have gone by themselves.
LEFT_KEY: Final = "ml:left"
#: String with a life: what was accepted under an owner's idempotency key (a digest of both).
IDEMPOTENCY_KEY: Final = "ml:once:{whose}"
#: Channel: outcomes for one waiting process.
REPLY_CHANNEL: Final = "ml:reply:{process}"
#: Channel: the artefact of a version that is promoted in a moment.
EXPECTED_CHANNEL: Final = "ml:expected"
#: Channel: what changed, so that caches forget it: an account's name, TOKEN_CHANGE, or EVERYTHING_CHANGED.
ACCOUNTS_CHANNEL: Final = "ml:accounts"
#: Said on that channel of a token that was revoked. No account's name begins like this.
TOKEN_CHANGE: Final = "token:{token}"
#: Said on that channel when all caches are to be emptied.
EVERYTHING_CHANGED: Final = "*"
#: Hash: one account.
USER_KEY: Final = "ml:user:{name}"
#: String with a life: the account that a link signs in, by a digest of its code.
LINK_KEY: Final = "ml:link:{code}"
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
#: Hash: what the workers offer: name of an estimator to what it is (JSON).
ESTIMATORS_KEY: Final = "ml:estimators"
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
#: Hash for each model: alias to version number.
ALIASES_KEY: Final = "ml:aliases:{model}"
#: List for each model, also one that is gone: what happened to it (JSON), the first at the left.
HISTORY_KEY: Final = "ml:history:{model}"
#: String with a life: the task whose result is a version in a form in which it may be taken along; for each model,
#: version with its identity, and form.
EXPORT_KEY: Final = "ml:export:{what}"
#: List with a life for each train that searches: its trials (JSON), the first at the left.
TRIALS_KEY: Final = "ml:trials:{task}"
#: Hash for each model: version number to when it was current, as `make_current.lua` writes it.
PERIODS_KEY: Final = "ml:periods:{model}"
#: Hash for each model: version number to what a list says of it (JSON).
SUMMARIES_KEY: Final = "ml:summaries:{model}"
#: Sorted set for each model: its versions' numbers, for lists; versions of earlier releases are added when one is asked
#: for. The same of all models' names.
NUMBERS_KEY: Final = "ml:numbers:{model}"
NAMES_KEY: Final = "ml:names"
#: Hash for each model: version number, or `model` for the model itself, to what people say of it (JSON).
NOTES_KEY: Final = "ml:notes:{model}"
#: Sorted set for each model: its versions by their tags, as `tag_members.lua` writes them. The same of all models.
TAGS_KEY: Final = "ml:tags:{model}"
TAGGED_KEY: Final = "ml:tagged"
#: All keys that a model has of its own.
KEYS_OF_MODEL: Final = (
    *(MODEL_KEY, HISTORY_KEY, ALIASES_KEY, NUMBERS_KEY),
    *(VERSIONS_KEY, RETIRED_KEY, REPORTS_KEY, CURVES_KEY, PERIODS_KEY, SUMMARIES_KEY),
    *(NOTES_KEY, TAGS_KEY),
)
#: List with a life for each model: samples of the rows that were predicted lately (MessagePack), the last one
#: at the left.
DRIFT_KEY: Final = "ml:drift:{model}"
#: String with a life: a table that was sent to be looked at (JSON): how it was sent, and its blob.
UPLOAD_KEY: Final = "ml:upload:{upload}"
#: Sorted set with a life: the ids of these, by when they were sent; and the same for each owner.
UPLOADS_KEY: Final = "ml:uploads"
OWNED_UPLOADS_KEY: Final = "ml:uploads:{owner}"
#: String: bytes by content hash, or by the name under which they are kept, where blobs live in Redis.
BLOB_KEY: Final = "ml:blob:{digest}"
#: Sorted set: the blobs in Redis that do not expire by themselves, by when they were last put.
BLOBS_KEY: Final = "ml:blobs"
#: String with a life: a backup copies what lies in the blob store, so that nothing may be removed there.
HELD_KEY: Final = "ml:held"
#: Hash: where that lies now which references find below a URL, by that URL: the service was restored, or moved.
MOVED_KEY: Final = "ml:moved"
#: String with a life: that a blob of a bucket is being removed, or just was.
REMOVAL_KEY: Final = "ml:removal:{digest}"
#: String: `mlservice move` has begun to write what a home holds into this Redis, and has not ended.
MOVING_KEY: Final = "ml:moving"
#: Hash for each fleet, `gateway` among them: member to "processes seen_at", written by the member.
FLEET_KEY: Final = "ml:fleet:{fleet}"
#: How often a member says that it is there, and after how long without that it counts as gone (seconds).
FLEET_SECONDS: Final = 5.0
FLEET_LOST_SECONDS: Final = 16.0
#: Set: groups that the last look found without a message and without a lease.
SUSPECTS_KEY: Final = "ml:suspects"
#: String with a life: why the disk of Redis does not take what is written; there is none while it does.
DISK_KEY: Final = "ml:disk"
#: The last batches of events of tasks: each a JSON array, compressed by zlib.
EVENTS_KEY: Final = "ml:events"
#: String: when somebody last looked for work that nobody will finish.
LOOKED_KEY: Final = "ml:looked"
#: String with a life: which system worker sends the upkeep tasks.
BEATING_KEY: Final = "ml:beating"
#: String with a life: who reconciles at the moment.
RECONCILING_KEY: Final = "ml:reconciling"
#: String with a life: who looks through all lists of tasks at the moment.
LISTING_KEY: Final = "ml:listing"
#: String with a life: who removes what is past its retention at the moment.
SWEEPING_KEY: Final = "ml:sweeping"
#: Hash: the webhooks of all accounts (JSON), by id; and a set for each account: the ids of its own.
WEBHOOKS_KEY: Final = "ml:webhooks"
OWNED_WEBHOOKS_KEY: Final = "ml:webhooks:of:{owner}"
#: Set for each kind of work, for dead letters and for models: the webhooks that are to hear what happens there. While
#: there is none, nobody notes it.
HEARD_KEY: Final = "ml:webhooks:heard:{what}"
HEARD_OF_MODELS: Final = "models"
HEARD_OF_DEAD: Final = "dead"
#: Stream: what happened that webhooks may be to hear of, and which webhooks changed; who delivers takes it out.
TOLD_KEY: Final = "ml:webhooks:told"
#: String with a life: who delivers now. Counter: how often that became another.
DELIVERER_KEY: Final = "ml:webhooks:deliverer"
DELIVERER_FENCE_KEY: Final = "ml:webhooks:fence"
#: Hash for each webhook: its deliveries (JSON), by message; sorted sets of them: those that are to be tried, by when;
#: all of them, by when they were made; those that are over, by when.
DELIVERIES_KEY: Final = "ml:webhooks:deliveries:{webhook}"
DUE_KEY: Final = "ml:webhooks:due:{webhook}"
MADE_KEY: Final = "ml:webhooks:made:{webhook}"
OVER_KEY: Final = "ml:webhooks:over:{webhook}"
#: All keys that a webhook has of its own.
KEYS_OF_WEBHOOK: Final = (DELIVERIES_KEY, DUE_KEY, MADE_KEY, OVER_KEY)
#: Where kombu notes the messages of direct calls that a fleet's workers have: a hash, its index by time, and a lock.
UNACKED_KEY: Final = "unacked:{fleet}"
UNACKED_INDEX_KEY: Final = "unacked:{fleet}:index"
UNACKED_MUTEX_KEY: Final = "unacked:{fleet}:mutex"
#: List with a life, for each process of a worker that takes messages: it shall ask for them anew.
WAKE_KEY: Final = "ml:wake:{holder}"
#: List with a life: as many of the processes that rest shall ask for work again. It begins as the one before does.
RESTING_KEY: Final = WAKE_KEY.format(holder="resting")
#: String with a life: which process is given an estimate as it is accepted, if there is no other; lease (seconds),
#: holder, and the list of its own, a line each. It begins as the two before do. What it is given in another form needs
#: another name here: while a service is updated its parts are of two releases.
ASSIGNEE_KEY: Final = WAKE_KEY.format(holder="assignee")
#: String with a life: a task that is called directly was delivered again so often.
REDELIVERED_KEY: Final = "ml:redelivered:{task}"
