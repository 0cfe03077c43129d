"""Which layer would move most? Relative gradient norms, from one backward pass through the untuned model.

Source: Lee et al. 2023, "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts", arXiv 2210.11466
(Auto-RGN): the part whose gradient is largest, measured against its weights, is the one to tune alone. There
the head is a trained one; here it is new, and gradients through a random head tell little, so it first learns
alone for some steps on the states of the last layer. The evidence for the rule comes from images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xfer_core.corpora import corpus as corpora
from xfer_core.i18n import N_
from xfer_core.models.sources import resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate
from xfer_core.tasks import task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn

TEXTS = 256
BATCH = 32
HEAD_STEPS = 60
HEAD_RATE = 5e-3


@dataclass(frozen=True)
class Profile:
    """Relative gradient norms ‖g‖ / ‖w‖ of the embeddings and every layer, lowest first.

    ``parts`` are ``embeddings`` and the layers' numbers from 1, ``block`` the number of the layer with the
    largest norm (embeddings left out, they are no layer); ``texts`` how many texts the
    gradient is the mean of.
    """

    parts: tuple[str, ...]
    norms: tuple[float, ...]
    block: int
    texts: int


def profile(
    model: str, corpus_id: str, *, max_length: int = 128, seed: int = 0, report: Report = silent
) -> Profile:
    """The profile of *model* on a sample of the training texts, for the engine.

    Raises
    ------
    BadTable, BadModel
        If corpus and model do not fit together.
    """
    from transformers import set_seed

    from xfer_core.models.freezing import split, thaw

    source, what = resolve(locate(model)), task("classification")
    corpus = corpora.load(corpus_id)
    what.check(corpus)
    texts = corpora.sample(corpus.part("train"), TEXTS, seed=seed, by=("label",))
    report(0.0, N_("Loading the model"))
    set_seed(seed)
    tuned, tokenizer = what.load(source, corpus, 0.0)
    encodings = what.encode(tokenizer, texts.texts, min(max_length, source.max_positions))
    examples = [
        {"input_ids": ids, "labels": label, "rows": row}
        for row, (ids, label) in enumerate(zip(encodings.input_ids, texts.labels.tolist(), strict=True))
    ]
    report(0.1, N_("Letting the classifier learn alone"))
    _learn_head(tuned, encodings, [what.collate(examples, tokenizer.pad_token_id)], tuned.device)
    thaw(tuned)
    tuned.eval().zero_grad()
    order = sorted(examples, key=lambda example: len(example["input_ids"]))
    for first in range(0, len(order), BATCH):
        report(0.4 + 0.6 * first / len(order), N_("Taking the gradient"))
        chosen = [{**example} for example in order[first : first + BATCH]]
        for example in chosen:
            del example["rows"]
        batch = _moved(what.collate(chosen, tokenizer.pad_token_id), tuned.device)
        (tuned(**batch).loss * len(chosen) / len(order)).backward()
    parts = split(tuned)
    norms = (_relative(parts.embeddings), *(_relative((layer,)) for layer in parts.layers))
    names = ("embeddings", *(str(layer) for layer in range(1, len(norms))))
    block = max(range(1, len(norms)), key=lambda layer: norms[layer])
    return Profile(names, norms, block, len(order))


def _learn_head(model: Any, encodings: Any, batches: list[dict[str, Any]], device: Any) -> None:
    import torch

    from xfer_core.models.freezing import freeze
    from xfer_core.models.states import layer_states
    from xfer_core.models.suffix import suffix

    freeze(model, "all")
    layers = model.config.num_hidden_layers
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=HEAD_RATE)
    with suffix(model, layers, layer_states(model, encodings, layers)):
        for step in range(HEAD_STEPS):
            optimiser.zero_grad()
            model(**_moved(batches[step % len(batches)], device)).loss.backward()
            optimiser.step()


def _moved(batch: dict[str, Any], device: Any) -> dict[str, Any]:
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _relative(modules: Iterable[nn.Module]) -> float:
    """‖g‖ / ‖w‖ over all parameters of some modules together."""
    gradients = weights = 0.0
    for module in modules:
        for parameter in module.parameters():
            weights += float(parameter.detach().double().square().sum())
            if parameter.grad is not None:
                gradients += float(parameter.grad.double().square().sum())
    return (gradients / weights) ** 0.5 if weights else 0.0
