"""The word counter: what it counts, of few texts and many, and of texts without a word."""

import numpy as np
import pytest

from xfer_core.tasks import baselines


def features(texts: list[str]) -> set[str]:
    return set(baselines.word_counts(texts).vocabulary_)


def test_words_pairs_and_characters_of_scripts_without_spaces() -> None:
    assert features(["A fine day"]) == {"fine", "day", "fine day"}
    assert features(["好看"]) == {"好", "看", "好 看"}


def test_words_of_a_single_text_are_left_out_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["good film", "good book", "good"]
    assert "film" in features(texts)
    monkeypatch.setattr(baselines, "RARE_WORDS_UP_TO", 2)
    assert features(texts) == {"good"}


def test_texts_without_a_word_are_read_by_their_signs() -> None:
    texts, labels = [":)", ":(", ": )", "=("] * 5, np.array([1, 0, 1, 0] * 5)
    counter = baselines.word_counts(texts)
    reader = baselines.regression(10.0).fit(counter.transform(texts), labels)
    assert (reader.predict(counter.transform(texts)) == labels).all()
