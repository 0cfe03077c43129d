"""Every strategy for a few steps on tiny models: what moves, what does not, and what is left in the end."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny import DEPTH, tiny_folder
from tests.unit.training.conftest import new_job, small_corpus
from xfer_core.attention import reading as attention
from xfer_core.corpora import Corpus
from xfer_core.errors import BadModel
from xfer_core.models import prefixes
from xfer_core.models.adapter_kinds import ADAPTERS
from xfer_core.models.anatomy import anatomy
from xfer_core.models.freezing import Parts, select, split
from xfer_core.models.load import load
from xfer_core.models.sources import resolve
from xfer_core.models.states import pooled
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import STRENGTHS
from xfer_core.tasks.classifier import classifier, is_classifier
from xfer_core.training import adapters, phases
from xfer_core.training.fit import PlainTrainer, arguments, fit
from xfer_core.training.fitted import ALL, NONE, SOME, TOO_LARGE, Fitted
from xfer_core.training.material import Shared
from xfer_core.training.optim import begins, ever_learning, optimiser, schedule
from xfer_core.training.phases import Stages
from xfer_core.training.settings import validate
from xfer_core.training.strategies import parse

pytestmark = pytest.mark.usefixtures("home")

STEPS = 12
TOLERANCE = 1e-6
FAMILIES = ("bert", "llama", "deberta-v2")  # packed, a decoder, one that stays padded


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = tmp_path_factory.mktemp("models")
    return {family: str(tiny_folder(family, made / family)) for family in (*FAMILIES, "gpt2", "modernbert")}


def tune(folder: str, corpus: Corpus, **values: Any) -> Fitted:
    config = validate({"model": folder, "learning_rate": 3e-3, "patience": 0, "steps": STEPS, **values})
    return fit(config, corpus, new_job(config, corpus))


def moved(folder: str, fitted: Fitted) -> list[bool]:
    """Whether embeddings, layer 1, …, layer L are no longer those of the untuned model."""
    untuned: Any = load(resolve(folder), "encoder")[0]
    before, after = split(untuned), split(fitted.model)
    pairs = [(before.embeddings, after.embeddings)]
    pairs += [((old,), (new,)) for old, new in zip(before.layers, after.layers, strict=True)]
    return [
        any(
            not torch.equal(a, b.cpu())
            for old, new in zip(olds, news, strict=True)
            for a, b in zip(old.parameters(), new.parameters(), strict=True)
        )
        for olds, news in pairs
    ]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("strategy", "expected", "cached"),
    [
        ("block-2", [False, False, True, False], ALL),
        ("layers-e,3", [True, False, False, True], NONE),
        ("gradual", [True] * 4, SOME),
        ("discriminative", [True] * 4, NONE),
        ("lp-ft", [True] * 4, SOME),
        ("reinit-1", [True] * 4, NONE),
        ("lora", [False, True, True, True], ALL),
        ("ia3", [False, True, True, True], ALL),
    ],
)
def test_what_moves(
    family: str,
    strategy: str,
    expected: list[bool],
    cached: str,
    corpus: Corpus,
    folders: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PlainTrainer, "_load_best_model", lambda _: None)  # it may lie in an early phase
    fitted = tune(folders[family], corpus, strategy=strategy)
    assert moved(folders[family], fitted) == expected
    assert fitted.cached == cached and fitted.memory_mb > 0
    assert 0 < fitted.trainable_parameters <= fitted.parameters + 5_000
    assert not fitted.model.training and all(p.requires_grad for p in fitted.model.parameters())
    names = AutoModelForSequenceClassification.from_pretrained(folders[family], num_labels=3).state_dict()
    assert fitted.model.state_dict().keys() == names.keys()  # plain: no adapter, nothing put aside


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2"])
def test_bitfit_moves_biases_only(family: str, corpus: Corpus, folders: dict[str, str]) -> None:
    fitted = tune(folders[family], corpus, strategy="bitfit")
    untuned: Any = load(resolve(folders[family]), "encoder")[0]
    old = dict(untuned.named_parameters())
    body = {
        name: p for name, p in fitted.model.base_model.named_parameters() if not name.startswith("pooler")
    }
    changed = {name for name, p in body.items() if not torch.equal(p, old[name])}
    assert changed and all(name.endswith("bias") for name in changed)
    layers = re.findall(r"\b(?:layer|h)\.(\d+)\.", " ".join(changed))
    assert len(set(layers)) == DEPTH


@pytest.mark.parametrize("family", ["llama", "modernbert"])
def test_bitfit_needs_biases(family: str, corpus: Corpus, folders: dict[str, str]) -> None:
    with pytest.raises(BadModel, match="no biases"):
        tune(folders[family], corpus, strategy="bitfit")


def test_lora_needs_linear_maps(folders: dict[str, str]) -> None:
    model: Any = load(resolve(folders["bert"]), "encoder")[0]
    place = anatomy(model).layers
    setattr(place.holder, place.name, torch.nn.ModuleList([torch.nn.Identity() for _ in range(DEPTH)]))
    for kind in ("lora", "ia3"):
        with pytest.raises(BadModel, match="no linear maps"):
            adapters.adapt(model, kind)


class Watch:
    """The parameters of each part after every step of a Trainer's run."""

    def __init__(self, parts: Parts) -> None:
        self.modules = [list(parts.embeddings), *([layer] for layer in parts.layers)]
        self.moved: list[list[bool]] = []
        self.before = self._now()

    def _now(self) -> list[torch.Tensor]:
        return [
            torch.cat([p.detach().flatten().clone() for module in modules for p in module.parameters()])
            for modules in self.modules
        ]

    def step(self) -> None:
        now = self._now()
        self.moved.append([not torch.equal(a, b) for a, b in zip(self.before, now, strict=True)])
        self.before = now


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_gradual_thaws_from_the_top_and_trains_what_it_thaws(
    family: str, corpus: Corpus, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left alone, the Trainer's optimiser would know only what learns in the first phase."""
    watched: list[Watch] = []
    begin, switch = Stages.__init__, Stages.on_step_begin

    def watch(stages: Stages, *given: Any) -> None:
        begin(stages, *given)
        watched.append(Watch(stages.parts))

    def see(stages: Stages, args: Any, state: Any, control: Any, **given: Any) -> None:
        if state.global_step:
            watched[0].step()
        switch(stages, args, state, control, **given)

    monkeypatch.setattr(Stages, "__init__", watch)
    monkeypatch.setattr(Stages, "on_step_begin", see)
    fitted = tune(folders[family], corpus, strategy="gradual", steps=33)
    bounds = begins(fitted.plan, 33)
    for phase, states in enumerate(fitted.plan.phases):
        first, end = bounds[phase] + 1, min(bounds[phase + 1], 32)  # the first step of a phase has rate 0
        expected = [state == "weights" for state in states.parts]
        assert watched[0].moved[first:end] == [expected] * (end - first)
        assert end > first


def test_discriminative_rates_show_in_the_updates(folders: dict[str, str], corpus: Corpus) -> None:
    """AdamW's first update is the learning rate, whatever the gradient, so updates measure the rates."""
    config = validate({"model": folders["bert"], "strategy": "discriminative", "learning_rate": 1e-3})
    plan = config.parsed.plan(DEPTH)
    names = corpus.label_names
    model: Any = load(resolve(folders["bert"]), "classifier", label_names=names)[0]
    parts = split(model)
    learning = ever_learning(model, plan, parts)
    args = arguments(config, 16, 16, Path("unused"))
    chosen = optimiser(args, model, plan, parts, learning)
    before = {name: parameter.detach().clone() for name, parameter in learning.items()}
    for group in chosen.param_groups:
        group["weight_decay"] = 0.0
    for parameter in learning.values():
        parameter.grad = torch.randn_like(parameter) + 3
    chosen.step()
    for name, parameter in learning.items():
        part = 0 if "embeddings" in name else DEPTH + 1
        part = int(name.split("layer.")[1][0]) + 1 if "encoder.layer" in name else part
        step = float((parameter.detach() - before[name]).abs().mean())
        assert step == pytest.approx(1e-3 * plan.rates[part], rel=0.01), name


@pytest.mark.parametrize(("kind", "decayed"), [("lora", True), ("ia3", False)])
def test_weight_decay_draws_towards_what_changes_nothing(
    kind: str, decayed: bool, folders: dict[str, str], corpus: Corpus
) -> None:
    """A step without a gradient: only decay moves, and factors that start at 1 must stay there."""
    config = validate({"model": folders["bert"], "strategy": kind, "learning_rate": 1e-2})
    plan = config.parsed.plan(DEPTH)
    model: Any = load(resolve(folders["bert"]), "classifier", label_names=corpus.label_names)[0]
    adapters.adapt(model, kind)
    parts = split(model)
    learning = ever_learning(model, plan, parts)
    chosen = optimiser(arguments(config, 16, 16, Path("unused")), model, plan, parts, learning)
    before = {name: parameter.detach().clone() for name, parameter in learning.items()}
    for parameter in learning.values():
        parameter.grad = torch.zeros_like(parameter)
    chosen.step()
    moved = {name for name, parameter in learning.items() if not torch.equal(parameter, before[name])}
    own = {name for name in learning if ADAPTERS[kind].prefix in name and before[name].any()}
    assert own and (own <= moved if decayed else not own & moved)
    assert any(name.startswith("classifier") for name in moved)


def test_an_adapter_nobody_knows_is_refused(folders: dict[str, str]) -> None:
    model: Any = load(resolve(folders["bert"]), "encoder")[0]
    with pytest.raises(KeyError, match="dora"):
        adapters.adapt(model, "dora")


def test_each_phase_has_its_own_schedule() -> None:
    plan = parse("lp-ft").plan(6)
    chosen = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1e-4)
    rule, rates = schedule(chosen, plan, 100), []
    for _ in range(100):
        rates.append(chosen.param_groups[0]["lr"])
        chosen.step()
        rule.step()
    assert max(rates[:30]) == pytest.approx(5e-4) and max(rates[30:]) == pytest.approx(1e-4)
    assert rates[0] == rates[30] == 0 and rates[29] < 3e-5 and rates[99] < 3e-6


def test_later_phases_count_for_what_their_steps_take(folders: dict[str, str]) -> None:
    model: Any = load(resolve(folders["bert"]), "encoder")[0]
    stages = Stages(model, parse("lp-ft").plan(DEPTH), {}, 100)
    assert stages.left(50) == 50 and stages.left(100) == 0
    assert stages.left(10) > 10 * stages.left(90)
    assert Stages(model, parse("top-1").plan(DEPTH), {}, 100).left(30) == 70


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["lora", "ia3"])
def test_a_merged_adapter_says_the_same(family: str, kind: str, folders: dict[str, str]) -> None:
    model: Any = load(resolve(folders[family]), "classifier")[0]
    ids = torch.tensor([[2, 9, 17, 23, 3], [2, 40, 41, 42, 3]])
    with torch.no_grad():
        untuned = model(input_ids=ids).logits
        torch.manual_seed(0)
        adapters.adapt(model, kind)
        assert torch.equal(model(input_ids=ids).logits, untuned)
        select(model, parse(kind).plan(DEPTH).trained)
        for name, parameter in model.base_model.named_parameters():
            if parameter.requires_grad and not name.startswith("pooler"):
                parameter.add_(0.1 * torch.randn_like(parameter))
        adapted = model(input_ids=ids).logits
        adapters.merge(model)
        merged = model(input_ids=ids).logits
    assert not torch.allclose(adapted, untuned, atol=1e-2)
    assert torch.allclose(merged, adapted, atol=1e-4)


@pytest.mark.parametrize("strategy", ["gradual", "lora", "reinit-1"])
def test_the_same_seed_gives_the_same_numbers(strategy: str, corpus: Corpus, folders: dict[str, str]) -> None:
    first, second = (tune(folders["bert"], corpus, strategy=strategy, seed=3) for _ in range(2))
    assert first.curve == second.curve
    ours, theirs = first.model.state_dict(), second.model.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize(("strategy", "layers"), [("features-1", [1]), ("mix", [0, 1, 2, 3])])
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_solved_classifier_says_what_scikit_learn_says(
    family: str, strategy: str, layers: list[int], labels: int, folders: dict[str, str], tmp_path: Path
) -> None:
    corpus = small_corpus(labels=labels)
    fitted = tune(folders[family], corpus, strategy=strategy, steps=None)
    assert fitted.steps == len(STRENGTHS) and fitted.cached == ALL
    assert moved(folders[family], fitted) == [False] * 4
    encoder, tokenizer = load(resolve(folders[family]))
    train, test = corpus.part("train"), corpus.part("test")
    features = [
        np.concatenate(pooled(encoder, tokenizer, part.texts, layers=layers, max_length=128), axis=1)
        for part in (train, test)
    ]
    scaler = StandardScaler().fit(features[0])
    regression = LogisticRegression(C=STRENGTHS[fitted.best_step - 1], max_iter=1_000)
    regression.fit(scaler.transform(features[0]), train.labels)
    expected = regression.predict_proba(scaler.transform(features[1]))
    fitted.model.config.xfer_lab = {"max_length": fitted.max_length}
    fitted.model.save_pretrained(tmp_path / "solved")
    fitted.tokenizer.save_pretrained(tmp_path / "solved")
    source = resolve(str(tmp_path / "solved"))
    assert is_classifier(source)
    read = classifier(source)
    assert read.label_names == corpus.label_names
    assert np.allclose(read(test.texts), expected, atol=2e-3)
    plain = AutoModel.from_pretrained(source.folder)  # for others it is the encoder it was
    assert all(torch.equal(p, q) for p, q in zip(plain.parameters(), encoder.parameters(), strict=True))


def test_a_class_without_training_texts_is_never_given(folders: dict[str, str]) -> None:
    corpus = small_corpus()
    corpus.frame.loc[(corpus.frame["split"] == "train") & (corpus.frame["label"] == 2), "split"] = "test"
    fitted = tune(folders["bert"], corpus, strategy="features-2", steps=None)
    assert fitted.model.weight.shape == (1, 3, 32)
    assert all(np.isfinite([p["validation_loss"] for p in fitted.curve]))


def test_a_damaged_head_is_named(folders: dict[str, str], corpus: Corpus, tmp_path: Path) -> None:
    fitted = tune(folders["bert"], corpus, strategy="features-2", steps=None)
    fitted.model.save_pretrained(tmp_path / "m")
    fitted.tokenizer.save_pretrained(tmp_path / "m")
    whole = (tmp_path / "m" / "pooled_head.safetensors").read_bytes()
    (tmp_path / "m" / "pooled_head.safetensors").write_bytes(whole[:-8])
    with pytest.raises(BadModel, match="pooled_head"):
        classifier(resolve(str(tmp_path / "m")))


def test_what_runs_share_changes_no_number(corpus: Corpus, folders: dict[str, str]) -> None:
    shared, values = Shared(layers={1, 2, 3}), {"model": folders["bert"], "learning_rate": 1e-3, "steps": 10}
    for strategy in ("top-1", "lora", "features-1"):
        config = validate({**values, "strategy": strategy})
        together = fit(config, corpus, new_job(config, corpus), shared=shared)
        alone = fit(config, corpus, new_job(config, corpus))
        assert together.curve == alone.curve


def test_what_found_no_room_is_not_computed_again(
    corpus: Corpus, folders: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[list[int]] = []
    plain = prefixes.passing

    def counted(model: Any, encodings: Any, layers: list[int], *rest: Any, **named: Any) -> Any:
        passes.append(sorted(layers))
        return plain(model, encodings, layers, *rest, **named)

    monkeypatch.setattr(prefixes, "passing", counted)
    config = validate({"model": folders["bert"], "strategy": "freeze-1", "steps": 2})
    shared = Shared(layers={1, 2, 3})
    fit(config, corpus, new_job(config, corpus), shared=shared)
    layer_mb = next(iter(shared._states.values())).flat.nbytes / 2**20  # type: ignore[union-attr]
    rmtree(home / "cache" / "states")
    limits = replace(LIMITS, states_cache_mb=0, cached_states_mb=1.5 * layer_mb)
    monkeypatch.setattr(prefixes, "LIMITS", limits)
    shared = Shared(layers={2, 3})
    found = [fit(config, corpus, new_job(config, corpus), shared=shared) for _ in range(2)]
    assert passes == [[1, 2, 3], [3]]
    assert [fitted.cached for fitted in found] == [TOO_LARGE] * 2
    assert fit(replace(config, strategy="head"), corpus, new_job(config, corpus), shared=shared).cached == ALL
    assert (
        fit(replace(config, strategy="full"), corpus, new_job(config, corpus), shared=shared).cached == NONE
    )
    shared.layers = {0}  # wanted later: what is held in memory already leaves no room for it
    later = fit(replace(config, strategy="freeze-0"), corpus, new_job(config, corpus), shared=shared)
    assert later.cached == TOO_LARGE and len(passes) == 2


def test_a_tuned_model_opens_with_plain_transformers(
    corpus: Corpus, folders: dict[str, str], tmp_path: Path
) -> None:
    for strategy in ("lora", "gradual"):
        fitted = tune(folders["bert"], corpus, strategy=strategy)
        fitted.model.save_pretrained(tmp_path / strategy)
        fitted.tokenizer.save_pretrained(tmp_path / strategy)
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path / strategy).eval()
        batch = AutoTokenizer.from_pretrained(tmp_path / strategy)(corpus.texts[:5], padding=True)
        ids = {name: torch.tensor(batch[name]) for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            assert torch.allclose(model(**ids).logits, fitted.model(**ids).logits, atol=1e-5)


@pytest.fixture
def step_losses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The loss of every training step that is taken."""
    seen: list[float] = []
    plain = PlainTrainer.training_step

    def step(self: PlainTrainer, *given: Any, **named: Any) -> torch.Tensor:
        loss: torch.Tensor = plain(self, *given, **named)
        seen.append(float(loss))
        return loss

    monkeypatch.setattr(PlainTrainer, "training_step", step)
    return seen


@pytest.mark.parametrize("strategy", ["bitfit", "lora", "ia3", "block-2", "gradual", "lp-ft"])
def test_cached_and_packed_steps_are_the_plain_ones(
    strategy: str,
    corpus: Corpus,
    folders: dict[str, str],
    step_losses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against every layer run at every step on padded batches, dropout off: the same loss at every step."""
    values = {"strategy": strategy, "dropout": 0, "learning_rate": 1e-3}
    ours = tune(folders["bert"], corpus, **values)
    monkeypatch.setattr(phases, "packable", lambda _: False)
    monkeypatch.setattr(Shared, "states", lambda *_, **__: {})
    plain = tune(folders["bert"], corpus, **values)
    assert ours.cached in (ALL, SOME) and plain.cached == TOO_LARGE
    assert len(step_losses) == 2 * STEPS
    np.testing.assert_allclose(step_losses[:STEPS], step_losses[STEPS:], atol=TOLERANCE, rtol=0)
    names = ("train_loss", "validation_loss", "train_macro_f1", "validation_macro_f1")
    checks = [[[point[name] for name in names] for point in run.curve] for run in (ours, plain)]
    np.testing.assert_allclose(*checks, atol=TOLERANCE, rtol=0)
    assert checks[0][-1][0] < checks[0][0][0]


def test_bf16_learns_alike(corpus: Corpus, folders: dict[str, str], step_losses: list[float]) -> None:
    """Every step within the rounding of 8 bits, and at the end the same texts read the same."""
    values = {"strategy": "top-1", "dropout": 0, "steps": 40}
    exact, rough = (tune(folders["bert"], corpus, precision=p, **values) for p in ("fp32", "bf16"))
    assert exact.curve != rough.curve
    exact_losses, rough_losses = np.array(step_losses).reshape(2, 40)
    assert exact_losses[-5:].mean() < 0.6 * exact_losses[:5].mean()
    np.testing.assert_allclose(rough_losses, exact_losses, atol=0.02)
    ends = [run.curve[-1]["validation_accuracy"] for run in (exact, rough)]
    assert ends[0] > 0.6 and ends[0] == pytest.approx(ends[1], abs=1 / corpus.part("validation").n + 1e-9)
    assert all(parameter.dtype == torch.float32 for parameter in rough.model.parameters())


def test_a_solver_reads_in_the_precision_that_is_set(corpus: Corpus, folders: dict[str, str]) -> None:
    values = {"strategy": "features-2", "steps": None}
    shared = Shared()
    runs = []
    for precision in ("fp32", "bf16", "bf16"):
        config = validate({"model": folders["bert"], "precision": precision, **values})
        runs.append(fit(config, corpus, new_job(config, corpus), shared=shared))
    exact, rough = (shared._pooled[runs[0].max_length, bf16] for bf16 in (False, True))
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(exact, rough, atol=0.05)
    assert runs[1].curve == runs[2].curve != runs[0].curve


def test_the_attention_of_a_solved_classifier(
    corpus: Corpus, folders: dict[str, str], tmp_path: Path
) -> None:
    fitted = tune(folders["bert"], corpus, strategy="features-2", steps=None)
    fitted.model.save_pretrained(tmp_path / "m")
    fitted.tokenizer.save_pretrained(tmp_path / "m")
    reading = attention.read(str(tmp_path / "m"), "good lovely film")
    assert reading.weights.shape[0] == DEPTH and reading.reach is None
    shares = classifier(resolve(str(tmp_path / "m")))(["good lovely film"])[0]
    assert list(reading.prediction.values()) == pytest.approx(shares.tolist(), abs=1e-5)  # type: ignore[union-attr]
