"""What a strategy does to a model of a given depth, as data: phases, rates, and what stands on top.

Parts of a model are counted from below: the embeddings, then layer 1 to layer L. The classifier on top (and
the pooler below it) always learns. Names count layers like this; only :func:`learning` takes indices, from 0,
as they are in a model's list of layers, and :func:`block` and :func:`named` are where the two meet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_

State = Literal["frozen", "weights", "biases", "adapter"]
"""What of a part learns: nothing, everything, the biases only, or a small adapter beside frozen weights."""

DECAY = 0.85
"""Of discriminative rates, a layer. ULMFiT's 1/2.6 suits three layers, 0.95 (Sun et al. 2019) twelve or more;
over six, 0.95 makes hardly a difference (0.95**6 = 0.74; 0.85**6 = 0.38)."""


@dataclass(frozen=True)
class Phase:
    """A stretch of training in which the same parts learn.

    Attributes
    ----------
    share : float
        Of all steps; the shares of a plan add up to 1.
    parts : tuple of State
        Embeddings, layer 1, …, layer L.
    rate : float
        Factor on the learning rate in this phase. The schedule (warm-up, then linear to zero) is the phase's
        own.
    """

    share: float
    parts: tuple[State, ...]
    rate: float = 1.0

    @property
    def prefix(self) -> int | None:
        """How many layers at the bottom stay as they are, so that their states can be computed once.

        None when the embeddings learn; L when only the head does; 0 when only the embeddings stay.
        """
        first = next((i for i, state in enumerate(self.parts) if state != "frozen"), len(self.parts))
        return first - 1 if first else None


@dataclass(frozen=True)
class Plan:
    """A strategy applied to a model of *depth* layers.

    Attributes
    ----------
    phases : tuple of Phase
        One after the other. A solver's plan has one, in which nothing but the head learns.
    rates : tuple of float
        Factors on the learning rate of embeddings, layer 1, …, layer L, head; length depth + 2.
    fresh : int
        How many of the top layers start from new random weights.
    adapter : str
        ``""``, ``"lora"`` or ``"ia3"``.
    pooled : tuple of int
        If not empty: no steps; scikit-learn on the mean-pooled states of these layers (0: the embeddings,
        L: the last layer).
    """

    depth: int
    phases: tuple[Phase, ...]
    rates: tuple[float, ...]
    fresh: int = 0
    adapter: str = ""
    pooled: tuple[int, ...] = ()

    @property
    def solver(self) -> bool:
        """Whether the head is solved for rather than trained step by step."""
        return bool(self.pooled)

    @property
    def prefix(self) -> int | None:
        """The lowest of the phases' prefixes: None when the embeddings learn at any time."""
        found = [phase.prefix for phase in self.phases]
        known = [prefix for prefix in found if prefix is not None]
        return min(known) if len(known) == len(found) else None

    @property
    def trained(self) -> tuple[State, ...]:
        """The parts as they are in the last phase, when all that ever learns does."""
        return self.phases[-1].parts

    @property
    def reach(self) -> int:
        """How many layers a step goes back through at most; with the embeddings depth + 1, head only 0."""
        return self.depth + 1 if self.prefix is None else self.depth - self.prefix


def learning(
    depth: int, layers: Collection[int], *, embeddings: bool = False, state: State = "weights"
) -> tuple[State, ...]:
    """The parts of a model of which *layers* (indices from 0), perhaps the *embeddings*, are in *state*."""
    return tuple(
        state if part in layers or (part == -1 and embeddings) else "frozen" for part in range(-1, depth)
    )


def flat(depth: int, parts: tuple[State, ...], **more: int | str | tuple[int, ...]) -> Plan:
    """A plan of one phase and one rate."""
    return Plan(depth, (Phase(1.0, parts),), (1.0,) * (depth + 2), **more)  # type: ignore[arg-type]


def head(depth: int) -> Plan:
    return flat(depth, learning(depth, ()))


def freeze(k: int, depth: int) -> Plan:
    _within(k, 0, depth)
    return flat(depth, learning(depth, range(k, depth)))


def top(n: int, depth: int) -> Plan:
    _within(n, 0, depth)
    return freeze(depth - n, depth)


def block(j: int, depth: int) -> Plan:
    _present(j, 1, depth)
    return flat(depth, learning(depth, (j - 1,)))


def named(parts: str, depth: int) -> Plan:
    """*parts* as users write them: ``e,1,4`` (e: the embeddings)."""
    given = parts.split(",")
    layers = {int(part) for part in given if part != "e"}
    for layer in sorted(layers):
        _present(layer, 1, depth)
    return flat(depth, learning(depth, {layer - 1 for layer in layers}, embeddings="e" in given))


def full(depth: int) -> Plan:
    return flat(depth, learning(depth, range(depth), embeddings=True))


def gradual(depth: int) -> Plan:
    """Half of the steps to thaw one layer after the other from the top, the other half with everything."""
    thawing = tuple(
        Phase(0.5 / (depth + 1), learning(depth, range(lowest, depth))) for lowest in range(depth, -1, -1)
    )
    whole = Phase(0.5, learning(depth, range(depth), embeddings=True))
    return Plan(depth, (*thawing, whole), (1.0,) * (depth + 2))


def discriminative(depth: int) -> Plan:
    rates = tuple(DECAY ** (depth - layer) for layer in range(-1, depth))
    return Plan(depth, full(depth).phases, (*rates, 1.0))


def lp_ft(depth: int) -> Plan:
    """The head alone, at a head's rate, then everything at its own."""
    probe = Phase(0.3, learning(depth, ()), rate=5.0)
    whole = Phase(0.7, learning(depth, range(depth), embeddings=True))
    return Plan(depth, (probe, whole), (1.0,) * (depth + 2))


def reinit(n: int, depth: int) -> Plan:
    _within(n, 1, depth)
    return flat(depth, learning(depth, range(depth), embeddings=True), fresh=n)


def bitfit(depth: int) -> Plan:
    return flat(depth, learning(depth, range(depth), state="biases"))


def adapted(kind: str, depth: int) -> Plan:
    return flat(depth, learning(depth, range(depth), state="adapter"), adapter=kind)


def features(k: int, depth: int) -> Plan:
    _present(k, 0, depth)
    return flat(depth, learning(depth, ()), pooled=(k,))


def mix(depth: int) -> Plan:
    return flat(depth, learning(depth, ()), pooled=tuple(range(depth + 1)))


def _within(number: int, low: int, depth: int) -> None:
    if not low <= number <= depth:
        raise BadSetting(
            N_("{number} layers do not fit this model, which has {depth}."),
            N_("Choose a number of layers from {low} to {depth}."),
            number=number, depth=depth, low=low,
        )  # fmt: skip


def _present(layer: int, first: int, last: int) -> None:
    if not first <= layer <= last:
        raise BadSetting(
            N_("This model has no layer {layer}."),
            N_("Choose a layer from {first} to {last}."),
            layer=layer, first=first, last=last,
        )  # fmt: skip
