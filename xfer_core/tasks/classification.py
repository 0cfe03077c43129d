"""Classification: one text, one label out of two or more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, as_message
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from xfer_core.models.states import Encodings


TOKENS_A_BATCH = 4_096
"""Where no states are taken out, larger batches are quicker: by a third on two cores than of 1,024 tokens."""


PARTS = (N_("train"), N_("validation"), N_("test"))


class Classification:
    """The task of transformers' own sequence-classification heads, whatever the family."""

    name = "classification"
    measures: tuple[str, ...] = ("accuracy", "macro_f1")
    choice = "macro_f1"

    def check(self, corpus: Corpus) -> None:
        """Raises BadTable unless every part of the split has labelled texts, and training two classes."""
        for part in PARTS:
            labels = corpus.part(part).labels
            if not len(labels):
                raise BadTable(
                    N_("The {part} part of the corpus “{name}” is empty."),
                    N_("Split the corpus again, or give more rows."),
                    part=as_message(part), name=corpus.name,
                )  # fmt: skip
            if (labels < 0).any():
                raise BadTable(
                    N_("The corpus “{name}” has texts without a label."),
                    N_("Choose the column that holds the labels."),
                    name=corpus.name,
                )
        if len(np.unique(corpus.part("train").labels)) < 2:
            raise BadTable(
                N_("All training texts of “{name}” have the same label, so there is nothing to tell apart."),
                N_("Give texts of at least two classes."),
                name=corpus.name,
            )

    def load(self, source: Source, corpus: Corpus, dropout: float | None) -> tuple[Any, Any]:
        """A classifier for the corpus's labels, its head drawn from torch's generator, and the tokenizer."""
        from xfer_core.models.load import load

        model, tokenizer = load(source, "classifier", label_names=corpus.label_names, dropout=dropout)
        model.config.use_cache = False  # a decoder would keep keys and values nobody reads
        return model, tokenizer

    def encode(self, tokenizer: Any, texts: Sequence[str], max_length: int) -> Encodings:
        from xfer_core.models.states import encode

        return encode(tokenizer, texts, max_length)

    def collate(self, examples: list[dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
        """Pads on the right to the longest text of the batch; ``labels`` and ``rows`` only where given."""
        import torch

        longest = max(len(example["input_ids"]) for example in examples)
        ids = torch.full((len(examples), longest), pad, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, example in enumerate(examples):
            length = len(example["input_ids"])
            ids[row, :length] = torch.as_tensor(example["input_ids"])
            mask[row, :length] = 1
        batch = {"input_ids": ids, "attention_mask": mask}
        for name in ("labels", "rows"):
            if name in examples[0]:
                batch[name] = torch.tensor([example[name] for example in examples])
        return batch

    def logits(
        self, model: Any, tokenizer: Any, texts: Sequence[str], max_length: int, report: Report = silent
    ) -> np.ndarray:
        """Logits float32 [n, classes] in the order given, read in batches of like length."""
        import torch

        from xfer_core.models.states import batches

        encodings = self.encode(tokenizer, texts, max_length)
        result = np.empty((len(texts), model.config.num_labels), dtype=np.float32)

        def reading(fraction: float, _: str) -> None:
            report(fraction, N_("Reading the texts"))

        with torch.inference_mode():
            pad = tokenizer.pad_token_id
            for rows, ids, mask in batches(encodings, pad, model.device, reading, TOKENS_A_BATCH):
                result[rows] = model(input_ids=ids, attention_mask=mask).logits.float().cpu().numpy()
        return result

    def metrics(self, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Accuracy and macro-F1 as scikit-learn has them (classes that occur in neither are left out)."""
        from sklearn.metrics import accuracy_score, f1_score

        predicted = logits.argmax(axis=-1)
        return {
            "accuracy": float(accuracy_score(labels, predicted)),
            "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        }

    def weighted_loss(self, examples: list[dict[str, Any]], outputs: int) -> Callable[..., torch.Tensor]:
        """Cross-entropy in which every class weighs the same over the training texts (mean weight 1).

        Divided by the number of texts, not by the sum of their weights: batches accumulated into one step
        then give the loss of the one large batch.
        """
        import torch
        from torch.nn.functional import cross_entropy

        counts = np.bincount([example["labels"] for example in examples], minlength=outputs)
        balanced = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
        weights = torch.tensor(balanced, dtype=torch.float32)

        def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
            logits = outputs["logits"]
            total = cross_entropy(logits, labels, weight=weights.to(logits.device), reduction="sum")
            return total / (len(labels) if num_items_in_batch is None else num_items_in_batch)

        return loss

    def report(self, part: Corpus, logits: np.ndarray) -> dict[str, Any]:
        """Accuracy, macro-F1, precision, recall, F1 and support per class, and the confusion matrix.

        All from scikit-learn. ``confusion[i][j]`` counts texts of class i read as class j, classes in the
        order of ``labels``. Macro-F1 is the mean over the classes that occur among the true or the given
        labels.
        """
        from sklearn.metrics import (
            accuracy_score,
            confusion_matrix,
            f1_score,
            precision_recall_fscore_support,
        )

        labels, label_names = part.labels, part.label_names
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

    def predictions(self, part: Corpus, logits: np.ndarray) -> pd.DataFrame:
        """One row a text: ``row, text, true, predicted, confidence`` and ``p_<label>`` for every class."""
        import pandas as pd

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


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the classes, float32 [n, classes]."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
