"""Texts as numbers: lengths, scores and hashed words, the same in every process, however many rows come together."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import HashingVectorizer

from tasks.estimators.features import hashing, texts
from tasks.estimators.features.texts import Floats, Texts

WORDS = ("good", "great", "fine", "bad", "awful", "poor", "film", "movie", "actor", "plot", "scene", "long")


def column(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


def reviews(count: int) -> pa.ChunkedArray:
    rng = np.random.default_rng(0)
    return column(*(" ".join(rng.choice(WORDS, 8)) for _ in range(count)))


def worth(values: pa.ChunkedArray) -> Floats:
    """What texts are worth: "great" is good, "awful" is bad."""
    return np.array([[("great" in text) - 2.0 * ("awful" in text)] for text in values.to_pylist()])


def fitted(values: pa.ChunkedArray) -> Texts:
    return Texts.fit(values, worth(values))[0]


def test_a_row_does_not_depend_on_the_others() -> None:
    seen = reviews(hashing.CHUNK + 10)
    how = fitted(seen)
    dense, buckets = how.encode(seen)
    for row in (0, hashing.CHUNK - 1, hashing.CHUNK + 3):
        alone = how.encode(seen.slice(row, 1))
        np.testing.assert_array_equal(dense[row], alone[0][0])
        np.testing.assert_array_equal(buckets[row].toarray(), alone[1].toarray())


def test_pieces_are_those_of_the_texts_themselves() -> None:
    texts = ["Ein  gutes Buch, ein GUTES!", "", "a\tb", "\u00fcber \u00fcber alles ab", *reviews(50).to_pylist()]
    direct = HashingVectorizer(
        n_features=hashing.BUCKETS, norm=None, alternate_sign=False, analyzer="char_wb", ngram_range=(3, 5)
    )
    (found,) = hashing.counted(column(*texts))
    assert not (found[:, hashing.BUCKETS :] != direct.transform(texts)).nnz


def test_new_texts_differ_by_the_words_that_training_had() -> None:
    dense, buckets = fitted(reviews(400)).encode(column("a great story", "an awful story", "entirely unheard of"))
    scores = dense[:, -1]
    assert scores[0] > scores[2] > scores[1]
    assert (buckets[0] != buckets[1]).nnz
    assert not buckets[2].nnz


def test_scores_of_training_are_out_of_fold() -> None:
    """Of texts that say nothing of the target, a model's scores of those that it has seen are like it all the same."""
    seen = reviews(300)
    noise = np.random.default_rng(7).normal(size=(300, 1))
    how, (known, _) = Texts.fit(seen, noise)
    assert abs(np.corrcoef(known[:, -1], noise[:, 0])[0, 1]) < 0.3
    assert np.corrcoef(how.encode(seen)[0][:, -1], noise[:, 0])[0, 1] > 0.4
    twice, again = (pa.chunked_array([*seen.chunks, *seen.chunks]), np.vstack([noise, noise]))
    known = Texts.fit(twice, again)[1][0]
    # Equal texts are in one fold: none is told the target of the other.
    assert abs(np.corrcoef(known[:, -1], again[:, 0])[0, 1]) < 0.3


def test_scores_go_by_the_rows_that_weigh() -> None:
    """Half of the rows say the contrary of the others; those that weigh more are believed."""
    seen = reviews(400)
    said = worth(seen) * np.where(np.arange(400) % 2, 1, -1)[:, None]
    for odd, even in ((9.0, 1.0), (1.0, 9.0), (1.0, 0.0)):
        how, (known, _) = Texts.fit(seen, said, np.where(np.arange(400) % 2, odd, even))
        for dense in (how.encode(seen)[0], known):
            sign = np.sign(np.corrcoef(dense[:, -1], worth(seen)[:, 0])[0, 1])
            assert sign == (1 if odd > even else -1)
    assert not Texts.fit(seen, said, np.zeros(400))[0].bases


def test_no_text_has_no_length_and_no_word() -> None:
    dense, buckets = fitted(reviews(100)).encode(column(None, "", "a good film"))
    np.testing.assert_array_equal(dense[:, 0], [np.nan, 0, 11])
    np.testing.assert_array_equal(dense[:, 1], [np.nan, 0, 3])
    assert np.isfinite(dense[:, 2]).all()
    assert not buckets[:2].nnz
    assert buckets[2].nnz


def test_the_width_is_bounded_and_the_rare_are_left_out() -> None:
    many = column(*(f"word{row % 900} common" for row in range(3000)), "once only")
    how = fitted(many)
    assert len(how.parts) == texts.SHOWN + len(texts.ALWAYS) + 1
    assert fitted(column("some words", "other terms")).parts == list(texts.ALWAYS)


def test_more_texts_than_are_looked_at() -> None:
    seen = reviews(400)
    how, (known, buckets) = Texts.fit(seen, worth(seen), most_characters=4000)
    dense, same = how.encode(seen)
    by_others = known[:, -1] != dense[:, -1]
    assert 50 < by_others.sum() < 150
    assert not (buckets != same).nnz
    np.testing.assert_array_equal(known[:, :-1], dense[:, :-1])
    assert np.corrcoef(dense[~by_others, -1], worth(seen)[~by_others, 0])[0, 1] > 0.7


def test_it_survives_json_and_is_the_same_each_time() -> None:
    how = fitted(reviews(100))
    assert msgspec.json.decode(msgspec.json.encode(how), type=Texts) == how == fitted(reviews(100))
