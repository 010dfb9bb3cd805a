"""The booster in a model of LightGBM's scikit-learn interface that skops has stored: looked up, nothing is loaded.

Source: the format of skops (skops/io/_protocol.py, 0.9 and later): a zip with `schema.json`, a tree of nodes with
`__class__` and `content`, whose arrays are files of numpy's.
"""

from __future__ import annotations

import io
import json
from typing import Any, Final

import numpy as np

from tasks.errors import InvalidField
from tasks.exchange.archives import unzip

#: The file with the tree.
_TREE: Final = "schema.json"
_CLASSIFIER: Final = "LGBMClassifier"


def read_booster(data: bytes, *, most_bytes: int) -> tuple[str, list[Any]]:
    """(LightGBM's own text, the classes in the order of their codes if it is a classifier). Raises InvalidField where
    there is none, MalformedBody and BodyTooLarge for a zip that is not read."""
    files = unzip(data, most_bytes=most_bytes)
    try:
        tree = json.loads(files[_TREE])
        fields = tree["content"]["content"]
        text = json.loads(fields["_Booster"]["content"]["content"]["_handle"]["content"])
        classes = _array(files, fields["_classes"]) if tree["__class__"] == _CLASSIFIER else []
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidField(
            "there is no fitted model of LightGBM where skops would have stored it; save its `booster_` in place of it"
        ) from error
    if not isinstance(text, str):
        raise InvalidField("the model that skops stored has no booster in LightGBM's text format")
    return text, classes


def _array(files: dict[str, bytes], node: dict[str, Any]) -> list[Any]:
    found: list[Any] = np.load(io.BytesIO(files[node["file"]]), allow_pickle=False).tolist()
    return found
