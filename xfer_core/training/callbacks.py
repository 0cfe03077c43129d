"""What the Trainer calls back: the learning curve, the time left, the stop wish, and patience."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from transformers import (
    EarlyStoppingCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from xfer_core.runs.worker import Job

WINDOW = 20
"""Steps that throughput is averaged over."""


class Recorder(TrainerCallback):
    """Writes the run's events: ``metric`` after every check, ``progress`` between them; stops on a wish.

    A point of the curve holds the loss and the task's *measures*, for training and validation texts.
    ``texts_after`` texts will be read by the whole model once training is over; at ``seconds_per_text`` (of
    the first check, if nobody sets it) they count into the time left.
    """

    def __init__(self, job: Job, batch_size: int, texts_after: int, measures: tuple[str, ...]) -> None:
        self.job, self.batch_size, self.texts_after = job, batch_size, texts_after
        self.names = ("loss", *measures)
        self.seconds_per_text: float | None = None
        self.left: Callable[[int], float] | None = None
        """What comes after a step, in steps like it, where later ones are not alike; None: they are."""
        self.curve: list[dict[str, Any]] = []
        self.stopped = False
        self._point: dict[str, float] = {}
        self._steps: deque[float] = deque(maxlen=WINDOW)
        self._step_began = time.monotonic()
        self._check_seconds = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._step_began = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        self._steps.append(time.monotonic() - self._step_began)
        seconds = max(sum(self._steps) / len(self._steps), 1e-9)
        steps = state.max_steps - state.global_step
        left = steps if self.left is None else self.left(state.global_step)
        self.job.progress(
            state.global_step,
            state.max_steps,
            seconds_left=left * seconds
            + steps * self._check_seconds / state.eval_steps
            + self.texts_after * (self.seconds_per_text or 0.0),
            throughput=self.batch_size / seconds,
        )
        if self.job.stop_requested():
            self.stopped = True
            control.should_training_stop = control.should_evaluate = True
        return control

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: Any,
    ) -> TrainerControl:
        """Called once a set; the point is complete with the validation set, which the Trainer takes last."""
        metrics = given["metrics"]
        name = "train_sample" if "eval_train_sample_loss" in metrics else "validation"
        short = name.removesuffix("_sample")
        self._point |= {f"{short}_{key}": metrics[f"eval_{name}_{key}"] for key in self.names}
        self._point["seconds"] = self._point.get("seconds", 0.0) + metrics[f"eval_{name}_runtime"]
        if name == "validation":
            self._check_seconds = self._point.pop("seconds")
            if self.seconds_per_text is None:
                self.seconds_per_text = 1 / metrics["eval_validation_samples_per_second"]
            self._add(state, control)
        return control

    def _add(self, state: TrainerState, control: TrainerControl) -> None:
        point = {"step": state.global_step, "epoch": round(float(state.epoch or 0), 4), **self._point}
        self._point = {}
        self.curve.append(point)
        self.job.event("metric", **point)
        if not (math.isfinite(point["train_loss"]) and math.isfinite(point["validation_loss"])):
            control.should_training_stop = True  # nothing comes back from NaN; the curve shows where


class Patience(EarlyStoppingCallback):
    """transformers' early stopping, silent about the set that does not decide and before step *begins*.

    A phase in which little learns may bring nothing; that is no reason to leave out the next.
    """

    def __init__(self, patience: int, begins: int = 0) -> None:
        super().__init__(patience)
        self.begins = begins

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Any = None,
        **given: Any,
    ) -> None:
        if f"eval_{args.metric_for_best_model}" in metrics and state.global_step > self.begins:
            super().on_evaluate(args, state, control, metrics, **given)
