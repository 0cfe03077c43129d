"""Heads switched off against plain transformers with hooks on the matrix that joins the heads, one by one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny import DEPTH, HEADS, SENTENCES, WIDTH, tiny, tiny_folder
from xfer_core.attention import switching
from xfer_core.attention.ablation import ablations_of
from xfer_core.attention.opened import open_model
from xfer_core.attention.switching import DRAWS, switched
from xfer_core.corpora import sample, save, synthetic
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadModel, BadSetting, Interrupted
from xfer_core.models import lens as lens_module
from xfer_core.models.anatomy import attending
from xfer_core.models.families import OUTPUT_PROJECTIONS
from xfer_core.models.lens import lens

torch.set_num_threads(1)
TEXT, PAIR = SENTENCES[0], SENTENCES[2]
SIZE = WIDTH // HEADS
SOME = ("bert", "gpt2", "modernbert", "distilbert")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made: dict[str, str] = {}

    def folder(family: str, seed: int = 0) -> str:
        name = f"{family}-{seed}"
        if name not in made:
            made[name] = str(tiny_folder(family, tmp_path_factory.mktemp("models") / name, seed=seed))
        return made[name]

    return folder


class Plain:
    """The folder as transformers opens it, with the inputs of the matrices that join the heads."""

    def __init__(self, folder: str, built=AutoModelForSequenceClassification) -> None:
        self.model = built.from_pretrained(folder, attn_implementation="eager").eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.joins = [
            next(part for name, part in layer.named_modules() if name in OUTPUT_PROJECTIONS)
            for layer in attending(self.model.base_model)["self"]
        ]

    @contextmanager
    def changed(self, change: Callable[[int, torch.Tensor], torch.Tensor]):
        hooks = [
            join.register_forward_pre_hook(lambda _, args, layer=layer: (change(layer, args[0]),))
            for layer, join in enumerate(self.joins)
        ]
        yield
        for hook in hooks:
            hook.remove()

    def __call__(self, text: str = TEXT, pair: str | None = None) -> torch.Tensor:
        output = self.model(**self.tokenizer(text, pair, return_tensors="pt"))
        return output.logits[0] if hasattr(output, "logits") else output.last_hidden_state[0].mean(0)

    def inputs(self, text: str = TEXT) -> list[torch.Tensor]:
        kept: dict[int, torch.Tensor] = {}
        with torch.no_grad(), self.changed(lambda layer, given: kept.setdefault(layer, given)):
            self(text)
        return [kept[layer] for layer in range(DEPTH)]

    def without(self, off: set[tuple[int, int]], instead=None, **read) -> np.ndarray:
        """The answer with heads replaced by nothing, or by *instead*, [1, T, H * d] a layer."""

        def change(layer: int, given: torch.Tensor) -> torch.Tensor:
            given = given.clone()
            for at, head in off:
                if at == layer:
                    part = slice(head * SIZE, (head + 1) * SIZE)
                    given[..., part] = 0 if instead is None else instead[layer][..., part]
            return given

        with torch.no_grad(), self.changed(change):
            return self(**read).double().numpy()


@pytest.mark.parametrize("family", SOME)
def test_all_heads_in_batches_are_each_head_alone(home, folders, family):
    plain = Plain(folders(family))
    whole = plain.without(set())
    found = ablations_of(folders(family), TEXT)
    assert found.change.shape == (DEPTH, HEADS, 3)
    assert found.predicted == found.labels[whole.argmax()]
    chances = torch.tensor(whole).softmax(0).numpy()
    for layer in range(DEPTH):
        for head in range(HEADS):
            alone = switched(folders(family), TEXT, off=[(layer, head)])
            change = np.subtract(list(alone.after_logits.values()), list(alone.before_logits.values()))
            assert found.change[layer, head] == pytest.approx(change, abs=1e-6)
            expected = plain.without({(layer, head)})
            assert found.change[layer, head] == pytest.approx(expected - whole, abs=5e-6)
            moved = torch.tensor(expected).softmax(0).numpy() - chances
            assert found.probability[layer, head] == pytest.approx(moved, abs=2e-6)
    assert np.abs(found.change).max() > 0.05
    assert sorted(found.control) == sorted(np.abs(found.change[..., whole.argmax()]).ravel())


def test_batches_may_be_cut_as_memory_wants(home, folders, monkeypatch):
    whole = ablations_of(folders("bert"), TEXT)
    monkeypatch.setattr(switching, "HELD", 1)
    assert ablations_of(folders("bert"), TEXT).change == pytest.approx(whole.change, abs=1e-6)


def test_several_heads_at_once_and_two_texts(home, folders):
    off = {(0, 1), (2, 3), (2, 0)}
    plain = Plain(folders("bert"))
    found = switched(folders("bert"), TEXT, PAIR, off=off)
    expected = plain.without(off, text=TEXT, pair=PAIR)
    assert list(found.after_logits.values()) == pytest.approx(expected, abs=5e-6)
    assert list(found.after.values()) == pytest.approx(torch.tensor(expected).softmax(0).numpy(), abs=2e-6)
    before = plain.without(set(), text=TEXT, pair=PAIR)
    assert list(found.before_logits.values()) == pytest.approx(before, abs=5e-6)
    assert found.off == tuple(sorted(off))


@pytest.mark.parametrize("family", SOME)
@pytest.mark.parametrize("how", ["zero", "mean"])
def test_switching_nothing_off_changes_nothing(home, folders, family, how):
    found = switched(folders(family), TEXT, how=how)
    assert found.after_logits == found.before_logits and found.after == found.before
    assert not found.control.size


def test_random_sets_are_as_large_as_the_chosen_one(home, folders):
    one = switched(folders("bert"), TEXT, off=[(0, 0)])
    each = ablations_of(folders("bert"), TEXT).control
    assert len(one.control) == DRAWS
    assert np.abs(one.control[:, None] - each).min(1) == pytest.approx(np.zeros(DRAWS), abs=1e-6)
    all_off = switched(
        folders("bert"), TEXT, off=[(layer, head) for layer in range(DEPTH) for head in range(HEADS)]
    )
    label = max(all_off.before, key=all_off.before.__getitem__)
    change = abs(all_off.after_logits[label] - all_off.before_logits[label])
    assert all_off.control == pytest.approx(np.full(DRAWS, change), abs=1e-6)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_rows_of_the_last_layer_that_are_not_read_change_nothing(home, folders, family):
    opened = open_model(folders(family))
    batch = opened.tokenizer(TEXT, return_tensors="pt")
    read = opened.reach(batch["input_ids"].shape[1])

    def logits(rows: list[int]) -> torch.Tensor:
        def change(layer: int, heads: lens_module.Heads) -> torch.Tensor:
            output = heads.output.clone()
            if layer == DEPTH - 1:
                output[:, :, rows] = 0
            return output

        with torch.no_grad(), lens(opened.network, change):
            return opened.network(**batch).logits

    dead = [row for row in range(batch["input_ids"].shape[1]) if row != read]
    assert torch.equal(logits(dead), logits([]))
    assert (logits([read]) - logits([])).abs().max() > 1e-3


def test_the_mean_is_over_the_tokens_of_the_text_or_of_others(home, folders):
    plain = Plain(folders("bert"))
    off = {(1, 2), (2, 1)}
    means = [given.mean(1, keepdim=True) for given in plain.inputs()]
    found = switched(folders("bert"), TEXT, off=off, how="mean")
    assert list(found.after_logits.values()) == pytest.approx(plain.without(off, means), abs=5e-6)
    corpus = save(sample(synthetic.corpus(), 6, 0))
    texts = load_corpus(corpus)
    rows = [plain.inputs(texts.texts[place]) for place in drawn(texts, texts.n, 0)]
    means = [torch.cat(given, dim=1).mean(1, keepdim=True) for given in zip(*rows, strict=True)]
    found = switched(folders("bert"), TEXT, off=off, how="mean", corpus=corpus)
    assert list(found.after_logits.values()) == pytest.approx(plain.without(off, means), abs=5e-6)


def test_heads_of_another_model_are_put_in(home, folders):
    plain, donor = Plain(folders("bert")), folders("bert", 1)
    off = {(0, 3), (1, 0)}
    found = switched(folders("bert"), TEXT, off=off, donor=donor)
    expected = plain.without(off, Plain(donor).inputs())
    assert list(found.after_logits.values()) == pytest.approx(expected, abs=5e-6)
    itself = switched(folders("bert"), TEXT, off=off, donor=folders("bert"))
    assert itself.after_logits == pytest.approx(itself.before_logits, abs=1e-6)
    with pytest.raises(BadModel, match="do not fit"):
        switched(folders("bert"), TEXT, off=off, donor=folders("gpt2"))


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_the_estimate_is_that_of_michel_and_is_held_against_the_exact_loss(home, folders, family):
    plain = Plain(folders(family))
    kept: dict[int, torch.Tensor] = {}

    def keep(layer: int, given: torch.Tensor) -> torch.Tensor:
        given.retain_grad()
        return kept.setdefault(layer, given)

    with plain.changed(keep):
        logits = plain()
    label = int(logits.argmax())
    (-logits.log_softmax(0)[label]).backward()
    expected = [(kept[k] * kept[k].grad).unflatten(-1, (HEADS, SIZE)).sum((0, 1, 3)) for k in range(DEPTH)]
    found = ablations_of(folders(family), TEXT)
    assert found.gradient == pytest.approx(torch.stack(expected).abs().detach().numpy(), rel=1e-3, abs=1e-5)

    def loss(answer: np.ndarray) -> float:
        return -float(torch.tensor(answer).log_softmax(0)[label])

    exact = [
        abs(loss(plain.without({(layer, head)})) - loss(plain.without(set())))
        for layer in range(DEPTH)
        for head in range(HEADS)
    ]
    assert found.rank_correlation == pytest.approx(spearmanr(exact, found.gradient.ravel()).statistic)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("encoder")
    model, tokenizer = tiny("bert")
    model.base_model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


def test_a_model_without_classes_turns_the_texts_vector(home, encoder):
    plain = Plain(encoder, AutoModel)
    whole = plain.without(set())
    found = ablations_of(encoder, TEXT)
    assert found.labels == () and found.predicted == "" and found.probability is None
    assert np.isnan(found.gradient).all() and np.isnan(found.rank_correlation)
    for layer in range(DEPTH):
        for head in range(HEADS):
            other = plain.without({(layer, head)})
            cosine = other @ whole / np.linalg.norm(other) / np.linalg.norm(whole)
            assert found.change[layer, head] == pytest.approx([1 - cosine], abs=1e-6)
    one = switched(encoder, TEXT, off=[(2, 3)])
    assert one.before == one.after == one.before_logits == {}
    assert one.distance == pytest.approx(found.change[2, 3, 0], abs=1e-6)


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_of_an_encoder_decoder_the_encoders_heads_go(home, folders, family):
    found = ablations_of(folders(family), TEXT, PAIR)
    assert found.change.shape == (DEPTH, HEADS, 1) and found.change.max() > 1e-3
    assert switched(folders(family), TEXT, PAIR).distance == 0


def clean(model: str) -> bool:
    network = open_model(model).network
    return (
        not lens_module._watched
        and network.config._attn_implementation == "sdpa"
        and not any("forward" in vars(module) for module in network.modules())
        and not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
        and all(parameter.grad is None for parameter in network.parameters())
    )


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_nothing_stays_on_the_model(home, folders, family):
    model = folders(family)
    ablations_of(model, TEXT)
    switched(model, TEXT, off=[(1, 1)], how="mean")
    assert clean(model)

    def stop(fraction: float, message: str) -> None:
        if fraction > 0.65:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        ablations_of(model, TEXT, report=stop)
    assert clean(model)
    last = attending(open_model(model).network.base_model)["self"][-1]
    vars(last)["forward"] = lambda *args, **kwargs: 1 / 0
    try:
        with pytest.raises(ZeroDivisionError):
            switched(model, TEXT, off=[(1, 1)])
    finally:
        del vars(last)["forward"]
    assert clean(model)


def test_what_cannot_be_is_said(home, folders):
    with pytest.raises(BadSetting, match=r"no head 4\.1 .*3 layers of 4 heads"):
        switched(folders("bert"), TEXT, off=[(3, 0)])
    with pytest.raises(BadSetting, match="zero, mean"):
        ablations_of(folders("bert"), TEXT, how="half")
    with pytest.raises(BadSetting, match="no text"):
        ablations_of(folders("bert"), " ")
    with pytest.raises(BadModel, match="MPNet"):
        ablations_of(folders("mpnet"), TEXT)
