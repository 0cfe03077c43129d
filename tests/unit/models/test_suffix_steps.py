"""Training through the Trainer on the suffix model: the same losses, step by step, however it is computed.

Frozen layers are in eval mode in every way of computing, so with one seed even the dropout of the layers
above draws the same. Packed, it draws otherwise, so there dropout is off.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainingArguments

from tests.tiny import DEPTH
from xfer_core.models.packing import packable
from xfer_core.models.states import layer_states
from xfer_core.models.suffix import suffix


class Phases(TrainerCallback):
    """Enters the suffix of the step: ``ks[0]`` first, ``ks[1]`` from step 3 on."""

    def __init__(self, one: Any, ks: tuple[int | None, ...], cached: bool, packed: bool) -> None:
        self.one, self.ks, self.packed = one, ks, packed
        self.states = {k: layer_states(one.model, one.encodings, k) for k in ks if k is not None and cached}
        self.open, self.now = ExitStack(), -1

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        phase = min(state.global_step // 3, len(self.ks) - 1)
        if phase != self.now:
            self.open.close()
            k, self.now = self.ks[phase], phase
            self.open.enter_context(suffix(self.one.model, k, self.states.get(k), packed=self.packed))


class Exact(Trainer):
    """Keeps the losses as they are; its log rounds them."""

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss = super().training_step(*args, **kwargs)
        self.losses = [*getattr(self, "losses", []), loss.item()]
        return loss


def losses(
    one: Any, ks: tuple[int | None, ...], folder: Path, *, cached: bool, packed: bool = False, dropout: float
) -> tuple[list[float], Tensor]:
    """The loss of every step, and afterwards the whole model's logits."""
    for module in one.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout

    def collate(rows: list[dict[str, int]]) -> dict[str, Tensor]:
        chosen = [row["row"] for row in rows]
        return {**one.batch(chosen), "labels": one.labels[chosen], "rows": torch.tensor(chosen)}

    arguments = TrainingArguments(
        str(folder), num_train_epochs=2, per_device_train_batch_size=3, logging_strategy="no", use_cpu=True,
        remove_unused_columns=False, disable_tqdm=True, learning_rate=1e-3, report_to="none",
        save_strategy="no", seed=3,
    )  # fmt: skip
    phases = Phases(one, ks, cached, packed)
    everything = torch.optim.AdamW(one.model.parameters(), lr=1e-3)
    data = [{"row": row} for row in one.rows.tolist()]
    trainer = Exact(
        one.model, arguments, data_collator=collate, train_dataset=data,
        callbacks=[phases], optimizers=(everything, torch.optim.lr_scheduler.ConstantLR(everything, 1.0)),
    )  # fmt: skip
    with phases.open:
        trainer.train()
    with torch.no_grad():
        found = one.model.eval()(**one.batch()).logits
    return trainer.losses, found


@pytest.mark.parametrize("ks", [(1,), (DEPTH, 1), (2, None)])
@pytest.mark.parametrize("family", ["bert", "gpt2", "deberta-v2"])
def test_cached_and_uncached_losses_with_dropout_on(
    family: str, ks: tuple[int | None, ...], make: Callable[[str], Any], tmp_path: Path
) -> None:
    uncached, plain = losses(make(family), ks, tmp_path, cached=False, dropout=0.1)
    cached, found = losses(make(family), ks, tmp_path, cached=True, dropout=0.1)
    assert len(cached) == 6
    assert cached == pytest.approx(uncached, abs=1e-6)
    torch.testing.assert_close(found, plain, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("ks", [(1,), (DEPTH, 1), (2, None)])
@pytest.mark.parametrize("family", ["bert", "distilbert", "modernbert"])
def test_packed_and_padded_losses(
    family: str, ks: tuple[int | None, ...], make: Callable[[str], Any], tmp_path: Path
) -> None:
    assert packable(make(family).model)
    padded, plain = losses(make(family), ks, tmp_path, cached=False, dropout=0.0)
    packed, found = losses(make(family), ks, tmp_path, cached=True, packed=True, dropout=0.0)
    assert packed == pytest.approx(padded, abs=1e-6)
    torch.testing.assert_close(found, plain, atol=1e-4, rtol=1e-4)
