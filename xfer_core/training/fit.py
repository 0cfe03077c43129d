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
from dataclasses import replace
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
from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models import freezing
from xfer_core.models.load import device
from xfer_core.models.sources import Source
from xfer_core.runs.worker import Job
from xfer_core.settings import LIMITS
from xfer_core.tasks import Task, task
from xfer_core.training import adapters, memory
from xfer_core.training.beside import Beside
from xfer_core.training.callbacks import Patience, Recorder
from xfer_core.training.checks import EVAL_BATCH, check_every
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Material, Shared
from xfer_core.training.optim import optimiser, schedule
from xfer_core.training.phases import Stages, extent
from xfer_core.training.plans import Plan
from xfer_core.training.pooled_fit import heed, solve, stoppable
from xfer_core.training.sampler import LengthSampler
from xfer_core.training.settings import FitConfig

WEIGHTS = "model.safetensors"


def fit(
    config: FitConfig,
    corpus: Corpus,
    job: Job,
    *,
    shared: Shared | None = None,
    read_after: int | None = None,
    beside: Beside | None = None,
) -> Fitted:
    """Tune a model on the training part of *corpus*; the validation part chooses the step that is kept.

    Parameters
    ----------
    shared : Shared, optional
        What earlier runs on the same corpus and model left for this one.
    read_after : int, optional
        Texts that the whole model will read when training is over, for the time left; None: those of a run.
    beside : Beside, optional
        What it learns from beside the labelled texts; of a strategy without steps it is not asked.

    Raises
    ------
    BadTable, BadModel, BadSetting
        If corpus, model or strategy do not fit together.
    Interrupted
        If a stop is asked for before the first step.
    """
    began = time.monotonic()
    memory.reset_peak()
    job.phase(N_("Loading the model"))
    shared = shared or Shared()
    what, source = task(config.task), shared.source(config.model)
    plan = config.parsed.plan(source.layers)
    what.check(corpus)
    if plan.solver:
        return solve(config, corpus, job, plan, what, shared)
    model, tokenizer = _fresh(config, corpus, what, source)
    max_length = min(config.max_length, source.max_positions)
    beside = beside or Beside()
    material = shared.material(corpus, what, tokenizer, max_length, config.seed)
    material = replace(material, train=[*material.train, *beside.examples(material)])
    wanted = {phase.prefix for phase in plan.phases if phase.prefix is not None}
    bf16 = config.precision == "bf16"
    states = shared.states(
        model, source, material.encodings, wanted, max_length=max_length, bf16=bf16, report=stoppable(job)
    )
    begin(model, plan)
    looked_at = len(material.train_sample) + len(material.validation)
    checkpoints = job.folder / "checkpoints"
    args = arguments(config, len(material.train), looked_at, checkpoints)
    read_after = texts_after(corpus) if read_after is None else read_after
    recorder = Recorder(job, config.batch_size, read_after, what.measures)
    stages = Stages(model, plan, states, args.max_steps)
    recorder.left = stages.left
    with beside.on(model, material, lambda examples: what.collate(examples, tokenizer.pad_token_id)):
        trainer = wire(config, what, tokenizer, material, recorder, args, stages, beside)
        heed(job)
        job.phase(N_("Training"))
        with stages:
            trainer.train()
    shutil.rmtree(checkpoints, ignore_errors=True)
    best = trainer.state.best_global_step or 0
    if not best:  # no check gave a number, so the weights are worthless: give the untuned model back
        model, tokenizer = _fresh(config, corpus, what, source)
    finish(model, plan)
    return Fitted(
        model=model, tokenizer=tokenizer, source=source, plan=plan, max_length=max_length,
        curve=recorder.curve, best_step=best, steps=trainer.state.global_step,
        cached=extent(plan, states, args.max_steps),
        trainable_parameters=sum(parameter.numel() for parameter in stages.learning.values()),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        memory_mb=memory.peak_mb(), truncated=shared.truncated(corpus, source, max_length),
        stopped=recorder.stopped, seconds=time.monotonic() - began,
    )  # fmt: skip


def begin(model: Any, plan: Plan) -> None:
    """Give the untuned *model* the new layers or the adapter of *plan*; raises BadModel where none fits."""
    if plan.fresh:
        freezing.renew(model, plan.fresh)
    if plan.adapter:
        adapters.adapt(model, plan.adapter)
    if "biases" in plan.trained and not freezing.biases(model):
        raise BadModel(
            N_("The layers of a “{family}” model have no biases, so there is nothing for bitfit to train."),
            N_("Choose another strategy, such as lora or top-2."),
            family=str(model.config.model_type),
        )


def finish(model: Any, plan: Plan) -> None:
    """A plain model in eval mode again, all of which could learn."""
    if plan.adapter:
        adapters.merge(model)
    freezing.thaw(model)
    model.eval()


class PlainTrainer(Trainer):
    """The Trainer with an order of its own, phases, a loss beside, checkpoints of only what ever learns."""

    model: Any
    train_dataset: Any
    stages: Stages
    beside: Beside

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **given: Any) -> Any:
        loss: Any = super().compute_loss(model, inputs, *args, **given)
        if not model.training:
            return loss
        more = self.beside.loss(model, inputs, self.state.global_step / self.state.max_steps)
        return loss if more is None else loss + more

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        lengths = [len(example["input_ids"]) for example in self.train_dataset]
        return LengthSampler(lengths, self.args.train_batch_size, self.args.seed)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(str(output_dir or self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_file({n: p.detach().contiguous() for n, p in self.stages.learning.items()}, folder / WEIGHTS)

    def _load_best_model(self) -> None:
        kept = load_file(Path(str(self.state.best_model_checkpoint)) / WEIGHTS)
        with torch.no_grad():
            for name, parameter in self.stages.learning.items():
                parameter.copy_(kept[name])


def arguments(config: FitConfig, texts: int, looked_at: int, folder: Path) -> TrainingArguments:
    """The Trainer's settings: *texts* training texts, *looked_at* texts a check, checkpoints in *folder*.

    The schedule of the learning rate is :func:`~xfer_core.training.optim.schedule`'s.
    """
    steps = config.planned_steps(texts)
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=EVAL_BATCH,
        learning_rate=config.rate,
        weight_decay=0.01,
        bf16=config.precision == "bf16",
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
        dataloader_pin_memory=device().type == "cuda",
        use_cpu=device().type == "cpu",
        report_to="none",
        disable_tqdm=True,
    )


def wire(
    config: FitConfig,
    what: Task,
    tokenizer: Any,
    material: Material,
    recorder: Recorder,
    args: TrainingArguments,
    stages: Stages,
    beside: Beside | None = None,
) -> Trainer:
    """The Trainer of a run; its *stages* have not begun, so that it sees the whole model."""
    model, beside = stages.model, beside or Beside()
    model.accepts_loss_kwargs = False
    patience = [Patience(config.patience, stages.last_begins)] if config.patience else []
    loss = what.weighted_loss(material.train, model.config.num_labels) if config.class_weights else None
    chosen = optimiser(args, model, stages.plan, stages.parts, stages.learning)
    for group in beside.groups():
        chosen.add_param_group(group)
    trainer = PlainTrainer(
        model=model,
        args=args,
        data_collator=lambda examples: what.collate(examples, tokenizer.pad_token_id),
        train_dataset=material.train,
        eval_dataset={"train_sample": material.train_sample, "validation": material.validation},
        compute_metrics=lambda seen: _measures(what, seen),
        preprocess_logits_for_metrics=lambda logits, _: logits[0] if isinstance(logits, tuple) else logits,
        compute_loss_func=loss,
        callbacks=[recorder, stages, *patience],
        optimizers=(chosen, schedule(chosen, stages.plan, args.max_steps)),
    )
    trainer.stages, trainer.beside = stages, beside
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
