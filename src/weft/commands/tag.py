"""`weft tag`: the words, or the labels of a given set, that each photo shows, as JSON lines."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weft.api import Floats, Model, load
from weft.commands.calibration_folder import default_calibration_dir, has_thresholds
from weft.commands.embed import embed_source
from weft.errors import ContractError, InputError, ModelError
from weft.progress import log_line
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_head import TagHead, read_calibrated_head
from weft.tagging.thresholds import CalibratedWords
from weft.text.label_words import LabelWords


def tag(source: Path, model: Path, top_k: int | None, labels: Path | None) -> Iterator[str]:
    """Yield one JSON line per photo: its words or labels, best first.

    Args:
        source: A photo, folder, zip or Parquet shard.
        model: The model's folder.
        top_k: The number of words (default 10) or labels (default all).
        labels: A file with one label per line; `Model.score_labels` scores them.

    Raises:
        ModelError: The model cannot be loaded.
        InputError: The source or the labels cannot be used.
    """
    loaded = load(model)
    if labels is None:
        yield from _tag_words(source, loaded, _open_calibration(default_calibration_dir(model), loaded), top_k or 10)
        return
    words_of_labels = _read_labels(labels, loaded)
    format_scores = _make_label_formatter(words_of_labels, loaded.words, top_k)
    for names, z in embed_source(source, loaded):
        label_scores = loaded.score_labels(loaded.score_words(z), list(words_of_labels.values()))
        for name, scores in zip(names, label_scores, strict=True):
            yield json.dumps({"photo": name, **format_scores(scores)}, ensure_ascii=False)


def _tag_words(
    source: Path, model: Model, calibration: tuple[CalibratedWords, TagHead] | None, top_k: int
) -> Iterator[str]:
    """Yield one JSON line per photo; a word that has a threshold has its probability too."""
    for names, z in embed_source(source, model):
        probability_by_word: list[dict[str, float]] = [{} for _ in names]
        if calibration is not None:
            calibrated, head = calibration
            words = [model.words[number] for number in calibrated.word_ids]
            values = probabilities(head.score(z), calibrated.slope, calibrated.intercept)
            probability_by_word = [dict(zip(words, map(float, row), strict=True)) for row in values]
        for name, scores, known in zip(names, model.score_words(z), probability_by_word, strict=True):
            tags = [
                {"word": tag.word, "score": round(tag.score, 4)}
                | ({"probability": round(known[tag.word], 4)} if tag.word in known else {})
                for tag in model.best_tags(scores, top_k)
            ]
            yield json.dumps({"photo": name, "words": tags}, ensure_ascii=False)


def _open_calibration(folder: Path, model: Model) -> tuple[CalibratedWords, TagHead] | None:
    """Return the thresholds and the tag head beside a model; None, with a note, if they cannot be used."""
    if not has_thresholds(folder):
        return None
    try:
        return read_calibrated_head(folder, model.digest, len(model.words), model.word_embeddings.shape[1])
    except (ContractError, ModelError) as error:
        log_line(f"probabilities are left out: {error}")
        return None


def tag_calibrated(source: Path, model: Path, calibration: Path, top_k: int | None) -> Iterator[str]:
    """Yield one JSON line per photo: the model's digest and the words that reach their threshold, often none.

    Args:
        source: A photo, folder, zip or Parquet shard.
        model: The model's folder.
        calibration: The thresholds that `weft calibrate` wrote for this model.
        top_k: The maximum number of words, the most probable first; by default all that reach their threshold.

    Raises:
        ContractError: The thresholds are broken.
        ModelError: The model cannot be loaded, or the thresholds or the tag head belong to another model.
        InputError: The source cannot be used.
    """
    loaded = load(model)
    embedding_dim = loaded.word_embeddings.shape[1]
    calibrated, head = read_calibrated_head(calibration, loaded.digest, len(loaded.words), embedding_dim)
    for names, z in embed_source(source, loaded):
        scores = head.score(z)
        word_probabilities = probabilities(scores, calibrated.slope, calibrated.intercept)
        for name, is_above_threshold, photo_probabilities in zip(
            names, scores >= calibrated.thresholds, word_probabilities, strict=True
        ):
            kept = np.flatnonzero(is_above_threshold)
            kept = kept[np.argsort(-photo_probabilities[kept], kind="stable")][:top_k]
            words = [
                {
                    "word": loaded.words[calibrated.word_ids[n]],
                    "probability": round(float(photo_probabilities[n]), 4),
                    "precision_lower_bound": round(float(calibrated.precision[n]), 4),
                }
                for n in kept
            ]
            yield json.dumps({"photo": name, "model": loaded.digest, "words": words}, ensure_ascii=False)


def _make_label_formatter(
    labels: dict[str, LabelWords], vocabulary: Sequence[str], top_k: int | None
) -> Callable[[Floats], dict[str, Any]]:
    described = [
        {"label": label, "words": [vocabulary[word_id] for word_id in words.word_ids]}
        | ({"unknown_words": words.unknown} if words.unknown else {})
        for label, words in labels.items()
    ]

    def format_scores(scores: Floats) -> dict[str, Any]:
        best = np.argsort(-scores, kind="stable")[:top_k]
        return {"labels": [{"score": round(float(scores[number]), 4), **described[number]} for number in best]}

    return format_scores


def _read_labels(path: Path, model: Model) -> dict[str, LabelWords]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the labels cannot be read: {error}") from error
    labels = dict.fromkeys(line.strip() for line in lines)
    words_by_label = {label: model.find_label_words(label) for label in labels if label}
    for label, words in words_by_label.items():
        if not words.word_ids:
            log_line(f"skipped the label {label!r}: none of its words is in the model's vocabulary")
        elif words.unknown:
            known = ", ".join(model.words[word_id] for word_id in words.word_ids)
            log_line(
                f"the label {label!r} is scored by {known}; the model's vocabulary lacks {', '.join(words.unknown)}, "
                "which counts as the average word"
            )
    words_by_label = {label: words for label, words in words_by_label.items() if words.word_ids}
    if not words_by_label:
        raise InputError(f"{path}: expected one label per line, got no label with a word of the model's vocabulary")
    return words_by_label
