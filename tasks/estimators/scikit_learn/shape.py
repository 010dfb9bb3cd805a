"""The params of a train in words, for forms and pages; those of the steps are too many to be listed."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from tasks.estimators.fields import schema_of

Step = str | dict[str, Any] | list[Any] | None


class Params(msgspec.Struct):
    """Params of the steps are given beside these, as step__name; of an estimator that is alone also as name."""

    estimator: Annotated[
        Step,
        msgspec.Meta(
            description='the dotted path of a class, such as "sklearn.linear_model.LogisticRegression"; {"class": path,'
            " param: value}; or a list of these, which is a pipeline; a linear model if it is left out"
        ),
    ] = None
    numbers: Annotated[
        Step, msgspec.Meta(description='what prepares numbers and booleans; "drop" and "passthrough" are taken, too')
    ] = None
    categories: Annotated[Step, msgspec.Meta(description='what makes numbers of categories; "drop" is taken, too')] = (
        None
    )
    text: Annotated[
        Step, msgspec.Meta(description='what makes numbers of each column of text; "drop" is taken, too')
    ] = None


#: The names of these.
FIELDS: Final = Params.__struct_fields__


def params_schema() -> dict[str, Any]:
    """Their JSON schema."""
    return schema_of(Params, others=True)
