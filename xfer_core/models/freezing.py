"""Which parts of a model learn: part by part, and in each everything, the biases, an adapter, or nothing.

A frozen part is held in eval mode whatever the model's mode is, so it has no dropout, whether it runs at
every step or its states were computed once (:mod:`xfer_core.models.suffix`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Literal

from torch import nn
from transformers import PreTrainedModel

from xfer_core.models.adapter_kinds import ADAPTERS
from xfer_core.models.anatomy import anatomy

State = Literal["frozen", "weights", "biases", "adapter"]
_ADAPTED = tuple(kind.prefix for kind in ADAPTERS.values())


@dataclass(frozen=True)
class Parts:
    """The modules of a whole model by part; taken before a suffix stands in the place of some of them.

    Attributes
    ----------
    embeddings : tuple of Module
        What turns ids into what enters the first layer.
    layers : tuple of Module
        Layer 1, …, layer L.
    shared : tuple of Module
        What all layers use together; it learns only where every layer does.
    norm : Module or None
        After the last layer, with which it learns.
    """

    embeddings: tuple[nn.Module, ...]
    layers: tuple[nn.Module, ...]
    shared: tuple[nn.Module, ...]
    norm: nn.Module | None

    def named(self, states: Sequence[State]) -> Iterator[tuple[nn.Module, State, int]]:
        """Every module with its state and the part it belongs to: 0 the embeddings, 1 layer 1, … L."""
        if len(states) != len(self.layers) + 1:
            raise ValueError(f"{len(states)} states for embeddings and {len(self.layers)} layers")
        yield from ((module, states[0], 0) for module in self.embeddings)
        for part, layer in enumerate(self.layers, 1):
            yield layer, states[part], part
        together = states[1] if len(set(states[1:])) == 1 else "frozen"
        yield from ((module, together, 1) for module in self.shared)
        if self.norm is not None:
            yield self.norm, states[-1], len(self.layers)


def split(model: PreTrainedModel) -> Parts:
    """The parts of a whole *model*; raises BadModel for a family that is not supported."""
    body = anatomy(model)
    below = (body.embeddings, *body.below, *([body.positions] if body.positions else []))
    return Parts(
        embeddings=tuple(place.module for place in below),
        layers=tuple(body.stack),
        shared=tuple(place.module for place in body.shared),
        norm=body.norm.module if body.norm else None,
    )


def select(model: PreTrainedModel, states: Sequence[State], parts: Parts | None = None) -> None:
    """Let each part of *model* learn as *states* say (embeddings, layer 1, …, L); the head always does.

    Parameters
    ----------
    parts : Parts, optional
        Of the whole model, where it is a suffix now: parts that stand aside are set too.
    """
    parts = parts or split(model)
    thaw(model)
    for module, state, _ in parts.named(states):
        for name, parameter in module.named_parameters():
            parameter.requires_grad_(_learns(name, state))
        if state == "frozen":
            hold([module])
        else:
            vars(module).pop("train", None)
            module.train(model.training)


def freeze(model: PreTrainedModel, k: int | Literal["all"]) -> None:
    """Freeze the embeddings and the first *k* layers: no gradients, and eval mode whatever the model's mode.

    Parameters
    ----------
    k : int or "all"
        0 freezes the embeddings only; ``"all"``, or the model's depth, leaves the head (and pooler) to train.
        What was frozen before and lies above *k* is trainable again.
    """
    body = anatomy(model)
    layers = body.depth if k == "all" else k
    if not 0 <= layers <= body.depth:
        raise ValueError(f"cannot freeze {layers} of {body.depth} layers")
    thaw(model)
    hold(body.frozen(layers))


def thaw(model: PreTrainedModel) -> None:
    """Undo all freezing: every parameter trains, every module follows the model's mode."""
    for module in model.modules():
        vars(module).pop("train", None)
    model.requires_grad_(True)
    model.train(model.training)


def hold(modules: Iterable[nn.Module]) -> None:
    """No gradients for *modules*, and eval mode."""
    for module in modules:
        module.requires_grad_(False)
        stay_in_eval(module)


def stay_in_eval(module: nn.Module) -> None:
    """Keep *module* in eval mode: the Trainer calls ``model.train()`` in every step, after the callbacks, so
    only an override can stay."""
    vars(module)["train"] = MethodType(_evaluate, module)
    module.eval()


def stays_in_eval(module: nn.Module) -> bool:
    return "train" in vars(module)


def _evaluate(module: nn.Module, mode: bool = True) -> nn.Module:
    return nn.Module.train(module, False)


def renew(model: PreTrainedModel, layers: int) -> None:
    """New random weights, as the family begins its own, for the top *layers* and the pooler.

    Source: Zhang et al. 2021, "Revisiting Few-sample BERT Fine-tuning", arXiv 2006.05987. Drawn from torch's
    generator: seed it first.
    """
    stack = anatomy(model).stack
    pooler = getattr(model.base_model, "pooler", None)
    for top in [*stack[len(stack) - layers :], *([pooler] if pooler is not None else [])]:
        for part in (*top.modules(), *top.parameters()):
            # transformers' initialisation leaves alone what is marked as loaded.
            vars(part).pop("_is_hf_initialized", None)
        top.apply(model._init_weights)  # inner parts first: some families correct them from outside


def biases(model: PreTrainedModel) -> int:
    """How many bias vectors the layers of *model* have; none in Llama, Qwen3 and ModernBERT."""
    return sum(
        _learns(name, "biases") for layer in anatomy(model).stack for name, _ in layer.named_parameters()
    )


def _learns(name: str, state: State) -> bool:
    own = name.rpartition(".")[2]
    adapter = any(part.startswith(_ADAPTED) for part in name.split("."))
    return {"frozen": False, "weights": True, "biases": own == "bias", "adapter": adapter}[state]
