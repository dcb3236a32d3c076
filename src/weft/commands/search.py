"""`weft search`: the catalogue's photos nearest to a photo or to words, as JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from weft.api import Floats, Model, load, open_index
from weft.commands.embed import embed_source
from weft.errors import InputError


def search(query: str, model: Path, index: Path, top_k: int) -> Iterator[str]:
    """Yield one JSON line per photo found: photo, product, score (cosine similarity), best first.

    The query vector of words is the mean of their embeddings in W, which lie in the same space as the photos'.

    Args:
        query: The path of a photo, or words.
        model: The model's folder.
        index: Embeddings of a catalogue, made by this model.
        top_k: The number of photos.

    Raises:
        ModelError: The model cannot be loaded, or another model made the index.
        InputError: The photo or the words cannot be used.
    """
    loaded = load(model)
    catalogue = open_index(index, loaded)
    for hit in catalogue.search_vector(_embed_query(query, loaded), top_k):
        line = {"photo": hit.photo_id, "product": hit.product_id, "score": round(hit.similarity, 4)}
        yield json.dumps(line, ensure_ascii=False)


def _embed_query(query: str, model: Model) -> Floats:
    if _is_file(query):
        _, z = next(embed_source(Path(query), model))
        return z[:1]
    try:
        return model.embed_text(query)
    except InputError as error:
        raise InputError(f"{error}, and no photo has this path") from error


def _is_file(query: str) -> bool:
    try:
        return Path(query).is_file()
    except OSError:  # words may be longer than a file name can be
        return False
