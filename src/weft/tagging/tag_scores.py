"""The embedded catalogue joined with the words of its texts, and the vocabulary and word embeddings of a model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sparse

from weft import artefacts
from weft.bags import read_documents
from weft.contracts import files
from weft.contracts.arrays import Ints, Matrix, Scores
from weft.errors import ModelError


@dataclass(frozen=True)
class EmbeddedCatalogue:
    """The embedded photos of all products with words, grouped by product, and the words of each product's text."""

    z: Matrix
    """(photos, embedding_dim), memory-mapped."""
    photo_ids: list[str]
    """(photos,)."""
    offsets: Ints
    """(products,): the row of each product's first photo."""
    product_ids: list[str]
    """(products,)."""
    splits: npt.NDArray[np.str_]
    """(products,)."""
    text_terms: "sparse.csr_matrix"
    """(products, words): 1 where the text of the product contains the word."""
    short_field_terms: "sparse.csr_matrix"
    """(products, words): 1 where the title, categories, colour or attributes contain the word."""

    def photo_rows(self, product: int) -> range:
        """Return the rows of a product's photos."""
        end = int(self.offsets[product + 1]) if product + 1 < len(self.offsets) else len(self.photo_ids)
        return range(int(self.offsets[product]), end)

    def mean_embedding(self, product: int) -> Scores:
        """Return the mean embedding of a product's photos, (embedding_dim,)."""
        rows = self.photo_rows(product)
        mean: Scores = self.z[rows.start : rows.stop].astype(np.float32).mean(axis=0)
        return mean

    def products_of_photos(self) -> Ints:
        """Return the product of each photo, (photos,)."""
        sizes = np.diff(np.append(self.offsets, len(self.photo_ids)))
        return np.repeat(np.arange(len(self.offsets)), sizes)


@dataclass(frozen=True)
class WordHead:
    """The vocabulary and the word embeddings of a model, read without torch."""

    digest: str
    """The digest of the whole model folder."""
    words: tuple[str, ...]
    document_frequency: Ints
    """(words,): the number of training products with the word."""
    w: Scores
    """(words, embedding_dim)."""
    bias: Scores
    """(words, 1): zeros where the model has no word bias."""


def read_word_head(folder: Path) -> WordHead:
    """Read the vocabulary and the word embeddings of a model folder.

    Raises:
        ContractError: A file is missing or broken.
        ModelError: The files do not belong together.
    """
    vocabulary = artefacts.read_words(folder / files.WORDS)
    w = artefacts.read_word_embeddings(folder / files.MODEL)
    bias = artefacts.read_word_bias(folder / files.MODEL)
    if w.ndim != 2 or len(w) != len(vocabulary):
        raise ModelError(
            f"{folder}: expected W with one row for each of the {len(vocabulary)} words of words.tsv, "
            f"got W of shape {w.shape}"
        )
    try:
        digest = (folder / files.DIGEST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / files.DIGEST}: cannot be read: {error}; run dvc repro finetune") from error
    return WordHead(digest, tuple(vocabulary["word"]), vocabulary["document_frequency"].to_numpy(np.int64), w, bias)


def read_embedded_catalogue(documents: Path, embeddings: Path, head: WordHead) -> EmbeddedCatalogue:
    """Join the embedded photos with the words of their products; products without words are left out.

    Args:
        documents: The words of the products, documents.parquet.
        embeddings: The output folder of embed for the own catalogue.
        head: The vocabulary of the model that made the embeddings.

    Raises:
        ContractError: A file is missing or broken, or a product with photos has no document.
        ModelError: Another model made the embeddings.
    """
    embedded = artefacts.read_embeddings(embeddings)
    if embedded.model_digest != head.digest:
        raise ModelError(f"{embeddings}: another model made these embeddings; run `dvc repro embed@catalogue`")
    words = read_documents(documents, len(head.words))
    z, photos = embedded.z, embedded.photos
    product_ids = photos["product_id"].to_pylist()
    has_words = words.bags.sizes[words.find(product_ids)] > 0
    if not has_words.all():
        z, photos = z[has_words], photos.filter(pa.array(has_words))
        product_ids = photos["product_id"].to_pylist()
    is_first = [row == 0 or name != product_ids[row - 1] for row, name in enumerate(product_ids)]
    first = np.flatnonzero(np.array(is_first, np.bool_))
    products = [product_ids[row] for row in first]
    text_terms, short_field_terms = (
        bags.take(words.find(products)).unique().to_csr(len(head.words))
        for bags in (words.bags, words.short_field_bags())
    )
    splits = np.array(photos["split"].to_pylist(), np.str_)[first]
    return EmbeddedCatalogue(z, photos["photo_id"].to_pylist(), first, products, splits, text_terms, short_field_terms)
