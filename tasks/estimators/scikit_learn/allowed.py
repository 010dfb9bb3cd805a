"""Which classes of scikit-learn a request may name: those that learn, of modules that neither read files nor run what
they are given, and that can be stored."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from functools import cache
from inspect import isabstract
from typing import Any, Final

from tasks.errors import EstimatorFailed, InvalidParams
from tasks.estimators.scikit_learn.library import load_module

#: The modules, of whose public classes those are allowed that are estimators, transformers or kernels.
MODULES: Final = (
    "sklearn.calibration",
    "sklearn.compose",
    "sklearn.cross_decomposition",
    "sklearn.decomposition",
    "sklearn.discriminant_analysis",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.feature_selection",
    "sklearn.gaussian_process",
    "sklearn.gaussian_process.kernels",
    "sklearn.impute",
    "sklearn.isotonic",
    "sklearn.kernel_approximation",
    "sklearn.kernel_ridge",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.multiclass",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.random_projection",
    "sklearn.svm",
    "sklearn.tree",
)
#: Functions that steps choose columns by.
FUNCTIONS: Final = frozenset({
    "sklearn.feature_selection.chi2",
    "sklearn.feature_selection.f_classif",
    "sklearn.feature_selection.f_regression",
    "sklearn.feature_selection.mutual_info_classif",
    "sklearn.feature_selection.mutual_info_regression",
    "sklearn.feature_selection.r_regression",
})  # fmt: skip
#: Classes of these modules that are refused, and what to do instead.
REFUSED: Final = {
    "sklearn.compose.ColumnTransformer": "it is made for the table; give steps for numbers, categories and text",
    "sklearn.model_selection.FixedThresholdClassifier": "say at init how classes are decided (option threshold)",
    "sklearn.model_selection.TunedThresholdClassifierCV": "say at init how classes are decided (option threshold)",
    "sklearn.preprocessing.FunctionTransformer": "a function cannot be stored; write an estimator of your own",
    "sklearn.preprocessing.SplineTransformer": "it keeps functions, which cannot be stored; use KBinsDiscretizer",
    "sklearn.linear_model.SGDOneClassSVM": "it predicts no target",
    "sklearn.ensemble.IsolationForest": "it predicts no target",
    "sklearn.svm.OneClassSVM": "it predicts no target",
    "sklearn.neighbors.LocalOutlierFactor": "it predicts no target",
    "sklearn.neighbors.KernelDensity": "it predicts no target",
}
#: Params that no request gives: they reach files, or who may use how much of the machine.
FORBIDDEN: Final = {
    "memory": "it would write to the worker's disk",
    "input": "it would read the worker's files",
    "n_jobs": "the service says how many threads a fit uses (MLSERVICE_TRAIN_THREADS)",
}
#: What is on trial in scikit-learn, and is imported after this module.
_EXPERIMENTAL: Final = {"sklearn.impute.IterativeImputer": "sklearn.experimental.enable_iterative_imputer"}
#: Most names that may have been meant, and how alike they are at least (of 1).
_USUAL: Final = 3
_LIKENESS: Final = 0.6
_LIKENESS_OF_CLASSES: Final = 0.8


def find(path: str, more: Collection[str], *, at: str) -> Any:
    """The class, or the function of `FUNCTIONS`, at a dotted path; `more`: classes that the operator allows as well.

    Raises InvalidParams at the pointer `at`, with what may have been meant.
    """
    if path in REFUSED:
        raise InvalidParams(f"{path} cannot be used here: {REFUSED[path]}").at(at)
    module, _, name = path.rpartition(".")
    if path in more or path in FUNCTIONS:
        return _attribute(path)
    found = _attribute(path) if module in MODULES and name in _public(module) else None
    if found is None or not _learns(found):
        raise InvalidParams(f"{path!r} is not among the classes that may be used{_hint(path)}").at(at)
    return found


@cache
def full_names(paths: tuple[str, ...]) -> frozenset[str]:
    """The dotted paths that an operator gave, and where each class is written: skops names it so. Raises
    EstimatorFailed for one that cannot be imported."""
    try:
        found = [(path, _attribute(path)) for path in paths]
    except InvalidParams as error:
        raise EstimatorFailed(f"MLSERVICE_TRUSTED_CLASSES: {error}") from error
    return frozenset(name for path, cls in found for name in (path, f"{cls.__module__}.{cls.__qualname__}"))


def is_path(value: Any, more: Collection[str]) -> bool:
    """Whether a value of a request names a class or function, and is no text of its own."""
    return isinstance(value, str) and (value.startswith("sklearn.") or value in more)


def close(name: str, known: Collection[str]) -> str:
    """`; did you mean ...?` if some of what is known is like it; else what is known."""
    alike = alike_names(name, known)
    if alike:
        return f"; did you mean {' or '.join(alike)}?"
    return f"; known are {', '.join(sorted(one for one in known if '__' not in one))}"


def alike_names(name: str, known: Collection[str], *, cutoff: float = _LIKENESS) -> list[str]:
    """What is known that is like a name, whatever the case; the most alike first."""
    small: dict[str, str] = {one.lower(): one for one in known}
    return [small[one] for one in get_close_matches(name.lower(), small, n=_USUAL, cutoff=cutoff)]


def _attribute(path: str) -> Any:
    module, _, name = path.rpartition(".")
    if path in _EXPERIMENTAL:
        load_module(_EXPERIMENTAL[path])
    try:
        return getattr(load_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InvalidParams(f"{path} cannot be imported: {error}") from error


def _public(module: str) -> list[str]:
    loaded = load_module(module)
    # Of a module without a list of them: those that are written there.
    written = [name for name, one in vars(loaded).items() if getattr(one, "__module__", "") == module]
    named: list[str] = list(getattr(loaded, "__all__", written))
    return [*named, *(path.rpartition(".")[2] for path in _EXPERIMENTAL if path.startswith(f"{module}."))]


def _learns(found: Any) -> bool:
    base, kernels = load_module("sklearn.base"), load_module("sklearn.gaussian_process.kernels")
    if not isinstance(found, type) or isabstract(found) or found.__name__.startswith("_"):
        return False
    if issubclass(found, kernels.Kernel):
        return True
    return issubclass(found, base.BaseEstimator) and (hasattr(found, "fit") or hasattr(found, "_parameter_constraints"))


def _hint(path: str) -> str:
    name = path.rpartition(".")[2]
    paths = [(public, f"{module}.{public}") for module in MODULES for public in _public(module)]
    every = {public: path for public, path in paths if path not in REFUSED and public[:1].isupper()}
    alike = [every[one] for one in alike_names(name, every, cutoff=_LIKENESS_OF_CLASSES)]
    if alike:
        return f"; did you mean {' or '.join(alike)}?"
    return (
        f": those of scikit-learn's modules for learning are, such as {', '.join(MODULES[-2:])}, and what the"
        " operator adds (MLSERVICE_TRUSTED_CLASSES)"
    )
