"""Accepted work: how much, how often it is tried, by how many processes, with what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasks.config.setting import Area, setting
from tasks.config.sources_file import DataSource, read_sources
from tasks.config.values import PREFIX, check_worker_name, parse_pairs
from tasks.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class WorkSettings(Area):
    """Queues and workers."""

    visibility_timeout_seconds: int = setting(
        8, doc="Work whose worker has not renewed its lease for so long is given to another one."
    )
    max_queued_items: int = setting(
        1_000_000,
        doc="So many unfinished items in a lane of a queue, and no more are accepted; 0: no bound.",
        zero=True,
    )
    max_queue_age_seconds: int = setting(
        0,
        doc="While the first item that waits in a lane has waited longer, no more are accepted there; 0: no bound.",
        zero=True,
    )
    max_memory_part: float = setting(0.9, doc="While Redis uses a greater part of its maxmemory, nothing is accepted.")
    max_deliveries: int = setting(5, doc="Work that ended its worker so often is failed as poison.")
    max_retries: int = setting(
        5, doc="How often work is tried again after an error that passes (Redis, disk).", zero=True
    )
    retry_seconds: float = setting(1.0, doc="Wait before the first retry; it doubles each time, up to 60 s.")
    running_per_account: int = setting(
        1,
        doc="So many inits, and so many trains, of one account run; more only while no other that has fewer waits for"
        " one; 0: first come, first served.",
        zero=True,
    )
    estimate_processes: int = setting(0, doc="Processes of the estimate worker; 0: one a core.", zero=True)
    train_processes: int = setting(
        0, doc="Most trains at a time in a train worker, and most inits; 0: one a core, at least two.", zero=True
    )
    worker_name: str = setting(
        "", doc="What the workers started here are called, as FLEET@NAME; empty: the name of the host."
    )
    train_threads: int = setting(0, doc="Threads of one train, and of one large estimate; 0: one a core.", zero=True)
    estimate_niceness: int = setting(
        5, doc="Niceness of the processes that estimate, so that what comes is accepted while they work.", zero=True
    )
    train_niceness: int = setting(
        10, doc="Niceness of train workers, so that estimates are answered while a train runs.", zero=True
    )
    dask_scheduler: str = setting(
        "",
        doc="The scheduler of a Dask cluster, such as `tcp://HOST:8786`, over which trains that ask for it are"
        " distributed; empty: none.",
    )
    init_time_limit_seconds: int = setting(600, doc="Soft time limit of an init.")
    train_time_limit_seconds: int = setting(3600, doc="Soft time limit of a train.")
    estimate_time_limit_seconds: int = setting(120, doc="Soft time limit of a group of estimates.")
    time_limit_grace_seconds: int = setting(
        5, doc="How long after its soft time limit work that went on is killed, with its process."
    )
    worker_memory_bytes: int = setting(
        0,
        doc="Memory that one process of a worker may have; 0: of what the machine or container has, three eighths for"
        " init and train and a quarter for estimates, a half of it to one process, and 512 MiB at least.",
        zero=True,
    )
    max_decoded_bytes: int = setting(
        0,
        doc="Memory that a body may take when it is unpacked and decoded; 0: half of MLSERVICE_WORKER_MEMORY_BYTES, of"
        " which the code leaves 85 % less 160 MiB at most.",
        zero=True,
    )
    max_rows: int = setting(
        0, doc="Most rows of a body; 0: one for each 8 bytes of MLSERVICE_MAX_DECODED_BYTES.", zero=True
    )
    max_columns: int = setting(
        0, doc="Most columns of a body; 0: one for each 32 KiB of MLSERVICE_MAX_DECODED_BYTES.", zero=True
    )
    model_cache_size: int = setting(1000, doc="Model versions that one estimate process keeps in memory, at most.")
    model_cache_bytes: int = setting(
        256 * 2**20,
        doc="Memory for the model versions that one estimate process keeps, counted as they are stored; never more than"
        " a quarter of MLSERVICE_WORKER_MEMORY_BYTES. The one in use is kept, however large it is.",
    )
    code_folder: str = setting(
        "",
        doc="A folder of this host and user alone for the machine code that predicts large estimates where the extra"
        " `fast` is installed; `mlservice up` takes code/ of its home; empty: none is made.",
    )
    estimators: str = setting("", doc="Further estimators: name=package.module:Class, separated by commas.")
    trusted_classes: str = setting(
        "",
        doc="Classes that models of the estimator sklearn may be made of, beside scikit-learn's: dotted paths,"
        " separated by commas. They run in the workers.",
    )
    sources: str = setting(
        "",
        doc="Data that init may read by name: NAME=URL, separated by commas; file:// or fsspec URLs of a file, or of a"
        " folder of files that are one table. Databases, and what needs a password: MLSERVICE_SOURCES_FILE.",
        secret=True,
    )
    sources_file: str = setting(
        "",
        doc="The file of further sources: databases, files, and what is needed to enter there; `mlservice up` takes"
        " secrets/sources.toml of its home. It is read anew at each use.",
    )

    @property
    def source_urls(self) -> dict[str, str]:
        """What `sources` says, by name. Raises SettingsError."""
        return parse_pairs(f"{PREFIX}SOURCES", self.sources)

    @property
    def data_sources(self) -> dict[str, DataSource]:
        """The data that init may read, by name, as the file says now. Raises SettingsError."""
        named = {name: DataSource(url=url) for name, url in self.source_urls.items()}
        filed = read_sources(Path(self.sources_file)) if self.sources_file else {}
        if twice := sorted(named.keys() & filed.keys()):
            raise SettingsError(f"{self.sources_file}, [{twice[0]}] is in {PREFIX}SOURCES too: remove one of the two")
        return named | filed

    @property
    def estimator_paths(self) -> dict[str, str]:
        """Dotted paths of further estimators, by name. Raises SettingsError."""
        return parse_pairs(f"{PREFIX}ESTIMATORS", self.estimators)

    @property
    def trusted_class_paths(self) -> tuple[str, ...]:
        """Dotted paths of the classes that the operator trusts. Raises SettingsError."""
        paths = tuple(path.strip() for path in self.trusted_classes.split(",") if path.strip())
        for path in paths:
            if "." not in path or not all(part.isidentifier() for part in path.split(".")):
                raise SettingsError(f"{PREFIX}TRUSTED_CLASSES: {path!r} is no dotted path such as package.module.Class")
        return paths

    @property
    def grace_seconds(self) -> int:
        """How long what nothing refers to is left alone, because work in progress may yet refer to it."""
        limits = (self.init_time_limit_seconds, self.train_time_limit_seconds, self.estimate_time_limit_seconds)
        return max(limits) + 3600

    def check(self) -> None:
        """Raise SettingsError for a name of workers that cannot be one, and for lists that cannot be read."""
        check_worker_name(f"{PREFIX}WORKER_NAME", self.worker_name)
        _ = self.estimator_paths, self.source_urls, self.trusted_class_paths
