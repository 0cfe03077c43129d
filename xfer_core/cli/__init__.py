"""The command line: everything a page does, for people who script.

One module a group of commands, each with ``add(commands)``, which declares its arguments and the function
that carries them out. Such a function takes the parsed arguments, returns the object that ``--json`` prints,
and leaves words for people to its ``say``. What the commands promise stands in README.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
from typing import Any

from xfer_core import __version__
from xfer_core.cli import (
    ablate,
    adapt,
    app,
    attention,
    classify,
    corpora,
    features,
    heads,
    inspect,
    labels,
    maps,
    models,
    profile,
    report,
    runs,
    sweep,
    train,
    transfer,
)
from xfer_core.errors import Interrupted, XferError, no_space
from xfer_core.settings import PATIENT

GROUPS = (
    app,
    models,
    corpora,
    inspect,
    labels,
    train,
    sweep,
    report,
    runs,
    classify,
    features,
    maps,
    attention,
    heads,
    ablate,
    profile,
    transfer,
    adapt,
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="xfer",
        description="Which layers of a Transformer carry knowledge that travels between your kinds of text?",
    )
    top.add_argument("--version", action="version", version=f"xfer {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0 done, 2 bad input or a refusal, 130 interrupted, 1 a defect of ours."""
    for name, value in PATIENT.items():  # here, because torch is imported by what the command calls
        os.environ.setdefault(name, value)
    # A name copied from a rendered page may carry word joiners, which show nothing and match nothing.
    words = [word.replace("\u2060", "") for word in (sys.argv[1:] if argv is None else argv)]
    args = parser().parse_args(words)
    try:
        # Libraries print where they like; standard output is promised to the result alone.
        with contextlib.redirect_stdout(sys.stderr):
            result = args.run(args)
    except (KeyboardInterrupt, Interrupted) as stop:
        sys.stderr.write(f"\nxfer: interrupted. {stop}\n".replace("  ", " "))
        return 130
    except XferError as problem:
        sys.stderr.write(f"xfer: {problem}\n")
        return 2
    except Exception as defect:
        if no_space(defect):
            sys.stderr.write("xfer: The disk is full. Free some space, then try again.\n")
            return 2
        traceback.print_exc()
        sys.stderr.write(
            "xfer: this is a defect of the program, not of your input. Please report the above.\n"
        )
        return 1
    _print(args, result)
    return 0


def _print(args: argparse.Namespace, result: dict[str, Any]) -> None:
    if getattr(args, "json", False):
        json.dump(result, sys.stdout, ensure_ascii=False, default=str)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(args.say(result) + "\n")
