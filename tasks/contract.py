"""The names that cross a process border: tasks, queues, lanes, states, media types. Redis keys are in `redis_keys.py`.

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
#: What `unknown` and `missing` say where an estimate is not to be forgiving.
REFUSE: Final = "refuse"
#: What `unknown` may say of columns that a model does not know, and `missing` of values that its training never missed;
#: the first is what holds if nothing is said.
UNKNOWN_WAYS: Final = ("ignore", REFUSE)
MISSING_WAYS: Final = ("fill", REFUSE)


class Noted(StrEnum):
    """What is counted of the values of an estimate, in its notes and over all estimates of a model."""

    #: Missing where training missed none: the typical value stands for it.
    FILLED = "filled"
    #: A category that training did not know.
    UNSEEN = "unseen_category"
    #: A number that is less or larger than all of training's.
    BEYOND = "beyond_training"


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
    #: Apache Arrow IPC stream (the file format, which is also Feather's, is read too).
    ARROW = "application/vnd.apache.arrow.stream"
    #: A JSON object a line; a body only.
    NDJSON = "application/x-ndjson"
    #: Apache ORC; a body only.
    ORC = "application/vnd.apache.orc"
    #: A workbook of Excel 2007 and later; a body only.
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    #: A form with one file in it; a body only.
    FORM = "multipart/form-data"
    #: Anything, also what is not said: a worker looks at the bytes. A body only.
    BYTES = "application/octet-stream"
    #: An inference request of the Open Inference Protocol; a body only, of its route.
    INFERENCE = "application/vnd.mlservice.inference+json"
    #: JSON in the forms of MLflow's scoring protocol; a body only, of its routes.
    INVOCATION = "application/vnd.mlservice.invocation+json"


#: The media types of other protocols' bodies: the route says them, never a Content-Type.
PROTOCOL_MEDIA: Final = frozenset({Media.INFERENCE, Media.INVOCATION})


class Form(StrEnum):
    """The forms in which a version may be taken along."""

    #: The model as its library writes it, with all that is known of the version.
    ZIP = "zip"
    #: The model alone, for runtimes of ONNX.
    ONNX = "onnx"


#: The media type of each form.
FORM_MEDIA: Final = {Form.ZIP: "application/zip", Form.ONNX: "application/octet-stream"}
#: Whose workers make each: to convert and compare takes memory that those who estimate should not hold.
FORM_KINDS: Final = {Form.ZIP: Kind.ESTIMATE, Form.ONNX: Kind.TRAIN}
#: The query parameter of work that makes a form of a version.
EXPORT: Final = "export"
#: The query parameter of work that brings a model in: what it is called where it comes from.
IMPORT: Final = "import"

#: What else a client may call a media type.
MEDIA_ALIASES: Final = {
    "application/csv": Media.CSV,
    "application/parquet": Media.PARQUET,
    "application/x-parquet": Media.PARQUET,
    "application/vnd.apache.arrow.file": Media.ARROW,
    "application/vnd.apache.feather": Media.ARROW,
    "application/x-orc": Media.ORC,
    "text/tab-separated-values": Media.CSV,
    "application/ndjson": Media.NDJSON,
    "application/jsonl": Media.NDJSON,
    "application/jsonlines": Media.NDJSON,
    "application/x-jsonlines": Media.NDJSON,
}


class Coding(StrEnum):
    """How a body may be compressed (Content-Encoding)."""

    #: RFC 1952.
    GZIP = "gzip"
    #: RFC 8878.
    ZSTD = "zstd"
    #: RFC 1950: HTTP's word for what zlib writes.
    DEFLATE = "deflate"


#: The codings of bodies, but for those of other protocols.
BODY_CODINGS: Final = (Coding.GZIP, Coding.ZSTD)
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

#: The header of a Celery message that carries a group of the ledger.
LEDGER_HEADER: Final = "ledger"
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
#: What a version may be called beside its number: no number, so that the two are not mistaken.
ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
#: Said when an alias is refused.
ALIAS_RULE: Final = (
    "1 to 63 ASCII letters, digits, '-', '_' and '.', of which the first is a letter; 'current' is the service's own"
)
#: What the version is called that answers if none is named.
CURRENT: Final = "current"
#: The estimator used when none is named.
DEFAULT_ESTIMATOR: Final = "lightgbm"

#: A handle: the group's id, a hyphen, the item's index in the group.
HANDLE: Final = re.compile(r"([0-9a-f]{32})-([0-9]{1,5})")
