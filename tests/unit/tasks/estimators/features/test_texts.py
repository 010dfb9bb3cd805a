"""Texts as numbers: lengths and hashed words, the same in every process, however many rows come together."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from tasks.estimators.features import texts
from tasks.estimators.features.texts import Texts

WORDS = ("good", "great", "fine", "bad", "awful", "poor", "film", "movie", "actor", "plot", "scene", "long")


def column(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


def reviews(count: int) -> pa.ChunkedArray:
    rng = np.random.default_rng(0)
    return column(*(" ".join(rng.choice(WORDS, 8)) for _ in range(count)))


def test_a_row_does_not_depend_on_the_others() -> None:
    seen = reviews(texts.CHUNK + 10)
    how = Texts.fit(seen)
    assert len(how.kept) >= len(WORDS)
    together = how.encode(seen).toarray()
    alone = [how.encode(seen.slice(row, 1)).toarray()[0] for row in (0, texts.CHUNK - 1, texts.CHUNK + 3)]
    np.testing.assert_array_equal(together[[0, texts.CHUNK - 1, texts.CHUNK + 3]], alone)


def test_new_texts_differ_by_the_words_that_training_had() -> None:
    how = Texts.fit(reviews(200))
    good, bad, new = how.encode(column("a good film", "a bad film", "entirely unheard of")).toarray()
    assert (good != bad).any()
    assert not new.any()


def test_no_text_has_no_length_and_no_word() -> None:
    how = Texts.fit(reviews(50))
    length, words = how.lengths(column(None, "", "a good film"))
    np.testing.assert_array_equal(length, [np.nan, 0, 11])
    np.testing.assert_array_equal(words, [np.nan, 0, 3])
    assert not how.encode(column(None, "")).toarray().any()


def test_the_width_is_bounded_and_the_rare_are_left_out() -> None:
    many = column(*(f"word{row % 900} common" for row in range(3000)), "once only")
    how = Texts.fit(many)
    assert len(how.parts) == texts.WIDTH + len(texts.ALWAYS)
    assert not Texts.fit(column("some words", "other terms")).kept


def test_it_survives_json_and_is_the_same_each_time() -> None:
    how = Texts.fit(reviews(100))
    assert msgspec.json.decode(msgspec.json.encode(how), type=Texts) == how == Texts.fit(reviews(100))
