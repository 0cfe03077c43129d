"""One layer's attention taken apart: each step in float64 from the step before and the model's parameters.

What the model itself came to is known from the lens (queries, keys, values, weights, head outputs) and from
what passed through its embeddings, matrices and norms. A step is compared with that, and only with that: what
the model keeps to itself has no tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from xfer_core.attention.steps import AGREES, Array, Step, Value
from xfer_core.models.families import FUSED, MATRICES
from xfer_core.models.lens import Heads
from xfer_core.models.projection import output_projection
from xfer_core.models.watching import Passed

HIDDEN = -1e4
"""A mask at or below this shuts a token out."""


def trace(
    entrance: Sequence[nn.Module],
    block: nn.Module,
    heads: Heads,
    passed: Passed,
    embedded: Tensor,
    entering: Tensor,
    head: int,
    query: int,
    key: int,
) -> tuple[list[Step], int]:
    """The steps of *head* for the tokens *query* and *key* of one text, and how many tokens the query sees.

    Parameters
    ----------
    entrance : modules
        Of the embeddings.
    block : module
        The layer.
    passed
        What passed through all modules inside *entrance* and *block*.
    embedded, entering : Tensor [1, T, hidden]
        State 0, and the state that enters the layer.
    """
    layer = _Layer(block, heads, passed, _array(entering[0]), head, query, key)
    steps = [
        *_embedding(entrance, passed, _array(embedded[0, query]), query),
        *layer.projections(),
        *layer.weights(),
        *layer.leaving(),
    ]
    return steps, int((layer.bias > HIDDEN).sum())


def _embedding(entrance: Iterable[nn.Module], passed: Passed, embedded: Array, token: int) -> Iterator[Step]:
    """The rows of the model's tables for the token, and their sum."""
    modules = [module for part in entrance for module in part.modules() if module in passed]
    tables = [module for module in modules if isinstance(module, nn.Embedding)]
    rows = [_array(passed[table][1].flatten(0, -2)[token]) for table in tables]
    if len(rows) == 1:
        yield Step(
            "embedding",
            "e_i" + _in(rows[0]),
            (Value("e_i", rows[0]),),
            None,
        )
        return
    total = np.sum(rows, axis=0)
    norms = [passed[module][0] for module in modules if _is_norm(module)]
    symbols = ("e_i", "p_i", "s_i")[: len(rows)]
    yield Step(
        "embedding and position",
        " + ".join(symbols) + " = z_i" + _in(total),
        (*(Value(symbol, row) for symbol, row in zip(symbols, rows, strict=True)), Value("z_i", total)),
        _error(total, _array(norms[0][0, token]) if norms else embedded),
    )


class _Layer:
    """One head of one layer, for one pair of tokens."""

    def __init__(
        self, block: nn.Module, heads: Heads, passed: Passed, entering: Array, head: int, i: int, j: int
    ) -> None:
        assert heads.query is not None and heads.key is not None and heads.value is not None
        assert heads.output is not None and heads.scaling is not None
        self.block, self.passed, self.entering = block, passed, entering
        self.head, self.i, self.j = head, i, j
        self.names = {module: name.rpartition(".")[2] for name, module in block.named_modules()}
        self.query, self.keys, self.values = (
            _array(tensor[0, head]) for tensor in (heads.query, heads.key, heads.value)
        )
        self.alphas = _array(heads.weights[0, head, i])
        self.outputs = _array(heads.output[0, :, i])  # of all heads
        self.scaling, self.width = heads.scaling, self.query.shape[-1]
        mask = np.zeros((1, len(self.keys))) if heads.mask is None else _array(heads.mask[0, 0])
        self.bias = mask[min(i, len(mask) - 1)]

    # Query, key and value --------------------------------------------------------------------------------

    def projections(self) -> Iterator[Step]:
        matrix, _ = self.matrix("query")
        given = _array(self.passed[matrix][0][0])
        yield self.given(given[self.i])
        yield from self.projected("query", "q_i", self.i, given, self.query)
        yield from self.projected("key", "k_j", self.j, given, self.keys)
        yield from self.projected("value", "v_j", self.j, given, self.values)

    def given(self, given: Array) -> Step:
        """The state as it enters the matrices, normalised first where the family does so."""
        state = self.entering[self.i]
        if np.array_equal(state, given):
            return Step(
                "state",
                "x_i" + _in(state),
                (Value("x_i", state),),
                None,
            )
        norms = (module for module in self.names if _is_norm(module) and module in self.passed)
        norm = next(module for module in norms if np.array_equal(self.at(module, 1), given))
        return Step(
            "normalised state",
            r"\hat{x}_i = \mathrm{norm}(x_i)" + _in(state),
            (Value("x_i", state), Value(r"\hat{x}_i", given)),
            _error(_normalised(norm, state), given),
        )

    def projected(self, role: str, symbol: str, token: int, given: Array, known: Array) -> Iterator[Step]:
        """``W x + b`` for this head, and what the family does to it before it is used."""
        letter = symbol[0]
        matrix, place = self.matrix(role)
        weight, bias = _matrix(matrix)
        rows = self.rows(role, place, len(weight))
        result = weight[rows] @ given[token] + (0 if bias is None else bias[rows])
        inside = rf"W_{letter.upper()}\,x_{symbol[2]}" + ("" if bias is None else rf" + b_{letter.upper()}")
        raw = _array(self.passed[matrix][1][0, token])[rows]
        turned = role != "value" and _error(raw, known[token]) > AGREES
        yield Step(
            role,
            rf"{symbol} = {inside}, \quad W_{letter.upper()} \in \mathbb{{R}}^{{{self.width} \times"
            rf" {given.shape[-1]}}}",
            (Value(f"x_{symbol[2]}", given[token]), Value(symbol, result, "head")),
            _error(result, raw if turned else known[token]),
        )
        if turned:
            yield from self.turned(role, symbol, token, result, known[token])

    def turned(self, role: str, symbol: str, token: int, made: Array, known: Array) -> Iterator[Step]:
        """Rotation by position (RoFormer, arXiv 2104.09864), after a norm of each head in some families."""
        norms = (module for module, name in self.names.items() if name == f"{role[0]}_norm")
        norm = next(norms, None)
        before = made if norm is None else _normalised(norm, made)
        used = symbol if norm is None else rf"\mathrm{{norm}}({symbol})"
        yield Step(
            f"{role} position",
            rf"{symbol} \leftarrow R_{{{token + 1}}}\," + used,
            (Value(symbol, before, "head"), Value(rf"R\,{symbol}", known, "head")),
            _error(_length(before), _length(known)),
        )

    def matrix(self, role: str) -> tuple[nn.Module, int]:
        """The module that makes the heads' queries, keys or values, and which third of its rows does."""
        for module, name in self.names.items():
            if module in self.passed and name in MATRICES[role]:
                return module, 0
        fused = (module for module, name in self.names.items() if module in self.passed and name in FUSED)
        return next(fused), list(MATRICES).index(role)

    def rows(self, role: str, place: int, made: int) -> slice:
        """Where this head's numbers stand among the *made* ones of a matrix."""
        heads = len(self.outputs)
        own = self.head
        if place or self.names[self.matrix(role)[0]] in FUSED:
            own += place * heads
        else:
            own = own * (made // self.width) // heads  # grouped: some query heads share one key head
        return slice(own * self.width, (own + 1) * self.width)

    # The weight ------------------------------------------------------------------------------------------

    def weights(self) -> Iterator[Step]:
        q, k = self.query[self.i], self.keys[self.j]
        products = q * k
        scores = self.keys @ q * self.scaling
        yield Step(
            "score",
            rf"q_i \cdot k_j = \sum_{{c=1}}^{{{self.width}}} q_{{ic}}\,k_{{jc}}",
            (Value(r"q_i \odot k_j", products, "head"), Value(r"q_i \cdot k_j", np.array(products.sum()))),
            None,
        )
        root = np.isclose(self.scaling, self.width**-0.5)
        by = rf"\sqrt{{{self.width}}}" if root else rf"{1 / self.scaling:.4g}"
        yield Step(
            "scale",
            rf"s_{{ij}} = q_i \cdot k_j / {by}",
            (Value(r"q_i \cdot k_j", np.array(products.sum())), Value("s_{ij}", np.array(scores[self.j]))),
            None,
        )
        seen = self.bias > HIDDEN
        given = "0" if seen[self.j] else r"-\infty"
        if self.bias.any():
            yield Step(
                "mask",
                rf"s_{{ij}} \leftarrow s_{{ij}} + m_{{ij}}, \quad m_{{ij}} = {given}",
                (Value("m_{i}", np.where(seen, self.bias, -np.inf), "keys"),),
                None,
            )
        scores = np.where(seen, scores + self.bias, -np.inf)
        alphas = np.exp(scores - scores.max())
        alphas /= alphas.sum()
        yield Step(
            "softmax",
            rf"\alpha_{{ij}} = \frac{{e^{{s_{{ij}}}}}}{{\sum_{{t=1}}^{{{len(scores)}}} e^{{s_{{it}}}}}}",
            (
                Value("s_{i}", scores, "keys"),
                Value(r"\alpha_{i}", alphas, "keys"),
                Value(r"\alpha_{ij}", np.array(alphas[self.j])),
            ),
            _error(alphas, self.alphas),
        )

    # Back to the stream ----------------------------------------------------------------------------------

    def leaving(self) -> Iterator[Step]:
        mixed = self.alphas @ self.values
        lengths = self.alphas * np.linalg.norm(self.values, axis=1)
        yield Step(
            "mix",
            r"o_i = \sum_t \alpha_{it}\,v_t" + _in(mixed),
            (Value(r"\lVert\alpha_{it}\,v_t\rVert", lengths, "keys"), Value("o_i", mixed, "head")),
            _error(mixed, self.outputs[self.head]),
        )
        weight, bias = (
            None if tensor is None else _array(tensor) for tensor in output_projection(self.block)
        )
        assert weight is not None
        columns = weight.reshape(len(weight), len(self.outputs), self.width)
        parts = np.einsum("nhd,hd->hn", columns, self.outputs)
        yield Step(
            "output",
            r"W_O^{(h)}\,o_i" + _in(parts[self.head]),
            (Value("o_i", self.outputs[self.head], "head"), Value("W_O^{(h)}\\,o_i", parts[self.head])),
            None,
        )
        total = parts.sum(0) + (0 if bias is None else bias)
        yield Step(
            "heads",
            rf"a_i = \sum_{{h=1}}^{{{len(parts)}}} W_O^{{(h)}} o_i^{{(h)}}{'' if bias is None else ' + b_O'}",
            (
                Value(r"\lVert W_O^{(h)} o_i^{(h)}\rVert", np.linalg.norm(parts, axis=1), "heads"),
                Value("a_i", total),
            ),
            self.compared(total),
        )
        yield self.stream(total)

    def compared(self, total: Array) -> float | None:
        """Against what came out of the module whose input is all heads' outputs, end to end."""
        joined = self.outputs.reshape(-1)
        for module, (given, got) in self.passed.items():
            if module in self.names and given.shape[-1] == joined.size and given.ndim == 3 and got.ndim == 3:
                into = _array(given[0, self.i])
                if _error(into, joined) < 1e-6 and got.shape[-1] == total.size and hasattr(module, "weight"):
                    return _error(total, _array(got[0, self.i]))
        return None

    def stream(self, total: Array) -> Step:
        """The sum that goes on; the first norm after attention is given it."""
        state = self.entering[self.i]
        after = state + total
        norms = [module for module in self.passed if module in self.names and _is_norm(module)]
        errors = [_error(after, self.at(norm, 0)) for norm in norms if self.at(norm, 0).shape == after.shape]
        return Step(
            "stream",
            r"x_i + a_i",
            (Value("x_i", state), Value("a_i", total), Value("x_i + a_i", after)),
            min(errors, default=None),
        )

    def at(self, module: nn.Module, side: int) -> Array:
        """What entered (0) or left (1) *module* at the query's place."""
        tensor = self.passed[module][side]
        return _array(tensor[0, self.i]) if tensor.ndim == 3 else np.empty(0)


def _is_norm(module: nn.Module) -> bool:
    return "norm" in type(module).__name__.lower()


def _normalised(norm: nn.Module, vector: Array) -> Array:
    """Layer norm, or root-mean-square norm where the module has no mean to take away."""
    epsilon = float(getattr(norm, "eps", 0.0) or getattr(norm, "variance_epsilon", 0.0))
    weight, bias = _array(norm.weight), getattr(norm, "bias", None)
    if "rms" in type(norm).__name__.lower():
        return vector / np.sqrt(np.mean(vector**2) + epsilon) * weight
    scaled = (vector - vector.mean()) / np.sqrt(vector.var() + epsilon) * weight
    return scaled if bias is None else scaled + _array(bias)


def _matrix(module: nn.Module) -> tuple[Array, Array | None]:
    """Weight [out, in] and bias; GPT-2 keeps its matrices the other way round."""
    weight, bias = _array(module.weight), module.bias
    turned = weight.T if type(module).__name__ == "Conv1D" else weight
    return turned, None if bias is None else _array(bias)


def _in(vector: Array) -> str:
    return rf" \in \mathbb{{R}}^{{{vector.size}}}"


def _length(vector: Array) -> Array:
    return np.array(np.linalg.norm(vector))


def _array(tensor: Any) -> Array:
    found: Array = tensor.detach().double().cpu().numpy()
    return found


def _error(ours: Array, theirs: Array) -> float:
    """Largest difference, relative to the model's largest number."""
    scale = float(np.abs(theirs).max()) or 1.0
    return float(np.abs(ours - theirs).max()) / scale
