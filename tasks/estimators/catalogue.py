"""The estimators that this process knows, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any, Final

from tasks.errors import InvalidField, ServiceError, SettingsError
from tasks.estimators.base import Estimator
from tasks.estimators.fast_code import FastCodeMaker
from tasks.estimators.features.wrapping import with_features
from tasks.estimators.fields import check_class
from tasks.estimators.offered import offered
from tasks.estimators.typed import typed
from tasks.tables.checks import listed

#: Said of a class of scikit-learn's that is named as if it were an estimator of this service.
_OF_SCIKIT_LEARN: Final = (
    "classes of scikit-learn are named in the params of the estimator 'sklearn', as"
    ' {"estimator": "sklearn.linear_model.Ridge"}'
)


class Catalogue:
    """Estimators from entry points and from the settings (`extra`: name to `package.module:Class`), which win.

    Each is imported when it is first asked for, made with `threads`, and told how much memory a fit may use (bytes; 0:
    any), which classes the operator trusts, and what makes fast code of models (None: nothing).
    """

    def __init__(
        self,
        extra: Mapping[str, str],
        threads: int,
        *,
        memory_bytes: int = 0,
        trusted_classes: Collection[str] = (),
        fast_code: FastCodeMaker | None = None,
    ) -> None:
        self._extra = extra
        self._threads = threads
        self._memory_bytes = memory_bytes
        self._trusted_classes = trusted_classes
        self._fast_code = fast_code
        self._made: dict[str, Estimator[Any]] = {}

    def get(self, name: str) -> Estimator[Any]:
        """The estimator. Raises InvalidField, which lists the names there are; SettingsError if it cannot be made."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._paths())

    def path(self, name: str) -> str:
        """From where the estimator of that name is imported (`package.module:Class`). Raises KeyError."""
        return self._paths()[name]

    def _paths(self) -> dict[str, str]:
        return offered() | dict(self._extra)

    def _make(self, name: str) -> Estimator[Any]:
        paths = self._paths()
        if name not in paths:
            raise InvalidField(f"there is no estimator {name!r}; known are {listed(sorted(paths))}").at("?estimator")
        module, _, attribute = paths[name].partition(":")
        try:
            cls = getattr(import_module(module), attribute)
        except Exception as error:
            raise SettingsError(
                f"estimator {name!r} cannot be imported from {paths[name]!r}: {_first_line(error)}"
            ) from error
        if not (isinstance(cls, type) and issubclass(cls, Estimator)):
            hint = f"; {_OF_SCIKIT_LEARN}" if module.partition(".")[0] == "sklearn" else ""
            raise SettingsError(
                f"estimator {name!r}: {paths[name]!r} is no class derived from tasks.estimators.base.Estimator{hint}"
            )
        return with_features(typed(self._made_of(cls, name)))

    def _made_of(self, cls: type[Estimator[Any]], name: str) -> Estimator[Any]:
        try:
            if cls.Params is not None:
                check_class(cls.Params, "params")
            if cls.Options is not None:
                check_class(cls.Options, "options")
            made = cls(threads=self._threads)
        except Exception as error:
            raise SettingsError(f"estimator {name!r} cannot be made: {_first_line(error)}") from error
        # No arguments: estimators that others have written take none.
        made.memory_bytes, made.trusted_classes = self._memory_bytes, self._trusted_classes
        made.fast_code = self._fast_code
        return made


def _first_line(error: Exception) -> str:
    said = str(error).strip().splitlines() or [""]
    return said[0] if isinstance(error, ServiceError | ImportError) else f"{type(error).__name__}: {said[0]}"
