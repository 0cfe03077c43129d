"""How well a model reads texts it never saw: the report by class, and every single prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from xfer_core.corpora.corpus import Corpus
from xfer_core.tasks.classification import probabilities


def report(logits: np.ndarray, labels: np.ndarray, label_names: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, macro-F1, precision, recall, F1 and support per class, and the confusion matrix.

    All from scikit-learn. ``confusion[i][j]`` counts texts of class i read as class j, classes in the order
    of ``labels``. Macro-F1 is the mean over the classes that occur among the true or the given labels.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

    predicted = logits.argmax(axis=-1)
    classes = np.arange(len(label_names))
    columns = precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    return {
        "n": len(labels),
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "per_class": {
            name: {
                "precision": float(precision),
                "recall": float(recall),
                "f1": float(f1),
                "support": int(support),
            }
            for name, precision, recall, f1, support in zip(label_names, *columns, strict=True)
        },
        "labels": list(label_names),
        "confusion": confusion_matrix(labels, predicted, labels=classes).tolist(),
    }


def predictions(part: Corpus, logits: np.ndarray) -> pd.DataFrame:
    """One row a text: ``row, text, true, predicted, confidence`` and ``p_<label>`` for every class."""
    names = np.array(part.label_names, dtype=object)
    shares = probabilities(logits)
    return pd.DataFrame(
        {
            "row": part.frame["row"].to_numpy(),
            "text": part.texts,
            "true": names[part.labels],
            "predicted": names[shares.argmax(axis=-1)],
            "confidence": shares.max(axis=-1),
            **{f"p_{name}": shares[:, label] for label, name in enumerate(part.label_names)},
        }
    )
