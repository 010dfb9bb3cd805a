"""What a model and the form of a version may be called, and where Redis has names."""

from __future__ import annotations

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE, Form
from tasks.errors import InvalidField
from tasks.redis_keys import KEYS_OF_MODEL, MODELS_KEY, NAMES_KEY, TAGGED_KEY


def check_name(model: str) -> str:
    """The name, if a model may be called that. Raises InvalidField."""
    if MODEL_NAME.fullmatch(model) is None:
        raise InvalidField(f"the model name {model[:80]!r} is not allowed: use {MODEL_NAME_RULE}").at("?model")
    return model


def keys_of(model: str) -> list[str]:
    """The keys of a model and of all models, as the scripts of the registry take them."""
    return [*(key.format(model=model) for key in KEYS_OF_MODEL), MODELS_KEY, NAMES_KEY, TAGGED_KEY]


def form_of(text: str) -> Form:
    """The form of this name. Raises InvalidField."""
    try:
        return Form(text)
    except ValueError:
        raise InvalidField(f"format must be {' or '.join(Form)}, not {text[:40]!r}").at("?format") from None
