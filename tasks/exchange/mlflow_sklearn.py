"""Models of scikit-learn that MLflow stored with skops."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from tasks.errors import InvalidField, ServiceError
from tasks.exchange.brought import Brought
from tasks.exchange.samples import sample
from tasks.tables.columns import Column, ColumnType, Schema

#: What a signature's types are here. Text is never missing: what is made of a missing text only the model knows, and no
#: row says it in a way that all of them read alike.
_TYPES: Final[Mapping[str, ColumnType]] = {
    **dict.fromkeys(("double", "float", "long", "integer"), "number"),
    "boolean": "boolean",
    "string": "text",
}
#: How many made up rows it has to answer as it did.
_ROWS: Final = 64


def of_scikit_learn(
    data: bytes,
    inputs: Sequence[Mapping[str, Any]],
    *,
    target: str,
    told: dict[str, str],
    made_by: str,
    trusted: Collection[str],
) -> Brought:
    """The model in what skops wrote. `inputs`: the columns of the signature; `made_by`: the version of scikit-learn.
    Raises InvalidField for one that is not taken."""
    # Imported when it is needed: it takes seconds.
    from tasks.estimators.scikit_learn import storing
    from tasks.estimators.scikit_learn.adopting import adopt
    from tasks.estimators.scikit_learn.allowed import full_names

    columns = _columns(inputs)
    rows = sample(Schema(columns, target=target, problem="regression"), _ROWS)
    more = full_names(tuple(trusted))
    try:
        pipeline = storing.load_pipeline(data, more, made_by={"scikit-learn": made_by} if made_by else {})
        model = adopt(pipeline, columns, target, sample=rows)
        artefact = storing.dump(model, more)
    except ServiceError as error:
        raise InvalidField(str(error)) from error
    except Exception as error:
        # It is a stranger's: whatever it raises is its own.
        raise InvalidField(
            f"the model does not answer rows of its signature: {type(error).__name__}: {error}"[:500]
        ) from error
    made = {**told, "scikit-learn": made_by} if made_by else told
    return Brought(kind="mlflow", estimator="sklearn", schema=model.schema, artefact=artefact, told=made)


def _columns(inputs: Sequence[Mapping[str, Any]]) -> list[Column]:
    if not inputs:
        raise InvalidField(
            "a model of scikit-learn needs a signature with names of columns: save it with"
            " signature=infer_signature(table, ...), where the table is a data frame"
        )
    columns = []
    for column in inputs:
        name, kind = str(column["name"]), _TYPES.get(str(column.get("type")))
        if kind is None:
            raise InvalidField(f"column {name!r} is {column.get('type')} in the signature, which is not taken here")
        columns.append(Column(name, kind, nullable=kind == "number" and not column.get("required", True)))
    return columns
