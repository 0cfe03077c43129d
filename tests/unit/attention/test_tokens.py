"""Tokens of each kind of vocabulary as a reader knows them, and the words they belong to."""

from __future__ import annotations

import json
from functools import cache

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from xfer_core.attention.tokens import Tokens, is_punctuation, tokens
from xfer_core.models.sources import BUNDLED, resolve

LEARNT = ["a good film and a good book, the goodness of films", "café ou thé", "我喜欢这部电影", "מצוין"] * 5
ENDS = processors.TemplateProcessing(
    single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
)


@cache
def vocabulary(kind: str) -> Tokenizer:
    """``bytes``: GPT-2's and RoBERTa's way; ``pieces``: T5's and XLM-R's; ``whole``: Llama 2's, one word."""
    special = ["<s>", "</s>", "<unk>"]
    if kind == "bytes":
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    elif kind == "pieces":
        made = Tokenizer(models.Unigram())
        made.normalizer = normalizers.NFKC()
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>")
    else:
        spelt = [f"<0x{byte:02X}>" for byte in range(256)]
        made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=[*special, *spelt])
    if kind == "whole":  # its merges are learnt within words, though it is read without them
        made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    made.train_from_iterator(LEARNT, trainer)
    if kind == "whole":
        made = Tokenizer.from_str(json.dumps(json.loads(made.to_str()) | {"pre_tokenizer": None}))
    made.post_processor = ENDS
    return made


def read(kind: str, text: str, pair: str | None = None) -> Tokens:
    made = vocabulary(kind)
    encoding = made.encode(text, pair) if pair else made.encode(text)
    return tokens(encoding, text, pair, as_spelt=False)


def words(found: Tokens) -> list[str]:
    """The texts of the words, put together again from their pieces."""
    texts: dict[int, str] = {}
    for shown, word in zip(found.shown, found.words, strict=True):
        if word is not None:
            texts[word] = texts.get(word, "") + shown.removeprefix("##")
    assert list(texts) == list(range(len(texts)))
    return [word for text in texts.values() if (word := text.replace("␣", ""))]


@pytest.mark.parametrize("kind", ["bytes", "pieces", "whole"])
@pytest.mark.parametrize("text", [
    "a good film", "goodness  of   films", " thé café", "我喜欢 电影", "מצוין good", "zzz qqq", "a 😀 b",
])  # fmt: skip
def test_pieces_put_together_are_the_words_of_the_text(kind, text):
    found = read(kind, text)
    assert words(found) == text.split()
    assert found.special == [True, *[False] * (len(found) - 2), True]
    assert found.shown[0] == "<s>" and found.words[0] is found.words[-1] is None
    assert not set("Ġ▁Ã") & set("".join(found.shown))
    for before, token, one, other in zip(
        found.words[:-1], found.shown[1:], found.words[1:], found.special[1:], strict=True
    ):
        assert token.startswith("##") == (not other and one == before)


@pytest.mark.parametrize("kind", ["bytes", "pieces", "whole"])
def test_words_of_two_texts_are_counted_on(kind):
    found = read(kind, "a good film", "the book")
    assert words(found) == ["a", "good", "film", "the", "book"]
    assert found.split is not None and found.words[found.split] == 3
    assert sum(found.special) == 3


def test_a_character_of_several_tokens_is_shown_once():
    for kind in ("bytes", "whole"):
        found = read(kind, "😀 a")
        assert found.shown[1:5] == ["😀", "##", "##", "##"] or found.shown[1:6] == ["␣", "##😀", *["##"] * 3]


def test_word_pieces_stay_as_the_model_saw_them():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve(BUNDLED).folder)
    text = "Unbelievable, isn't it? 我喜欢 😀 " + "w" * 10_000
    found = tokens(tokenizer(text).encodings[0], text, None, as_spelt=True)
    assert found.shown[:5] == ["[CLS]", "unbelievable", ",", "isn", "'"]
    assert found.shown[-2:] == ["[UNK]", "[SEP]"]  # too long a word is one unknown token
    assert [token for token, flag in zip(found.shown, found.punctuation, strict=True) if flag] == [
        ",",
        "'",
        "?",
    ]
    text = "snowboarders"
    found = tokens(tokenizer(text).encodings[0], text, None, as_spelt=True)
    assert found.words == [None, *[0] * (len(found) - 2), None] and found.shown[2].startswith("##")


@pytest.mark.parametrize(("piece", "expected"), [
    (".", True), ("...", True), ("…", True), ("。", True), ("$", True), ("", False), ("a.", False),
    ("😀", False), ("5", False),
])  # fmt: skip
def test_punctuation(piece, expected):
    assert is_punctuation(piece) == expected


def test_a_window_tells_of_the_second_text_only_where_it_begins_inside():
    found = read("bytes", "a good film", "the book")
    whole = found.window(0, len(found))
    assert whole == found
    assert found.window(found.split, 2).split is None
    assert found.window(found.split - 1, 2).split == 1
    assert found.window(0, found.split).split is None
    assert found.window(1, 2).words == found.words[1:3]
