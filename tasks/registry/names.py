"""What a model and the form of a version may be called, and where Redis has names."""

from __future__ import annotations

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE, Form
from tasks.errors import InvalidField
from tasks.redis_keys import (
    COUNTS_KEY,
    HEARD_KEY,
    HEARD_OF_MODELS,
    KEYS_OF_MODEL,
    MODELS_KEY,
    NAMES_KEY,
    TAGGED_KEY,
    TOLD_KEY,
)


def check_name(model: str) -> str:
    """The name, if a model may be called that. Raises InvalidField."""
    if MODEL_NAME.fullmatch(model) is None:
        raise InvalidField(f"the model name {model[:80]!r} is not allowed: use {MODEL_NAME_RULE}").at("?model")
    return model


def keys_of(model: str) -> list[str]:
    """The keys of a model and of all models, and where it is told what happens to them, as the scripts of the registry
    take them."""
    own = [key.format(model=model) for key in KEYS_OF_MODEL]
    return [*own, MODELS_KEY, NAMES_KEY, TAGGED_KEY, HEARD_KEY.format(what=HEARD_OF_MODELS), TOLD_KEY, COUNTS_KEY]


def form_of(text: str) -> Form:
    """The form of this name. Raises InvalidField."""
    try:
        return Form(text)
    except ValueError:
        raise InvalidField(f"format must be {' or '.join(Form)}, not {text[:40]!r}").at("?format") from None
