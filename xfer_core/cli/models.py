"""``xfer models``: the models at hand."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    parts.command(
        commands, "models", "models at hand, and whether their weights are as published", models, say
    )


def models(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.models import sources

    usable, broken = sources.survey()
    return {
        "unusable": {name: str(reason) for name, reason in broken.items()},
        "models": [
            {
                "id": each.id,
                "family": each.family,
                "layers": each.layers,
                "heads": each.heads,
                "hidden": each.hidden,
                "parameters": each.parameters,
                "verified": each.verified,
                "folder": str(each.folder),
            }
            for each in usable
        ],
    }


def say(result: dict[str, Any]) -> str:
    lines = [
        f"{m['id']}: {m['family']}, {m['layers']} layers × {m['heads']} heads × {m['hidden']}"
        + (f", {m['parameters']:,} parameters" if m["parameters"] else "")
        + (", hash checked" if m["verified"] else "")
        for m in result["models"]
    ]
    return "\n".join(lines + [f"{name} cannot be used: {why}" for name, why in result["unusable"].items()])
