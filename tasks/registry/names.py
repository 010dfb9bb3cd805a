"""What a model may be called."""

from __future__ import annotations

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import InvalidField


def check_name(model: str) -> str:
    """The name, if a model may be called that. Raises InvalidField."""
    if MODEL_NAME.fullmatch(model) is None:
        raise InvalidField(f"the model name {model[:80]!r} is not allowed: use {MODEL_NAME_RULE}").at("?model")
    return model
