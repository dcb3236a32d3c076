"""The catalogue behind the page and the API: the model, the index, the products and their photos."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from weft import api
from weft.contracts.arrays import Scores
from weft.errors import InputError
from weft.search.catalogue_index import CatalogueIndex, Pictures, open_catalogue
from weft.search.catalogue_products import CatalogueProduct, read_products
from weft.search.index_manifest import read_manifest
from weft.search.product_filter import FilterColumns, ProductFilter
from weft.search.product_search import FoundProduct, PhotoSearch
from weft.serve.photo_batches import PhotoBatches
from weft.serve.photo_tags import CalibratedTagger
from weft.serve.prepared_photos import PreparedPhotos
from weft.serve.settings import ServedFiles
from weft.serve.similarity_words import SAMPLE_SIZE, SimilarityScale

MAX_SEARCHES = 2
"""How many searches read the index at once: each keeps some 10 MB, and more of them are not faster in sum."""


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
class FoundItem(FoundProduct):
    """A product, or a photo of one, that a search found, with its similarity in words."""

    similarity_words: str


@dataclass(frozen=True)
class _Version:
    """What the server answers with until the index has a new version."""

    index: CatalogueIndex
    products: Mapping[str, CatalogueProduct]
    pictures: Pictures
    filters: FilterColumns
    scale: SimilarityScale
    rows: Mapping[str, int]
    """The photo of the index of each photo_id."""


class ServedCatalogue:
    """Answers searches. Threads may share it: photos of concurrent requests are embedded together.

    A request that has begun is answered from the version of the index that it began with.
    """

    def __init__(self, files: ServedFiles) -> None:
        """Read everything, and embed a photo and a word so that the first request is as fast as the next.

        Raises:
            ContractError: A file is missing or breaks its contract.
            ModelError: The model cannot be loaded, or another model made the embeddings.
        """
        self._files, self._folder = files, files.index or files.embeddings
        self.model = api.load(files.model)
        self.tagger = CalibratedTagger(self.model, files.calibration)
        self._version = self._open_version()
        self._batches = PhotoBatches(self.model)
        self._searches = ThreadPoolExecutor(MAX_SEARCHES, "weft-search")
        first_photo = next((name for name in self.search_index.photo_ids if name in self.photos), None)
        if first_photo is not None and (jpeg := self.photos.read(first_photo)):
            self.embed(jpeg)
        self.model.embed_text(self.model.words[0])  # imports the tokeniser

    def __contains__(self, photo_id: object) -> bool:
        """Return whether there is a picture of a photo of the catalogue."""
        return isinstance(photo_id, str) and photo_id in self.photos

    @property
    def search_index(self) -> PhotoSearch:
        """The photos and products that searches find."""
        return self._version.index.photos

    @property
    def index_version(self) -> int:
        """The version of the index; 0 for embeddings of the pipeline."""
        return self._version.index.version

    @property
    def products(self) -> Mapping[str, CatalogueProduct]:
        """What the shops say about the products, by product_id."""
        return self._version.products

    @property
    def photos(self) -> Pictures:
        """The pictures of the photos."""
        return self._version.pictures

    @property
    def filters(self) -> FilterColumns:
        """What the filters read of each product."""
        return self._version.filters

    def reload(self) -> bool:
        """Answer from the newest version of the index from now on; return whether there was a new one.

        Raises:
            ContractError: The new version cannot be read; searches go on with the old one.
            ModelError: Another model made it.
        """
        manifest = read_manifest(self._folder)
        if manifest is None or manifest.name == self._version.index.name:
            return False
        self._version = self._open_version(self._version.index)
        return True

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
        version = self._version
        photos = version.index.photos
        vector, photo_weight = self._embed_query(query, version)
        mask = version.filters.select(requested)
        if group_by_product:
            groups = self._searches.submit(photos.find_products, vector, k, mask).result()
        else:
            photo_mask = None if mask is None else mask[photos.photo_products]
            groups = [[hit] for hit in self._searches.submit(photos.find_photos, vector, k, photo_mask).result()]
        return [
            FoundItem(
                version.products.get(hits[0].product_id),
                hits,
                version.scale.describe(hits[0].similarity, photo_weight),
            )
            for hits in groups
        ]

    def list_photo_ids(self, product_id: str) -> list[str]:
        """Return the photo_ids of a product in the index."""
        return self.search_index.list_photo_ids(product_id)

    def _open_version(self, previous: CatalogueIndex | None = None) -> _Version:
        files = self._files
        index = open_catalogue(self._folder, self.model.digest, files.index_type, previous=previous)
        products = read_products(files.products) if index.products is None else index.products
        sample = np.random.default_rng(0).permutation(len(index.vectors))[:SAMPLE_SIZE]
        return _Version(
            index,
            products,
            PreparedPhotos(files.photos) if index.pictures is None else index.pictures,
            FilterColumns([products.get(product_id) for product_id in index.photos.products]),
            SimilarityScale.measure(index.vectors.take(np.sort(sample)), self.model.word_embeddings),
            {photo_id: row for row, photo_id in enumerate(index.photos.photo_ids)},
        )

    def _embed_query(self, query: Query, version: _Version) -> tuple[Scores, float]:
        """Return the vector of a query, and how much of it is a photo."""
        photo = None
        if query.photo is not None:
            photo = _normalise(query.photo)
        elif query.like is not None:
            if query.like not in version.rows:
                raise InputError(f"the catalogue has no photo {query.like[:100]!r}")
            photo = _normalise(version.index.vectors.take(np.array([version.rows[query.like]]))[0])
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
