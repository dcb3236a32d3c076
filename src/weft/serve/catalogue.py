"""The catalogue behind the page and the API: the model, the index, the products and their photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft import api
from weft.contracts.arrays import Scores
from weft.errors import InputError
from weft.search.catalogue_products import CatalogueProduct, read_products
from weft.search.product_search import Hit
from weft.serve.photo_batches import PhotoBatches
from weft.serve.photo_tags import CalibratedTagger
from weft.serve.prepared_photos import PreparedPhotos
from weft.serve.product_filter import FilterColumns, ProductFilter
from weft.serve.settings import ServedFiles
from weft.serve.similarity_words import SimilarityScale


@dataclass(frozen=True)
class Query:
    """What a client searches for: a photo, a photo of the catalogue, words, or a photo and words."""

    photo: Scores | None = None
    """The embedding of a photo, (embedding_dim,)."""
    like: str | None = None
    """The photo_id of a photo of the catalogue, which is then the photo of the query."""
    text: str = ""
    photo_weight: float = 0.5
    """How much the photo counts beside the words, 0 to 1; without both it has no effect."""


@dataclass(frozen=True)
class FoundItem:
    """A product, or a photo of one, that a search found."""

    product_id: str
    product: CatalogueProduct | None
    similarity: float
    similarity_words: str
    hits: Sequence[Hit]
    """Its photos, the most similar first."""


class ServedCatalogue:
    """Answers searches. Threads may share it: photos of concurrent requests are embedded together."""

    def __init__(self, files: ServedFiles) -> None:
        """Read everything, and embed a photo and a word so that the first request is as fast as the next.

        Raises:
            ContractError: A file is missing or breaks its contract.
            ModelError: The model cannot be loaded, or another model made the embeddings.
        """
        self.model = api.load(files.model)
        index = api.open_index(files.embeddings, self.model)
        self.search_index, self._embeddings = index.photos, index.embeddings
        self.products = read_products(files.products)
        self.photos = PreparedPhotos(files.photos)
        self.tagger = CalibratedTagger(self.model, files.calibration)
        self.filters = FilterColumns([self.products.get(name) for name in self.search_index.products])
        self._scale = SimilarityScale.measure(self._embeddings, self.model.word_embeddings)
        self._rows = {photo_id: row for row, photo_id in enumerate(self.search_index.photo_ids)}
        self._batches = PhotoBatches(self.model)
        first_photo = next((name for name in self.search_index.photo_ids if name in self.photos), None)
        if first_photo is not None and (jpeg := self.photos.read(first_photo)):
            self.embed(jpeg)
        self.model.embed_text(self.model.words[0])  # imports the tokeniser

    def embed(self, photo: bytes) -> Scores:
        """Return the embedding of a photo, (embedding_dim,), not normalised.

        Raises:
            PhotoError: The bytes are no photo that can be used.
        """
        return self._batches.embed(photo)

    def search(self, query: Query, requested: ProductFilter, k: int, group_by_product: bool = True) -> list[FoundItem]:
        """Return the `k` nearest products, or photos, best first.

        Raises:
            InputError: The query is empty, or has no word that the model knows.
        """
        vector, photo_weight = self._embed_query(query)
        mask = self.filters.select(requested)
        if group_by_product:
            groups = self.search_index.find_products(vector, k, mask)
        else:
            photo_mask = None if mask is None else mask[self.search_index.photo_products]
            groups = [[hit] for hit in self.search_index.find_photos(vector, k, photo_mask)]
        return [
            FoundItem(
                hits[0].product_id,
                self.products.get(hits[0].product_id),
                hits[0].similarity,
                self._scale.describe(hits[0].similarity, photo_weight),
                hits,
            )
            for hits in groups
        ]

    def list_photo_ids(self, product_id: str) -> list[str]:
        """Return the photo_ids of a product in the index."""
        index = self.search_index
        return [index.photo_ids[row] for row, name in enumerate(index.product_ids) if name == product_id]

    def _embed_query(self, query: Query) -> tuple[Scores, float]:
        """Return the vector of a query, and how much of it is a photo."""
        photo = None
        if query.photo is not None:
            photo = _normalise(query.photo)
        elif query.like is not None:
            if query.like not in self._rows:
                raise InputError(f"the catalogue has no photo {query.like[:100]!r}")
            photo = _normalise(np.asarray(self._embeddings[self._rows[query.like]], np.float32))
        words = _normalise(self.model.embed_text(query.text)[0]) if query.text.strip() else None
        if photo is not None and words is not None:
            return query.photo_weight * photo + (1 - query.photo_weight) * words, query.photo_weight
        if photo is not None:
            return photo, 1.0
        if words is not None:
            return words, 0.0
        raise InputError("expected a photo, words, or both, got neither")


def _normalise(vector: Scores) -> Scores:
    unit: Scores = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return unit
