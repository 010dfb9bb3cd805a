"""What `/metrics` shows of the models: which version answers, and how good it is."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import redis

from tasks.redis_keys import MODEL_KEY, VERSIONS_KEY

#: Most models that are shown, the first by name, and most metrics of each: they are series of their own.
MODELS_SHOWN: Final = 100
METRICS_SHOWN: Final = 10


class _Version(msgspec.Struct, frozen=True):
    """The part of a version's record that is shown."""

    metrics: dict[str, float] = {}
    created_at: float = 0.0


class ModelMeasure(msgspec.Struct, frozen=True):
    """One model."""

    #: Number of the version that answers; 0 before the first.
    current: int
    #: How many versions are kept.
    versions: int
    #: The current version's metrics on the holdout, and when it was trained (seconds since the epoch).
    metrics: dict[str, float] = {}
    trained_at: float = 0.0


_read_version = msgspec.json.Decoder(_Version).decode
#: Model, version and its identity: in a Redis that lost what it knew another version may get the number.
_Key = tuple[str, int, bytes]


class ModelGauge:
    """Reads the models. A version never changes, so its record is read once."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._known: dict[_Key, _Version] = {}

    def read(self, names: list[str]) -> dict[str, ModelMeasure]:
        """Those of these models that are shown. Raises redis.RedisError."""
        shown = sorted(names)[:MODELS_SHOWN]
        numbers = self._ask(*(("HGET", MODEL_KEY, name, "current") for name in shown))
        currents = {name: int(number or 0) for name, number in zip(shown, numbers, strict=True)}
        counts = self._ask(*(("HLEN", VERSIONS_KEY, name) for name in shown))
        versions = self._versions({name: number for name, number in currents.items() if number})
        return {
            name: ModelMeasure(
                current=currents[name],
                versions=count,
                metrics=dict(sorted(versions[name].metrics.items())[:METRICS_SHOWN]) if name in versions else {},
                trained_at=versions[name].created_at if name in versions else 0.0,
            )
            for name, count in zip(shown, counts, strict=True)
        }

    def _versions(self, currents: dict[str, int]) -> dict[str, _Version]:
        """The record of each model's current version, if it is still kept."""
        identities = self._ask(*(("HGET", MODEL_KEY, name, f"identity{number}") for name, number in currents.items()))
        numbered = zip(currents.items(), identities, strict=True)
        keys: list[_Key] = [(name, number, identity or b"") for (name, number), identity in numbered]
        new = [key for key in keys if key not in self._known]
        records = self._ask(*(("HGET", VERSIONS_KEY, name, str(number)) for name, number, _ in new))
        read = {key: _read_version(record) for key, record in zip(new, records, strict=True) if record}
        self._known = {key: version for key, version in (self._known | read).items() if key in keys}
        return {key[0]: version for key, version in self._known.items()}

    def _ask(self, *commands: tuple[str, ...]) -> list[Any]:
        """The replies to commands on keys of models: (command, key, model, further arguments)."""
        with self._redis.pipeline(transaction=False) as pipe:
            for command, key, model, *more in commands:
                pipe.execute_command(command, key.format(model=model), *more)  # type: ignore[no-untyped-call]
            return list(pipe.execute())
