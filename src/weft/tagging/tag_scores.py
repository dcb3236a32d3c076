"""How strongly the photos of a product show a word: the log of the word's softmax probability over the vocabulary.

The softmax takes off what raises all words of a photo alike, so that one threshold serves all photos. On 789 held-out
products of the real catalogue the mean average precision of 583 words was 0.474 for it, 0.467 for the bare w . z.

The own catalogue as calibrate and audit see it: z of every photo, products as runs of photos, words of products.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS
from weft.errors import ContractError, ModelError

Matrix = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Embedded:
    """Photos with embeddings, the photos of a product one after the other."""

    z: Matrix
    """(photos, embedding_dim), mapped from the file."""
    photo_ids: list[str]
    starts: Ints
    """(products,): the row of each product's first photo."""
    product_ids: list[str]
    """(products,)."""
    splits: npt.NDArray[np.str_]
    """(products,)."""
    said: "sparse.csr_matrix"
    """(products, words), 1 where the product's text says the word."""

    def rows_of(self, product: int) -> range:
        """The rows of a product's photos."""
        end = int(self.starts[product + 1]) if product + 1 < len(self.starts) else len(self.photo_ids)
        return range(int(self.starts[product]), end)

    def products_of_photos(self) -> Ints:
        """(photos,): the product of each photo."""
        sizes = np.diff(np.append(self.starts, len(self.photo_ids)))
        return np.repeat(np.arange(len(self.starts)), sizes)


@dataclass(frozen=True)
class Model:
    """The words of a bundle; read without torch."""

    digest: str
    words: tuple[str, ...]
    frequencies: Ints
    """(words,): training products with the word."""
    w: npt.NDArray[np.float32]
    """(words, embedding_dim)."""
    bias: npt.NDArray[np.float32]
    """(words, 1), zeros where the training had none."""


def read_model(folder: Path) -> Model:
    """The vocabulary and word embeddings of a bundle.

    Raises:
        ContractError: A file is missing or broken.
        ModelError: The files do not fit.
    """
    vocabulary = artefacts.read_words(folder / files.WORDS)
    w = artefacts.read_word_embeddings(folder / files.MODEL)
    bias = artefacts.read_word_bias(folder / files.MODEL)
    if w.ndim != 2 or len(w) != len(vocabulary):
        raise ModelError(f"{folder}: W is {w.shape}, but its words.tsv has {len(vocabulary)} words")
    try:
        digest = (folder / files.DIGEST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / files.DIGEST}: cannot be read: {error}; run dvc repro finetune") from error
    return Model(digest, tuple(vocabulary["word"]), vocabulary["document_frequency"].to_numpy(np.int64), w, bias)


def read_catalogue(photos: Path, embeddings: Path, model: Model) -> Embedded:
    """Join the prepared photos with the embeddings that `model` made of them.

    Args:
        photos: The out of prepare.
        embeddings: The out of embed for the own catalogue.
        model: The bundle's words.

    Raises:
        ContractError: A file is missing or broken, or the two know different photos.
        ModelError: Another model made the embeddings.
    """
    found = artefacts.read_embeddings(embeddings)
    if found.model_digest != model.digest:
        raise ModelError(f"{embeddings}: made by another model than this one; run `dvc repro embed@catalogue`")
    bag_of = _bags(photos)
    photo_ids: list[str] = found.photos["photo_id"].to_pylist()
    strangers = [photo_id for photo_id in photo_ids if photo_id not in bag_of]
    if strangers:
        raise ContractError(
            f"{embeddings}: the photo {strangers[0]} is not in {photos}; run `dvc repro embed@catalogue`"
        )
    products = np.array(found.photos["product_id"].to_pylist(), np.object_)
    first = np.flatnonzero(np.append(True, products[1:] != products[:-1])) if len(products) else np.empty(0, np.int64)
    said = rows_of_words((bag_of[photo_ids[row]] for row in first), len(model.words))
    splits = np.array(found.photos["split"].to_pylist(), np.str_)
    return Embedded(found.z, photo_ids, first.astype(np.int64), list(products[first]), splits[first], said)


def _bags(photos: Path) -> dict[str, Sequence[int]]:
    """The words of every prepared photo's product, by photo_id; the photos themselves are not read."""
    bags: dict[str, Sequence[int]] = {}
    for split in SPLITS:
        for table in tables.read_shards(photos / split, PREPARED_PHOTOS, ("photo_id", "word_ids")):
            bags |= zip(table["photo_id"].to_pylist(), table["word_ids"].to_pylist(), strict=True)
    return bags


def rows_of_words(bags: Iterable[Sequence[int]], words: int) -> "sparse.csr_matrix":
    """Bags of word ids as a sparse matrix of ones, (bags, words); a word said twice counts once."""
    ends, ids = [0], []
    for bag in bags:
        ids.append(np.unique(np.asarray(bag, np.int32)))
        ends.append(ends[-1] + len(ids[-1]))
    flat = np.concatenate(ids) if ids else np.empty(0, np.int32)
    return sparse.csr_matrix((np.ones(len(flat), np.float32), flat, np.array(ends)), shape=(len(ends) - 1, words))


_PHOTOS_AT_ONCE = 512
"""512 photos x 30,000 words are 60 MB."""
_CELLS_AT_ONCE = 8_000_000


def normalisers(z: Matrix, w: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> Scores:
    """(photos,): the log of the sum over all words of exp(w . z + b), which every score of the photo has taken off.

    Args:
        z: (photos, embedding_dim).
        w: (words, embedding_dim).
        bias: (words, 1).
    """
    found = np.empty(len(z), np.float32)
    for start in range(0, len(z), _PHOTOS_AT_ONCE):
        part = slice(start, start + _PHOTOS_AT_ONCE)
        logits = z[part].astype(np.float32) @ w.T + bias.T
        highest = logits.max(axis=1)
        found[part] = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return found


def product_scores(
    z: Matrix, w: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], normaliser: Scores, starts: Ints
) -> Scores:
    """The score of each word for each product: the highest of its photos.

    Args:
        z: (photos, embedding_dim), a product's photos one after the other.
        w: (some words, embedding_dim).
        bias: (some words, 1).
        normaliser: (photos,), of all words.
        starts: (products,), ascending from 0.

    Returns:
        (products, some words).
    """
    scores = np.empty((len(starts), len(w)), np.float32)
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(w)))
    ends = np.append(starts[1:], len(z))
    product = 0
    while product < len(starts):
        last = max(product + 1, int(np.searchsorted(ends, starts[product] + at_once, side="right")))
        rows = slice(int(starts[product]), int(ends[last - 1]))
        of_photos = z[rows].astype(np.float32) @ w.T + bias.T - normaliser[rows, None]
        scores[product:last] = np.maximum.reduceat(of_photos, starts[product:last] - rows.start, axis=0)
        product = last
    return scores
