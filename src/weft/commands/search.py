"""`weft search`: the catalogue's photos nearest to a photo or to words; JSON lines."""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import artefacts
from weft.commands.embed import embed_source
from weft.errors import InputError, ModelError
from weft.model.bundle import Bundle, load_bundle
from weft.retrieval.search import find_nearest_neighbours
from weft.text.label_words import label_to_word_ids


def search(query: str, model: Path, index: Path, top_k: int) -> Iterator[str]:
    """Yield one JSON line a photo found: photo, product, score (cosine similarity), best first.

    Words are looked for as the mean of their embeddings in W, which lie in the same space as the photos'.

    Args:
        query: The path of a photo, or words.
        model: A bundle.
        index: Embeddings that this model made of a catalogue.
        top_k: How many photos.

    Raises:
        ModelError: The model cannot be loaded, or is not the one that made the index.
        InputError: The photo or the words cannot be used.
    """
    bundle = load_bundle(model)
    gallery = artefacts.read_embeddings(index)
    if gallery.model_digest != bundle.digest:
        raise ModelError(f"{index}: not made by the model {model}; run `dvc repro embed@catalogue` or name its --index")
    vector = _embed_photo(Path(query), bundle) if _is_file(query) else _embed_words(query, bundle)
    rows, scores = find_nearest_neighbours(vector, gallery.z, min(top_k, max(1, len(gallery.z))))
    found = gallery.photos.take(rows[0][rows[0] >= 0])
    for photo, product, score in zip(found["photo_id"], found["product_id"], scores[0], strict=False):
        line = {"photo": photo.as_py(), "product": product.as_py(), "score": round(float(score), 4)}
        yield json.dumps(line, ensure_ascii=False)


def _is_file(query: str) -> bool:
    try:
        return Path(query).is_file()
    except OSError:  # words may be longer than any file name
        return False


def _embed_photo(path: Path, bundle: Bundle) -> npt.NDArray[np.float32]:
    return np.concatenate([z for _, z in embed_source(path, bundle)])[:1]


def _embed_words(query: str, bundle: Bundle) -> npt.NDArray[np.float32]:
    word_ids = label_to_word_ids(query, {word: number for number, word in enumerate(bundle.words)})
    if not word_ids:
        suggestions = [word for part in query.lower().split() for word in difflib.get_close_matches(part, bundle.words)]
        hint = f"; did you mean {', '.join(dict.fromkeys(suggestions))}?" if suggestions else ""
        raise InputError(f"{query!r}: neither a photo here nor words of the model's vocabulary{hint}")
    mean: npt.NDArray[np.float32] = bundle.embedder.words.detach().numpy()[word_ids].mean(0, keepdims=True)
    return mean
