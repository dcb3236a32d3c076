"""`weft tag`: the words, or the labels of a given set, that each photo shows; JSON lines."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.commands.embed import embed_source
from weft.errors import InputError
from weft.model.bundle import Bundle, load_bundle
from weft.progress import log_line
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_scores import normalisers
from weft.tagging.thresholds import read_told
from weft.text.label_words import label_to_word_ids

ScoreArray = npt.NDArray[np.float32]


def tag(source: Path, model: Path, top_k: int | None, labels: Path | None) -> Iterator[str]:
    """Yield one JSON line a photo, its words or labels best first.

    Args:
        source: A photo, folder, zip or Parquet shard.
        model: A bundle.
        top_k: How many to tell; by default 10 words, or all labels.
        labels: One label a line; a label scores the mean of its words.

    Raises:
        ModelError: The model cannot be loaded.
        InputError: The source or the labels cannot be used.
    """
    bundle = load_bundle(model)
    if labels is None:
        format_scores = _make_word_formatter(bundle, min(top_k or 10, len(bundle.words)))
    else:
        format_scores = _make_label_formatter(_read_labels(labels, bundle), top_k)
    w, bias = bundle.embedder.words.detach().numpy(), bundle.embedder.bias
    bias_row = np.float32(0) if bias is None else bias.detach().numpy().T
    for names, z in embed_source(source, bundle):
        for name, scores in zip(names, z @ w.T + bias_row, strict=True):
            yield json.dumps({"photo": name, **format_scores(scores)}, ensure_ascii=False)


def tag_calibrated(source: Path, model: Path, calibration: Path, top_k: int | None) -> Iterator[str]:
    """Yield one JSON line a photo: the model's digest and the words that reach their threshold, often none.

    Args:
        source: A photo, folder, zip or Parquet shard.
        model: A bundle.
        calibration: What `weft calibrate` wrote for this very bundle.
        top_k: At most so many words, the most probable; by default all that reach their threshold.

    Raises:
        ContractError: The thresholds are broken.
        ModelError: The model cannot be loaded, or the thresholds are another model's.
        InputError: The source cannot be used.
    """
    bundle = load_bundle(model)
    calibrated = read_told(calibration, bundle.digest, len(bundle.words))
    w = bundle.embedder.words.detach().numpy()
    bias = np.zeros((len(w), 1), np.float32) if bundle.embedder.bias is None else bundle.embedder.bias.detach().numpy()
    for names, z in embed_source(source, bundle):
        logits = z @ w[calibrated.word_ids].T + bias[calibrated.word_ids].T
        scores = (logits - normalisers(z, w, bias)[:, None]).astype(np.float64)
        word_probabilities = probabilities(scores, calibrated.slope, calibrated.intercept)
        for name, is_above_threshold, photo_probabilities in zip(
            names, scores >= calibrated.thresholds, word_probabilities, strict=True
        ):
            kept = np.flatnonzero(is_above_threshold)
            kept = kept[np.argsort(-photo_probabilities[kept], kind="stable")][:top_k]
            words = [
                {
                    "word": bundle.words[calibrated.word_ids[n]],
                    "probability": round(float(photo_probabilities[n]), 4),
                    "precision_at_least": round(float(calibrated.precision[n]), 4),
                }
                for n in kept
            ]
            yield json.dumps({"photo": name, "model": bundle.digest, "words": words}, ensure_ascii=False)


def _make_word_formatter(bundle: Bundle, top_k: int) -> Callable[[ScoreArray], dict[str, Any]]:
    def format_scores(scores: ScoreArray) -> dict[str, Any]:
        best = np.argsort(-scores, kind="stable")[:top_k]
        return {"words": [{"word": bundle.words[n], "score": round(float(scores[n]), 4)} for n in best]}

    return format_scores


def _make_label_formatter(labels: dict[str, list[int]], top_k: int | None) -> Callable[[ScoreArray], dict[str, Any]]:
    def format_scores(scores: ScoreArray) -> dict[str, Any]:
        scored = [(label, float(scores[words].mean())) for label, words in labels.items()]
        scored.sort(key=lambda pair: -pair[1])
        return {"labels": [{"label": label, "score": round(score, 4)} for label, score in scored[:top_k]]}

    return format_scores


def _read_labels(path: Path, bundle: Bundle) -> dict[str, list[int]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the labels cannot be read: {error}") from error
    word_to_id = {word: number for number, word in enumerate(bundle.words)}
    word_ids_by_label = {
        label: label_to_word_ids(label, word_to_id) for label in dict.fromkeys(line.strip() for line in lines) if label
    }
    for label in (label for label, words in word_ids_by_label.items() if not words):
        log_line(f"left out the label {label!r}: none of its words is in the model's vocabulary")
    word_ids_by_label = {label: words for label, words in word_ids_by_label.items() if words}
    if not word_ids_by_label:
        raise InputError(f"{path}: no label with a word of the model's vocabulary; wanted one label a line")
    return word_ids_by_label
