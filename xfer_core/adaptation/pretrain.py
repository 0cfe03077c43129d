"""Continued pretraining on unlabelled texts by masked words (Gururangan et al. 2020; Han & Eisenstein 2019).

    new head? ─► head learns, layers as they are ─► everything learns ─► the encoder, as a model of its own

Texts of the source are used without their labels, those of the target have none here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import (
    DataCollatorForLanguageModeling,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging

from xfer_core.adaptation.ground import HELD, UNLABELLED, Ground
from xfer_core.adaptation.settings import AdaptConfig
from xfer_core.errors import BadModel, Interrupted
from xfer_core.i18n import N_
from xfer_core.models.load import device, load
from xfer_core.models.masked import head, masked, masked_loss, only
from xfer_core.models.sources import Source
from xfer_core.models.states import encode
from xfer_core.runs.worker import Job
from xfer_core.training.sampler import LengthSampler

MASKED = 0.15
"""Of all words, as in BERT; of these, 80 % become [MASK], 10 % another word, 10 % stay."""
HEAD_RATE, RATE = 1e-3, 1e-4
"""Peak learning rates: of a new head alone, and of everything (Gururangan et al. 2020, table 13)."""
MEASURED = 200
"""Texts on which the masked loss is measured."""

Examples = list[dict[str, list[int]]]


def pretrain(ground: Ground, config: AdaptConfig, source: Source, job: Job, folder: Path) -> dict[str, Any]:
    """Leave the encoder, pretrained further, in *folder*, as plain transformers loads it.

    Returns
    -------
    dict
        ``fresh_head``, ``texts``; ``masked_loss``: nats a masked word on target texts not learnt from, a list
        of ``stage`` (start, head, after), ``loss`` and ``seconds`` that the stage took.

    Raises
    ------
    BadModel
        If the model is a decoder, or its tokenizer has no mask.
    Interrupted
        If a stop is asked for before the end.
    """
    job.phase(N_("Loading the model"))
    set_seed(config.seed)
    model, fresh = masked(source, dropout=config.dropout)
    tokenizer = load(source, "encoder")[1]
    if tokenizer.mask_token is None:
        raise BadModel(
            N_("The tokenizer of “{name}” has no mask, so words cannot be masked."),
            N_("Choose an encoder, such as the bundled model."),
            name=source.id,
        )
    parts = (UNLABELLED,) if config.pretrain_on == "target" else (UNLABELLED, "train")
    texts = [text for part in parts for text in ground.learnt.part(part).texts]
    examples = _examples(tokenizer, texts, config)
    held = ground.learnt.part(HELD).texts or ground.learnt.part(UNLABELLED).texts
    batches = _masked_once(tokenizer, _examples(tokenizer, held[:MEASURED], config), config)
    told = [{"stage": "start", "loss": _loss(model, batches), "seconds": 0.0}]
    stages = [("head", config.head_steps if fresh else 0, HEAD_RATE, head(model)),
              ("after", config.pretrain_steps, RATE, list(model.parameters()))]  # fmt: skip
    for stage, steps, rate, learning in stages:
        if not steps:
            continue
        began = time.monotonic()
        job.phase(_PHASES[stage])
        with only(model, learning):
            _train(model, tokenizer, examples, config, steps, rate, job)
        told.append({"stage": stage, "loss": _loss(model, batches), "seconds": time.monotonic() - began})
    _leave(model, source, folder)
    return {"fresh_head": fresh, "texts": len(texts), "masked_loss": told}


_PHASES = {
    "head": N_("Learning a head for masked words"),
    "after": N_("Reading on: guessing masked words"),
}


class _MaskedTrainer(Trainer):
    """The Trainer with batches of like length and a head that runs for masked words only."""

    train_dataset: Any

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        lengths = [len(example["input_ids"]) for example in self.train_dataset]
        return LengthSampler(lengths, self.args.train_batch_size, self.args.seed)

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **given: Any) -> Any:
        return masked_loss(model, inputs)


class _Told(TrainerCallback):
    """Progress in steps, and the wish to stop."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.job.progress(state.global_step, state.max_steps)
        if self.job.stop_requested():  # never back to False: the last step has set it
            control.should_training_stop = True


def _train(
    model: nn.Module,
    tokenizer: Any,
    examples: Examples,
    config: AdaptConfig,
    steps: int,
    rate: float,
    job: Job,
) -> None:
    args = TrainingArguments(
        output_dir=str(job.folder / "masked"), max_steps=steps, per_device_train_batch_size=config.batch_size,
        learning_rate=rate, warmup_steps=-(-steps // 10), weight_decay=0.01, bf16=config.precision == "bf16",
        seed=config.seed, save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
        remove_unused_columns=False, average_tokens_across_devices=False,
        dataloader_pin_memory=device().type == "cuda", use_cpu=device().type == "cpu",
    )  # fmt: skip
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED)
    trainer = _MaskedTrainer(
        model=model, args=args, data_collator=collate, train_dataset=examples, callbacks=[_Told(job)]
    )  # fmt: skip
    trainer.model_accepts_loss_kwargs = False
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.train()
    model.eval()
    if job.stop_requested():
        raise Interrupted(N_("Stopped while the model read on."))


def _examples(tokenizer: Any, texts: Sequence[str], config: AdaptConfig) -> Examples:
    return [{"input_ids": ids} for ids in encode(tokenizer, texts, config.max_length).input_ids]


def _masked_once(tokenizer: Any, examples: Examples, config: AdaptConfig) -> list[dict[str, Any]]:
    """Batches with the same words masked at every measurement."""
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED)
    ordered = sorted(examples, key=lambda example: len(example["input_ids"]))
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        return [collate(ordered[i : i + 32]) for i in range(0, len(ordered), 32)]


def _loss(model: nn.Module, batches: list[dict[str, Any]]) -> float:
    """Nats a masked word."""
    total = words = 0.0
    with torch.inference_mode():
        for batch in batches:
            n = int((batch["labels"] != -100).sum())
            on_device = {name: value.to(device()) for name, value in batch.items()}
            total += n * float(masked_loss(model, on_device))
            words += n
    return total / max(words, 1)


def _leave(model: Any, source: Source, folder: Path) -> None:
    """The body of *model* under the rest of the encoder (its pooler learnt nothing), as a folder."""
    encoder, tokenizer = load(source, "encoder")
    encoder.load_state_dict(model.base_model.state_dict(), strict=False)
    logging.disable_progress_bar()
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
