"""What a model is tuned to do: one file a task, named in :data:`REGISTRY`."""

from __future__ import annotations

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.tasks.base import Task
from xfer_core.tasks.classification import Classification

REGISTRY: dict[str, Task] = {task.name: task for task in (Classification(),)}


def task(name: str) -> Task:
    """The task of that name; raises BadSetting."""
    if name not in REGISTRY:
        raise BadSetting(
            N_("There is no task “{name}”."), N_("Known tasks: {tasks}."),
            name=name[:40], tasks=", ".join(REGISTRY),
        )  # fmt: skip
    return REGISTRY[name]
