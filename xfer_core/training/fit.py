"""One training run: transformers' Trainer, wired once for every family, task and strategy.

What is set against its defaults, and why:

- ``model.accepts_loss_kwargs = False``: heads ignore ``num_items_in_batch``, and the Trainer, believing they
  do not, would add up the losses of accumulated batches instead of averaging them (transformers#47688);
  ``average_tokens_across_devices=False`` for the same reason over several processes.
- An own sampler (:mod:`xfer_core.training.sampler`); the stock one draws from the global random state.
- ``logging_nan_inf_filter=False``: a loss that is not a number must be seen.
- Frozen layers run once, in eval mode, and training starts from their cached states
  (:mod:`xfer_core.models.suffix`; after Nautilus, SIGMOD 2022, and AutoFreeze, arXiv 2102.01386).
- Checkpoints hold the weights that learn, nothing else, and are gone when the best of them is back in place.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import Sampler
from transformers import (
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Interrupted
from xfer_core.i18n import N_
from xfer_core.models.anatomy import depth
from xfer_core.models.sources import Source, resolve
from xfer_core.models.states import Encodings, layer_states
from xfer_core.models.suffix import freeze, suffix, trainable
from xfer_core.models.tokens import lengths
from xfer_core.progress import Report
from xfer_core.runs.models import locate
from xfer_core.runs.worker import Job
from xfer_core.settings import LIMITS
from xfer_core.tasks import Task, task
from xfer_core.training.callbacks import Patience, Recorder
from xfer_core.training.sampler import LengthSampler
from xfer_core.training.settings import FitConfig

Example = dict[str, Any]
WEIGHTS = "model.safetensors"
EVAL_BATCH = 64


@dataclass(frozen=True)
class Fitted:
    """A tuned model in eval mode, on the device it was trained on, and how it came about.

    ``curve`` holds the points of the ``metric`` events; ``best_step`` the one whose weights the model has (0:
    no step was usable and the weights are the untuned ones); ``truncated`` the number of texts of the
    whole corpus that were cut; ``seconds`` include loading and the cached states.
    """

    model: Any
    tokenizer: Any
    source: Source
    max_length: int
    curve: list[dict[str, Any]]
    best_step: int
    steps: int
    frozen_layers: int | None
    cached: bool
    trainable_parameters: int
    parameters: int
    truncated: int
    stopped: bool
    seconds: float


@dataclass(frozen=True)
class Material:
    """Encoded texts: what is learnt from, a fixed sample of it, and what decides which step is best."""

    train: list[Example]
    train_sample: list[Example]
    validation: list[Example]


def fit(config: FitConfig, corpus: Corpus, job: Job) -> Fitted:
    """Tune a model on the training part of *corpus*; the validation part chooses the step that is kept.

    Raises
    ------
    BadTable, BadModel, BadSetting
        If corpus, model or strategy do not fit together.
    Interrupted
        If a stop is asked for before the first step.
    """
    began = time.monotonic()
    job.phase(N_("Loading the model"))
    what, source = task(config.task), resolve(locate(config.model))
    what.check(corpus)
    model, tokenizer = _fresh(config, corpus, what, source)
    frozen = config.parsed.frozen(depth(model))
    if frozen is not None:
        freeze(model, frozen)
    max_length = min(config.max_length, source.max_positions)
    material = prepare(corpus, what, tokenizer, max_length, config.seed)
    learning = trainable(model)
    looked_at = len(material.train_sample) + len(material.validation)
    checkpoints = job.folder / "checkpoints"
    args = arguments(config, len(material.train), looked_at, checkpoints)
    recorder = Recorder(job, config.batch_size, texts_after(corpus), what.measures)
    loaded = time.monotonic()
    with prefix(model, frozen, material, job) as cached:
        if cached and frozen:  # the one pass so far tells what a pass through all layers takes
            read = len(material.train) + len(material.validation)
            recorder.seconds_per_text = (time.monotonic() - loaded) / read * depth(model) / frozen
        job.phase(N_("Training"))
        trainer = wire(config, what, model, tokenizer, material, recorder, args)
        trainer.train()
    shutil.rmtree(checkpoints, ignore_errors=True)
    best = trainer.state.best_global_step or 0
    if not best:  # no check gave a number, so the weights are worthless: give the untuned model back
        model, tokenizer = _fresh(config, corpus, what, source)
    return Fitted(
        model=model.eval(), tokenizer=tokenizer, source=source, max_length=max_length, curve=recorder.curve,
        best_step=best, steps=trainer.state.global_step, frozen_layers=frozen, cached=cached,
        trainable_parameters=learning, parameters=sum(p.numel() for p in model.parameters()),
        truncated=truncated(corpus, source, max_length), stopped=recorder.stopped,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def prepare(corpus: Corpus, what: Task, tokenizer: Any, max_length: int, seed: int) -> Material:
    """Encode training and validation texts, once.

    The two sets that are looked at again and again are bounded and sorted by length: no more than
    ``LIMITS.validation_sample`` validation texts, and half as many training texts, no more than
    ``LIMITS.train_sample``.
    """
    train, validation = corpus.part("train"), corpus.part("validation")
    encodings = what.encode(tokenizer, [*train.texts, *validation.texts], max_length)
    labels = [*train.labels.tolist(), *validation.labels.tolist()]
    examples = [
        {"input_ids": ids, "labels": label} for ids, label in zip(encodings.input_ids, labels, strict=True)
    ]
    looked_at = min(LIMITS.validation_sample, validation.n)
    sampled = min(max(looked_at // 2, 50), LIMITS.train_sample)
    return Material(
        train=examples[: train.n],
        train_sample=_looked_at(examples[: train.n], sampled, seed),
        validation=_looked_at(examples[train.n :], looked_at, seed),
    )


def _looked_at(examples: list[Example], most: int, seed: int) -> list[Example]:
    chosen = np.random.default_rng([seed, 1]).permutation(len(examples))[:most]
    return sorted((examples[i] for i in chosen), key=lambda example: len(example["input_ids"]))


def check_every(steps: int, batch_size: int, looked_at: int) -> int:
    """Steps between two checks of the curve.

    A training text costs about three times a text that is only read (forward once, backward twice). Checks
    may take a quarter of the whole, that is a third of the training: ``steps * batch / looked_at`` checks,
    but at least 10, so that a curve can be judged, and at most 30, which is enough to see one.
    """
    checks = min(max(steps * batch_size // looked_at, 10), 30)
    return -(-steps // checks) if steps >= 2 * checks else 1


@contextmanager
def prefix(model: Any, frozen: int | None, material: Material, job: Job) -> Iterator[bool]:
    """Within the block, *model* starts from the cached states of its frozen layers; yields whether it does.

    Nothing is cached if nothing is frozen, or if the states would need more than ``LIMITS.cached_states_mb``;
    the frozen layers then run again at every step, in eval mode too, with the same result.
    """
    examples = [*material.train, *material.validation]
    numbers = sum(len(example["input_ids"]) for example in examples) * model.config.hidden_size
    if frozen is None or numbers * 4 > LIMITS.cached_states_mb * 2**20:
        yield False
        return
    for row, example in enumerate(examples):
        example["rows"] = row
    encodings = Encodings([example["input_ids"] for example in examples], 0)
    with suffix(model, frozen, layer_states(model, encodings, frozen, _stoppable(job))):
        yield True


def _stoppable(job: Job) -> Report:
    def report(fraction: float, message: str) -> None:
        if job.stop_requested():
            raise Interrupted(N_("Stopped before the first step, so there is no tuned model."))
        job.report(fraction, N_("Running the frozen layers once"))

    return report


class PlainTrainer(Trainer):
    """The Trainer with an order of its own and checkpoints of only what learns."""

    model: Any
    train_dataset: Any

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        lengths = [len(example["input_ids"]) for example in self.train_dataset]
        return LengthSampler(lengths, self.args.train_batch_size, self.args.seed)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        learnt = {n: p.detach().contiguous() for n, p in self.model.named_parameters() if p.requires_grad}
        folder = Path(str(output_dir or self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_file(learnt, folder / WEIGHTS)

    def _load_best_model(self) -> None:
        learnt = load_file(Path(str(self.state.best_model_checkpoint)) / WEIGHTS)
        missing = self.model.load_state_dict(learnt, strict=False)
        if missing.unexpected_keys:
            raise RuntimeError(f"checkpoint and model differ: {missing.unexpected_keys[:3]}")


def arguments(config: FitConfig, texts: int, looked_at: int, folder: Path) -> TrainingArguments:
    """The Trainer's settings: *texts* training texts, *looked_at* texts a check, checkpoints in *folder*."""
    steps = config.planned_steps(texts)
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=EVAL_BATCH,
        learning_rate=config.rate,
        lr_scheduler_type="linear",
        warmup_steps=-(-steps // 10),
        weight_decay=0.01,
        seed=config.seed,
        eval_strategy="steps",
        eval_steps=check_every(steps, config.batch_size, looked_at),
        eval_on_start=True,
        include_for_metrics=["loss"],
        save_strategy="best",
        save_total_limit=2,
        save_only_model=True,
        load_best_model_at_end=True,
        metric_for_best_model="validation_choice",
        greater_is_better=True,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        average_tokens_across_devices=False,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,
    )


def wire(
    config: FitConfig,
    what: Task,
    model: Any,
    tokenizer: Any,
    material: Material,
    recorder: Recorder,
    args: TrainingArguments,
) -> Trainer:
    """The Trainer of a run."""
    model.accepts_loss_kwargs = False
    loss = what.weighted_loss(material.train, model.config.num_labels) if config.class_weights else None
    trainer = PlainTrainer(
        model=model,
        args=args,
        data_collator=lambda examples: what.collate(examples, tokenizer.pad_token_id),
        train_dataset=material.train,
        eval_dataset={"train_sample": material.train_sample, "validation": material.validation},
        compute_metrics=lambda seen: _measures(what, seen),
        preprocess_logits_for_metrics=lambda logits, _: logits[0] if isinstance(logits, tuple) else logits,
        compute_loss_func=loss,
        callbacks=[recorder, *([Patience(config.patience)] if config.patience else [])],
    )
    for callback in (PrinterCallback, ProgressCallback):  # they print, but standard output is not theirs
        trainer.remove_callback(callback)
    return trainer


def _measures(what: Task, seen: Any) -> dict[str, float]:
    """The task's metrics, and ``choice`` for the best step: the one the task says, ties by the lower loss.

    The weight of the loss is far below the smallest step such a share can take. Where the loss is not a
    number the choice is not one either, and such a step is never the best.
    """
    measured = what.metrics(seen.predictions, seen.label_ids)
    loss = float(np.mean(seen.losses))
    choice = measured[what.choice] - 1e-7 * min(loss, 100.0) if np.isfinite(loss) else np.nan
    return {**measured, "choice": choice}


def texts_after(corpus: Corpus) -> int:
    """How many texts the whole model reads when training is over: test report, validation, the probe."""
    return sum(corpus.part(part).n for part in ("validation", "test")) + sum(
        min(corpus.part(part).n, LIMITS.reference_texts) for part in ("train", "validation", "test")
    )


def _fresh(config: FitConfig, corpus: Corpus, what: Task, source: Source) -> tuple[Any, Any]:
    """The untuned model; the same seed gives the same new head."""
    set_seed(config.seed)
    return what.load(source, corpus, config.dropout)


def truncated(corpus: Corpus, source: Source, max_length: int) -> int:
    """How many texts of the corpus are longer than *max_length* tokens."""
    return int((lengths(source, corpus.texts) > max_length).sum())
