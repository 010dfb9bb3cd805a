"""What an estimator is, in words and JSON schemas."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from tasks.estimators.base import Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.delegating import Delegating
from tasks.estimators.fields import schema_of
from tasks.estimators.named_columns import types_of


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """One estimator, for those who choose it and fill in its params."""

    name: str
    #: The first paragraph of its docstring.
    about: str = ""
    #: JSON schemas of what a train may say in `params`, and an init in `options` beside what all know; None: untold.
    params_schema: dict[str, Any] | None = None
    options_schema: dict[str, Any] | None = None
    needs_rows: bool = True
    #: The columns that it names itself, with their types.
    columns: dict[str, str] = {}
    #: Why it cannot be used; empty if it can.
    error: str = ""


def described(name: str, estimator: Estimator[Any]) -> Description:
    """What this is."""
    inner = estimator
    while isinstance(inner, Delegating):
        inner = inner.inner
    told = inspect.cleandoc(type(inner).__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return Description(
        name=name,
        about=told,
        params_schema=inner.params_schema(),
        options_schema=schema_of(inner.Options) if inner.Options is not None else None,
        needs_rows=inner.needs_rows,
        columns={**types_of(inner.columns)},
    )


def describe(catalogue: Catalogue, name: str) -> Description:
    """The same of one that may not be importable. Raises nothing that its code raises."""
    try:
        return described(name, catalogue.get(name))
    except Exception as error:
        return Description(name=name, error=str(error))
