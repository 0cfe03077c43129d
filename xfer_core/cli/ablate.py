"""``xfer ablate``: what a model says of one text with heads switched off, and which tokens it rests on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_

if TYPE_CHECKING:
    from xfer_core.attention.ablation import Ablations
    from xfer_core.attention.switching import Switched

LISTED = 10


def add(commands: Any) -> None:
    this = parts.command(commands, "ablate", "what heads and tokens do to what a model says", ablate, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("--text", required=True, help="what the model reads")
    this.add_argument("--pair", metavar="TEXT2", help="a second text, read together with the first")
    this.add_argument(
        "--off", metavar="L.H,…",
        help="these heads off together, such as 4.7,5.2 (default: each in turn); of an encoder-decoder, heads"
        " of its encoder",
    )  # fmt: skip
    this.add_argument("--how", choices=("zero", "mean"), default="zero", help="what stands for their output")
    this.add_argument(
        "--mean-over", metavar="TABLE", help="a table or corpus:NAME for means (default: the text itself)"
    )
    this.add_argument(
        "--donor", metavar="MODEL2", default="", help="heads do what they do in this model instead"
    )
    this.add_argument(
        "--tokens", action="store_true", help="masked tokens, gradients, rollout and flow instead of heads"
    )


def ablate(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.attention.ablation import ablations_of
    from xfer_core.attention.switching import switched

    _check_together(args)
    if args.tokens:
        return _tokens(args)
    off = None if args.off is None else _heads(args.off)
    asked = {"how": args.how, "donor": args.donor, "report": parts.progress()}
    if args.mean_over:
        table = {"table": args.mean_over, "seed": 0, "encoding": None, "delimiter": None, "header": None}
        asked["corpus"] = corpora.save(parts.corpus_of(argparse.Namespace(**table)))
    if off is None:
        return _each(ablations_of(args.model, args.text, args.pair, **asked))
    return _together(switched(args.model, args.text, args.pair, off=off, **asked))


def _check_together(args: argparse.Namespace) -> None:
    """An option that would change nothing is a mistake, not a wish to ignore."""
    for given, option, idle, cure in (
        (args.mean_over and args.how != "mean", "--mean-over", "--how zero", N_("Add --how mean.")),
        (args.off is not None and args.tokens, "--off", "--tokens", N_("Leave one of them out.")),
    ):
        if given:
            raise BadSetting(N_("{option} does nothing with {other}."), cure, option=option, other=idle)


def _heads(given: str) -> frozenset[tuple[int, int]]:
    """``4.7,5.2`` → {(3, 6), (4, 1)}."""
    try:
        pairs = [part.split(".") for part in given.split(",") if part.strip()]
        if not pairs:
            raise ValueError
        return frozenset((int(layer) - 1, int(head) - 1) for layer, head in pairs)
    except ValueError:
        raise BadSetting(
            N_("“{heads}” is not a list of heads."),
            N_("Write layer and head, both counted from 1, such as 4.7,5.2."),
            heads=given[:60],
        ) from None


def _each(found: Ablations) -> dict[str, Any]:
    column = found.labels.index(found.predicted) if found.labels else 0
    size = abs(found.change[..., column])
    names = found.labels or ("distance",)
    rows = [
        {
            "layer": layer + 1, "head": head + 1,
            "change": dict(zip(names, found.change[layer, head].tolist(), strict=True)),
            "estimate": parts.plain(found.gradient[layer, head]),
        }
        for layer, head in (divmod(int(at), size.shape[1]) for at in (-size).argsort(axis=None))
    ]  # fmt: skip
    return {
        "predicted": found.predicted or None, "how": found.how, "donor": found.donor or None,
        "rank_correlation": parts.plain(found.rank_correlation), "control": found.control.tolist(),
        "seconds": round(found.seconds, 3), "heads": rows,
    }  # fmt: skip


def _together(found: Switched) -> dict[str, Any]:
    return {
        "off": [f"{layer + 1}.{head + 1}" for layer, head in found.off], "how": found.how,
        "donor": found.donor or None, "before": found.before, "after": found.after,
        "before_logits": found.before_logits, "after_logits": found.after_logits,
        "distance": parts.plain(found.distance), "control": found.control.tolist(),
    }  # fmt: skip


def _tokens(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.attention.flow import flow_of

    flow = flow_of(args.model, args.text, args.pair, report=parts.progress())
    gradients = flow.gradients
    columns = {
        "token": flow.tokens, "special": flow.special, "masked": flow.removed.tolist(),
        "gradients": gradients.values.tolist(), "rollout": flow.rollout.tolist(), "flow": flow.flow.tolist(),
    }  # fmt: skip
    return {
        "label": gradients.label or None, "baseline": gradients.baseline, "delta": gradients.delta,
        "steps": gradients.steps,
        "rank_correlations": {name: parts.plain(rho) for name, rho in flow.correlations.items()},
        "tokens": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }  # fmt: skip


def say(result: dict[str, Any]) -> str:
    if "tokens" in result:
        lines = [f"{'masked':>8} {'gradients':>9} {'rollout':>8} {'flow':>8}  token"]
        row_of = "{masked:8.4f} {gradients:+9.4f} {rollout:8.4f} {flow:8.4f}  {token}"
        lines += [row_of.format(**row) for row in result["tokens"]]
        scored = f"logit of {result['label']}" if result["label"] else "cosine of the text's vector"
        miss = f"{scored}; gradients against {result['baseline']} miss it by {result['delta']:.4f}"
        return "\n".join([*lines, miss])
    if "off" in result:
        return _say_together(result)
    what = f"logit of {result['predicted']}" if result["predicted"] else "1 - cosine of the text's vector"
    lines = [f"heads that change the {what} most, of {len(result['heads'])} ({result['seconds']} s)"]
    for row in result["heads"][:LISTED]:
        change = row["change"][result["predicted"] or "distance"]
        estimate = "" if row["estimate"] is None else f"  (loss by gradient: {row['estimate']:.4f})"
        lines.append(f"{row['layer']}.{row['head']:<4} {change:+.4f}{estimate}")
    if result["rank_correlation"] is not None:
        lines.append(f"rank correlation of estimated and exact change: {result['rank_correlation']:.2f}")
    return "\n".join(lines)


def _say_together(result: dict[str, Any]) -> str:
    lines = [
        f"{label}: {result['before'][label]:.4f} → {result['after'][label]:.4f}" for label in result["before"]
    ]
    if result["distance"] is not None:
        lines = [f"the text's vector turns by {result['distance']:.4f} (1 - cosine)"]
    if control := sorted(result["control"]):
        middle, high = control[len(control) // 2], control[-1]
        lines.append(f"as many random heads, {len(control)} times: {middle:.4f}, at most {high:.4f}")
    return "\n".join(lines)
