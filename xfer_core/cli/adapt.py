"""``xfer adapt``: bridge two domains without labels of the target."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting, Interrupted
from xfer_core.i18n import N_, Said, fill

FROZEN = ("layer", "shares", "per_class")
"""Arguments that only methods on frozen features take."""
BOTH = ("model", "max_length", "seed")
KINDS = {"int": int, "float": float, "text": str, "choice": str}


def add(commands: Any) -> None:
    from xfer_core.adaptation import settings as trained
    from xfer_core.analysis.alignment import DEFAULT, METHODS, SHARES

    this = parts.command(commands, "adapt", "bridge two domains without labels of the target", adapt, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--source", required=True, metavar="DOMAIN", help="the domain with labels")
    this.add_argument("--target", required=True, metavar="DOMAIN", help="the domain to do without")
    training = ", ".join(name for name in trained.METHODS if name != trained.SOURCE_ONLY)
    this.add_argument(
        "--method",
        default=DEFAULT,
        help=f"on frozen features, in seconds, one of {', '.join(METHODS)}; or by training, one or several of"
        f" {training} with commas between them (default: {DEFAULT})",
    )
    frozen = this.add_argument_group("on frozen features")
    frozen.add_argument("--layer", type=int, help="of the features (default: chosen without target labels)")
    frozen.add_argument(
        "--shares",
        choices=SHARES,
        help="of the classes: as they are, or equal, which needs labels of the target (default: natural)",
    )
    frozen.add_argument("--per-class", type=int, metavar="N", help="texts of a class and domain at most")
    for setting in trained.FLAGS:
        given = "" if setting.default in (None, "") else f" (default: {setting.default})"
        this.add_argument(
            setting.flag,
            dest=setting.name,
            type=KINDS[setting.kind],
            default=setting.default if setting.name in BOTH else None,
            help=(setting.does + given).replace("%", "%%"),
        )


def adapt(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.adaptation import settings as trained
    from xfer_core.analysis.alignment import METHODS

    if args.method in METHODS:
        own = [each.name for each in trained.FLAGS if each.name not in BOTH]
        _refuse(args, own, N_("Training methods take it: {methods}."), list(trained.METHODS))
        return _aligned(args)
    asked = [name.strip() for name in args.method.split(",")]
    if unknown := [name for name in asked if name not in trained.METHODS]:
        raise BadSetting(
            N_("There is no method “{method}”, or none that goes with others."),
            N_("On frozen features, one of {frozen}; by training, one or several of {training}."),
            method=unknown[0][:80], frozen=", ".join(METHODS), training=", ".join(trained.METHODS),
        )  # fmt: skip
    _refuse(args, FROZEN, N_("Methods on frozen features take it: {methods}."), list(METHODS))
    return _trained(args)


def _refuse(args: argparse.Namespace, names: Iterable[str], cure: str, methods: list[str]) -> None:
    for name in names:
        if getattr(args, name) is not None:
            flag = "--" + name.replace("_", "-")
            raise BadSetting(
                N_("The method {method} does not take {flag}."), cure, method=args.method[:80], flag=flag,
                methods=", ".join(methods),
            )  # fmt: skip


def _aligned(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis.alignment.corpus import align_of
    from xfer_core.analysis.alignment.words import said
    from xfer_core.settings import LIMITS

    found = align_of(
        args.model, corpora.save(parts.corpus_of(args)), args.source, args.target,
        layers=None if args.layer is None else (args.layer,), shares=args.shares or "natural",
        per_class=args.per_class or LIMITS.transfer_texts_per_class, max_length=args.max_length,
        seed=args.seed, report=parts.progress(),
    )  # fmt: skip
    layer = found.chosen_layer
    return {
        "method": args.method,
        "layer": layer,
        **found.scores(args.method, layer),
        "words": _told((*said(found, args.method, layer), *found.notes)),
        **found.as_dict(),
    }


def _trained(args: argparse.Namespace) -> dict[str, Any]:
    """A run of :mod:`xfer_core.adaptation`, carried out in this process."""
    from xfer_core import corpora, runs
    from xfer_core.adaptation import results, settings, words, worker

    given = {name: value for name, value in vars(args).items() if value is not None}
    config = settings.validate(given)
    corpus = parts.corpus_of(args)
    name = f"{corpus.name}-{config.source}-{config.target}"
    run = runs.create(settings.KIND, settings.request(config, corpora.save(corpus)), name)
    sys.stderr.write(f"run {run.id}\n")
    run = runs.run_here(run.id, worker.body, parts.progress())
    if run.state in ("stopped", "interrupted"):
        raise Interrupted(N_("What was finished is kept in run {run}."), run=run.id)
    found = results.load(run.id)
    shown = found.adapted[0].method if found.adapted else settings.SOURCE_ONLY
    return {
        "run": run.id,
        "folder": str(run.folder),
        "method": shown,
        **found.scores(shown),
        "seconds": found.seconds,
        "words": _told(words.headline(found)),
        "methods": {each.method: found.scores(each.method)["after"] for each in found.adapted},
        "result": found.as_dict(),
    }


def _told(said: Iterable[Said]) -> list[str]:
    return [fill(each["message"], each["values"]) for each in said]


def say(result: dict[str, Any]) -> str:
    lines = [_line(result, domain) for domain in ("source", "target")]
    return "\n".join([*lines, *result["words"]])


def _line(result: dict[str, Any], domain: str) -> str:
    scores = [result[when][domain] for when in ("before", "after")]
    before, after = (f"{each['macro_f1']:.3f}" if each else "unknown" for each in scores)
    return f"{domain}: macro-F1 {before} before, {after} after ({result['method']})"
