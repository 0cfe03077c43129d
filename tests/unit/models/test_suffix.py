"""The suffix model equals the full one: logits, gradients, losses over steps, and the model that is saved."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from tests.tiny import DEPTH, FAMILIES, SENTENCES, trainable
from xfer_core.models import states
from xfer_core.models.freezing import freeze, thaw
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.models.suffix import suffix

DEPTHS = range(DEPTH + 1)


def logits(model: PreTrainedModel, **batch: Tensor) -> Tensor:
    with torch.no_grad():
        return model(**batch).logits


def dry(model: PreTrainedModel) -> PreTrainedModel:
    """Without dropout, so that two trainings can be compared."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "attention_dropout", "dropout_prob"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


@pytest.mark.parametrize("k", DEPTHS)
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_equal_the_full_models(family: str, k: int, make: Callable[[str], Any]) -> None:
    one = make(family)
    cached = states.layer_states(one.model, one.encodings, k)
    for rows in ([5, 0, 3, 3], list(range(len(SENTENCES)))):  # some, repeated, in any order; all
        full = logits(one.model, **one.batch(rows))
        with suffix(one.model, k, cached) as model:
            assert model is one.model
            found = logits(model.eval(), **one.batch(rows), rows=torch.tensor(rows))
        torch.testing.assert_close(found, full, atol=1e-5, rtol=1e-5)
        assert full.std() > 0.1  # else equality would say nothing


@pytest.mark.parametrize("k", DEPTHS)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen3"])
def test_decoders_on_either_side_equal_each_text_alone(
    family: str, side: str, k: int, make: Callable[[str], Any]
) -> None:
    one = make(family)
    cached = states.layer_states(one.model, one.encodings, k)
    alone = torch.cat([logits(one.model, **one.batch([row])) for row in one.rows.tolist()])
    with suffix(one.model, k, cached) as model:
        found = logits(model, **one.batch(side=side), rows=one.rows)
    torch.testing.assert_close(found, alone, atol=2e-5, rtol=1e-4)


def gradients(model: PreTrainedModel) -> dict[int, Tensor]:
    return {id(p): p.grad.clone() for p in model.parameters() if p.grad is not None}


@pytest.mark.parametrize("k", DEPTHS)
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_equal_the_uncached_ones(family: str, k: int, make: Callable[[str], Any]) -> None:
    one = make(family)
    model = dry(one.model)
    freeze(model, k)
    model.train()
    names = {id(p): name for name, p in model.named_parameters()}
    model(**one.batch(), labels=one.labels).loss.backward()
    uncached = gradients(model)
    model.zero_grad()
    with suffix(model, k, states.layer_states(model, one.encodings, k)):
        model.train()
        model(**one.batch(), labels=one.labels, rows=one.rows).loss.backward()
    cached = gradients(model)
    assert cached.keys() == uncached.keys()
    for key, gradient in uncached.items():
        torch.testing.assert_close(
            cached[key], gradient, atol=1e-5, rtol=1e-3, msg=lambda m, n=names[key]: f"{n}: {m}"
        )


@pytest.mark.parametrize("k", [0, 1, DEPTH])
@pytest.mark.parametrize("family", FAMILIES)
def test_losses_over_steps_equal_and_the_saved_model_is_whole(
    family: str, k: int, make: Callable[[str], Any], tmp_path: Path
) -> None:
    one, other = make(family), make(family)
    batches = [[0, 1, 2], [3, 4, 5], [6, 7, 0], [1, 3, 5]]

    def train(model: PreTrainedModel, cached: bool) -> list[float]:
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        losses = []
        for rows in batches:
            model.train()
            extra = {"rows": torch.tensor(rows)} if cached else {}
            loss = model(**one.batch(rows), labels=one.labels[rows], **extra).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    freeze(dry(one.model), k)
    uncached = train(one.model, cached=False)
    cached_states = states.layer_states(dry(other.model), other.encodings, k)
    with suffix(other.model, k, cached_states) as model:
        assert train(model, cached=True) == pytest.approx(uncached, abs=1e-6)
    other.model.save_pretrained(tmp_path)
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    batch = one.batch()
    torch.testing.assert_close(logits(plain, **batch), logits(other.model.eval(), **batch), atol=0, rtol=0)
    torch.testing.assert_close(
        logits(plain, **batch), logits(one.model.eval(), **batch), atol=1e-4, rtol=1e-4
    )


def picture(model: PreTrainedModel) -> dict[str, Any]:
    """All of a model that the suffix changes for a while."""
    return {
        "modules": [(name, id(module)) for name, module in model.named_modules()],
        "parameters": [(name, id(p), p.requires_grad) for name, p in model.named_parameters()],
        "configs": [id(module.config) for module in model.modules() if hasattr(module, "config")],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()],
        "held": [name for name, module in model.named_modules() if "train" in vars(module)],
        "modes": [module.training for module in model.modules()],
    }


@pytest.mark.parametrize("error", [False, True])
@pytest.mark.parametrize("frozen", [None, 1, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_everything_is_restored(
    family: str, frozen: int | None, error: bool, make: Callable[[str], Any]
) -> None:
    one = make(family)
    if frozen is not None:
        freeze(one.model, frozen)
    config = copy.deepcopy(one.model.config.to_dict())
    before = picture(one.model)
    cached = states.layer_states(one.model, one.encodings, 2)
    try:
        with suffix(one.model, 2, cached) as model:
            model.train()
            model(**one.batch(), rows=one.rows)
            model.eval()
            if error:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert picture(one.model) == before
    assert one.model.config.to_dict() == config


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_layers_stay_in_eval_mode_and_out_of_training(family: str, make: Callable[[str], Any]) -> None:
    model = make(family).model
    everything = trainable(model)
    counts = []
    for k in DEPTHS:
        freeze(model, k)
        model.train()
        for parameter_holder in model.modules():
            own = list(parameter_holder.parameters(recurse=False))
            if own and not any(p.requires_grad for p in own):
                assert not parameter_holder.training
        counts.append(trainable(model))
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == DEPTH + 1
    freeze(model, "all")
    assert trainable(model) == counts[-1]
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        name for name, _ in model.named_parameters() if not name.startswith(model.base_model_prefix + ".")
        or ".pooler." in name
    }  # fmt: skip
    thaw(model)
    assert trainable(model) == everything
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_layers_have_no_dropout_cached_or_not(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    inside = {module for place in [*one.model.base_model.children()] for module in place.modules()}
    for module in one.model.modules():
        if isinstance(module, nn.Dropout) and module not in inside:
            module.p = 0.0  # of the head, which trains
    still = logits(one.model, **one.batch())
    freeze(one.model, "all")
    one.model.train()
    torch.testing.assert_close(logits(one.model, **one.batch()), still, atol=1e-5, rtol=1e-5)
    with suffix(one.model, DEPTH, states.layer_states(one.model, one.encodings, DEPTH)) as model:
        model.train()
        torch.testing.assert_close(logits(model, **one.batch(), rows=one.rows), still, atol=1e-5, rtol=1e-5)


def test_layers_that_train_have_dropout(make: Callable[[str], Any]) -> None:
    one = make("bert")
    freeze(one.model, 1)
    one.model.train()
    assert not torch.equal(logits(one.model, **one.batch()), logits(one.model, **one.batch()))
    with suffix(one.model, 1, states.layer_states(one.model, one.encodings, 1)) as model:
        first, second = (logits(model.train(), **one.batch(), rows=one.rows) for _ in range(2))
    assert not torch.equal(first, second)


def test_a_copied_model_freezes_itself(make: Callable[[str], Any]) -> None:
    model = make("bert").model
    freeze(model, 1)
    twin = copy.deepcopy(model).train()
    assert not twin.bert.encoder.layer[0].training
    thaw(model)
    twin.train()
    assert model.bert.encoder.layer[0].training == model.training


@pytest.mark.parametrize("k", [-1, DEPTH + 1])
def test_depths_that_do_not_exist(k: int, make: Callable[[str], Any]) -> None:
    one = make("bert")
    with pytest.raises(ValueError, match="layer"):
        freeze(one.model, k)
    with pytest.raises(ValueError, match="layer"):
        states.layer_states(one.model, one.encodings, k)


def test_batches_that_do_not_match_the_cache(make: Callable[[str], Any]) -> None:
    one = make("bert")
    with suffix(one.model, 1, states.layer_states(one.model, one.encodings, 1)) as model:
        with pytest.raises(TypeError, match="rows"):
            model(**one.batch())
        with pytest.raises(ValueError, match="not as long"):
            model(**one.batch([0, 1]), rows=torch.tensor([0, 2]))


def test_token_types_are_in_the_cached_states_already(make: Callable[[str], Any]) -> None:
    one = make("gpt2")
    batch = one.batch()
    with suffix(one.model, 1, states.layer_states(one.model, one.encodings, 1)) as model:
        types = torch.zeros_like(batch["input_ids"])
        found = logits(model, **batch, rows=one.rows, token_type_ids=types)
    torch.testing.assert_close(found, logits(one.model, **batch), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("k", [0, 3, 6])
def test_the_bundled_model(k: int, home: Path) -> None:
    torch.manual_seed(0)
    model, tokenizer = load(resolve(BUNDLED), "classifier", label_names=["a", "b"])
    encodings = states.encode(tokenizer, SENTENCES, 32)
    batch = dict(tokenizer.pad({"input_ids": encodings.input_ids}, return_tensors="pt"))
    full = logits(model, **batch)
    with suffix(model, k, states.layer_states(model, encodings, k)):
        found = logits(model, **batch, rows=torch.arange(len(SENTENCES)))
    torch.testing.assert_close(found, full, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2"])
def test_the_trainer_sees_a_plain_model(family: str, make: Callable[[str], Any], tmp_path: Path) -> None:
    """Training, evaluation and best checkpoint inside the block give the losses of the uncached run."""
    from transformers import Trainer, TrainingArguments

    def losses(cached: bool) -> tuple[list[float], Tensor]:
        one = make(family)
        freeze(dry(one.model), 2)

        def collate(rows: list[dict[str, int]]) -> dict[str, Tensor]:
            chosen = [row["row"] for row in rows]
            extra = {"rows": torch.tensor(chosen)} if cached else {}
            return {**one.batch(chosen), "labels": one.labels[chosen], **extra}

        arguments = TrainingArguments(
            str(tmp_path / str(cached)), num_train_epochs=2, per_device_train_batch_size=3, logging_steps=1,
            eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, use_cpu=True,
            remove_unused_columns=False, disable_tqdm=True, learning_rate=1e-3,
        )  # fmt: skip
        data = [{"row": row} for row in one.rows.tolist()]
        trainer = Trainer(one.model, arguments, data_collator=collate, train_dataset=data, eval_dataset=data)
        if cached:
            with suffix(one.model, 2, states.layer_states(one.model, one.encodings, 2)):
                trainer.train()
        else:
            trainer.train()
        history = [entry.get("loss", entry.get("eval_loss")) for entry in trainer.state.log_history]
        return [loss for loss in history if loss is not None], logits(one.model.eval(), **one.batch())

    (uncached, plain), (found, logits_cached) = losses(False), losses(True)
    assert len(found) == 8  # three steps and one evaluation an epoch
    assert found == pytest.approx(uncached, abs=1e-5)
    torch.testing.assert_close(logits_cached, plain, atol=1e-4, rtol=1e-4)
