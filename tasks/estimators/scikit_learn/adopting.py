"""A fitted pipeline of elsewhere, as a model of this service."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.scikit_learn.frame import Frame
from tasks.estimators.scikit_learn.library import computing, load_module, warnings_logged
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.estimators.scikit_learn.predicting import predictions
from tasks.estimators.scikit_learn.sound import owners
from tasks.tables.columns import ClassType, Column, Schema

#: What the first step is called.
COLUMNS: Final = "columns"
#: What classes are, by numpy's letter for the type of them.
_CLASS_TYPES: Final[dict[str, ClassType]] = {
    "U": "string",
    "O": "string",
    "b": "boolean",
    "i": "integer",
    "u": "integer",
}


def adopt(pipeline: Any, columns: list[Column], target: str, *, sample: pa.Table) -> ScikitModel:
    """The model of what was fitted elsewhere on a table with these columns, which are numbers, booleans and text.

    It answers the rows of `sample`, a conformed table, as it did, or InvalidField is raised; also for one that predicts
    neither a number nor chances of classes.
    """
    steps = list(pipeline.steps) if hasattr(pipeline, "steps") else [("model", pipeline)]
    steps = [(name, step) for name, step in steps if step is not None and not isinstance(step, str)]
    final = steps[-1][1]
    classes, kind = _classes(final)
    schema = Schema(
        columns=columns,
        target=target,
        problem="regression" if not classes else "binary" if len(classes) == 2 else "multiclass",
        classes=classes,
        class_type=kind,
        names_classes=True,
    )
    made = _pipeline(steps, schema)
    model = ScikitModel(made, schema, {})
    with warnings_logged(), computing(1):
        known = _answers(made, Frame(sample, schema), classes=bool(classes))
        if classes:
            # Of classes the service knows the places, as of those of its own models.
            final.classes_ = np.arange(len(classes))
        _forget_names(made)
        found = predictions(model, sample)
    names = [f"probability_{index}" for index in range(len(classes))] or ["prediction"]
    if known.shape != (sample.num_rows, len(names)) or not np.array_equal(
        known, np.column_stack([found.column(name).to_numpy() for name in names])
    ):
        raise InvalidField("the model answers otherwise here than it did; nothing is changed")
    return model


def _classes(final: Any) -> tuple[list[Any], ClassType]:
    if not load_module("sklearn.base").is_classifier(final):
        if not hasattr(final, "predict"):
            raise InvalidField(f"the model ends with {type(final).__name__}, which predicts nothing")
        return [], "none"
    if not hasattr(final, "predict_proba"):
        raise InvalidField(
            f"{type(final).__name__} tells no chances of classes (it has no predict_proba): wrap it in"
            " CalibratedClassifierCV, or use a classifier that does"
        )
    found = np.asarray(final.classes_)
    kind = _CLASS_TYPES.get(found.dtype.kind)
    classes = found.tolist()
    if kind is None or (kind == "string" and not all(isinstance(value, str) for value in classes)):
        raise InvalidField("the classes of the model must be texts, whole numbers or booleans")
    if len(classes) < 2:
        raise InvalidField("the model knows one class alone")
    return classes, kind


def _pipeline(steps: list[tuple[str, Any]], schema: Schema) -> Any:
    """The steps behind one that takes a `Frame`."""
    compose, sklearn = load_module("sklearn.compose"), load_module("sklearn.pipeline")
    name, first = steps[0]
    if isinstance(first, compose.ColumnTransformer):
        first.transformers_ = _by_place(first.transformers_, schema.names)
        steps = [(COLUMNS, first), *steps[1:]]
    elif [column.type for column in schema.columns] == ["text"] and len(steps) > 1:
        # A vectorizer takes one column, and not a table of one.
        steps = [(COLUMNS, _of_columns([(name, first, 0)], schema)), *steps[1:]]
    else:
        everything = list(range(len(schema.columns)))
        steps = [(COLUMNS, _of_columns([(name, "passthrough", everything)], schema)), *steps]
    return sklearn.Pipeline(steps)


def _by_place(parts: list[tuple[str, Any, Any]], names: list[str]) -> list[tuple[str, Any, Any]]:
    """The parts of a ColumnTransformer, which name columns by their places. Raises InvalidField for unknown ones."""
    places = {name: place for place, name in enumerate(names)}

    def place(column: Any) -> Any:
        if isinstance(column, str) and column not in places:
            raise InvalidField(f"the model asks for a column {column!r}, which its signature does not have")
        return places[column] if isinstance(column, str) else column

    return [
        (
            name,
            part,
            place(at) if isinstance(at, str) else list(map(place, at)) if isinstance(at, list | np.ndarray) else at,
        )
        for name, part, at in parts
    ]


def _of_columns(parts: list[tuple[str, Any, Any]], schema: Schema) -> Any:
    """A fitted ColumnTransformer of fitted parts."""
    compose, frozen = load_module("sklearn.compose"), load_module("sklearn.frozen")
    held = [(name, part if isinstance(part, str) else frozen.FrozenEstimator(part), at) for name, part, at in parts]
    made = compose.ColumnTransformer(held, sparse_threshold=1.0)
    values = {column.name: pa.array(["a"] if column.type == "text" else [0.0]) for column in schema.columns}
    plain = msgspec.structs.replace(
        schema, columns=[Column(one.name, one.type if one.type == "text" else "number") for one in schema.columns]
    )
    made.fit(Frame(pa.table(values), plain))
    made.transformers = parts
    made.transformers_ = [(name, getattr(part, "estimator", part), at) for name, part, at in made.transformers_]
    return made


def _answers(pipeline: Any, frame: Frame, *, classes: bool) -> Any:
    found = np.asarray(pipeline.predict_proba(frame) if classes else pipeline.predict(frame), dtype=np.float64)
    return found if found.ndim == 2 else found[:, None]


def _forget_names(pipeline: Any) -> None:
    """Columns come by their places; who knows names would warn with each row that they are not there."""
    for owner in owners(pipeline):
        vars(owner).pop("feature_names_in_", None)
