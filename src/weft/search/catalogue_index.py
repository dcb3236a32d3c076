"""A catalogue that is open for search: the embeddings of the pipeline, or a version of an index on disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from weft import artefacts
from weft.contracts.arrays import Bools, Ints, Matrix
from weft.errors import ContractError, InputError, ModelError
from weft.search.catalogue_products import CatalogueProduct, read_products
from weft.search.exact_index import ExactIndex, load_unit_rows
from weft.search.index_manifest import PRODUCTS, SEARCHED, WHITENING, Manifest, read_manifest
from weft.search.product_search import PhotoSearch
from weft.search.segments import Segment
from weft.search.stored_vectors import StoredVectors
from weft.search.vector_index import MaskedIndex, VectorIndex
from weft.search.whitened_index import WhitenedIndex
from weft.whitening import Whitening, read_whitening

IndexType = Literal["exact", "faiss"]
_OPEN_ATTEMPTS = 5
"""An update may replace the version, and remove its files, while it is being opened."""


class Pictures(Protocol):
    """The pictures of a catalogue."""

    def __contains__(self, photo_id: str) -> bool:
        """Return whether there is a picture of this photo."""

    def read(self, photo_id: str) -> bytes | None:
        """Return the JPEG bytes of a photo; None if there is no such photo."""


class SegmentPictures:
    """The pictures of the photos of an index that can be found."""

    def __init__(self, segments: Sequence[Segment], photo_ids: Sequence[str], rows: Ints) -> None:
        self._segments = segments
        self._starts = np.cumsum([0, *map(len, segments)])
        self._rows = dict(zip(photo_ids, rows.tolist(), strict=True))

    def __contains__(self, photo_id: str) -> bool:
        return photo_id in self._rows

    def read(self, photo_id: str) -> bytes | None:
        """Return the JPEG bytes of a photo; None if there is no such photo."""
        row = self._rows.get(photo_id)
        if row is None:
            return None
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._segments[number].read_jpeg(row - int(self._starts[number]))


@dataclass(frozen=True)
class CatalogueIndex:
    """A catalogue that can be searched."""

    model_digest: str
    photos: PhotoSearch
    vectors: StoredVectors
    """In the order of `photos`."""
    same_item_photos: PhotoSearch | None = None
    """Searches by the embedding of a photo, with the very same item first; None where there is no whitening."""
    products: dict[str, CatalogueProduct] | None = None
    """What the shops say; None for the embeddings of the pipeline, which do not hold it."""
    pictures: Pictures | None = None
    """The pictures; None for the embeddings of the pipeline, which do not hold them."""
    version: int = 0
    """The version of the index on disk; 0 for the embeddings of the pipeline."""
    name: str = ""
    """The first part of the names of the files of this version, which no other one has."""
    segments: dict[str, Segment] = field(default_factory=dict)
    """The open segments by name, which a later version uses again."""

    def choose_search(self, *, is_photo: bool, same_item: bool) -> PhotoSearch:
        """Return `photos` or, for a photo with `same_item`, `same_item_photos`.

        Raises:
            InputError: `same_item` with words, or in an index without a whitening.
        """
        if not same_item:
            return self.photos
        if not is_photo:
            raise InputError("the same item can be found by a photo only, got words; leave out --same-item (same_item)")
        if self.same_item_photos is None:
            raise InputError(
                "the index has no whitening.safetensors, which --same-item (same_item) needs; run the stage embed "
                "again, and then `weft index build` if this is such an index; or leave it out"
            )
        return self.same_item_photos


def open_catalogue(
    folder: Path,
    model_digest: str,
    index_type: IndexType = "exact",
    in_memory: bool = True,
    previous: CatalogueIndex | None = None,
) -> CatalogueIndex:
    """Open an index on disk, or the embeddings of the pipeline, for search.

    Args:
        folder: Such as var/index or data/embeddings/catalogue.
        model_digest: The digest of the model that embeds the queries.
        index_type: "exact", or "faiss" with half of the memory.
        in_memory: Keep the vectors of the exact index as float32 in memory, for many queries; otherwise they are read
            from the memory-mapped files for each query.
        previous: A version that is open already; segments that both have are not read again.

    Raises:
        ContractError: A file is missing or damaged.
        InputError: The extra `faiss` is not installed.
        ModelError: Another model made the vectors.
    """
    for _ in range(_OPEN_ATTEMPTS):
        manifest = read_manifest(folder)
        if manifest is None:
            return _open_embeddings(folder, model_digest, index_type, in_memory)
        _check_model(folder, manifest.model, model_digest, "weft index build")
        try:
            return _open_version(folder, manifest, index_type, in_memory, previous)
        except (FileNotFoundError, ContractError) as error:
            # Tables that an update has removed meanwhile are a ContractError too.
            if read_manifest(folder) == manifest:
                if isinstance(error, ContractError):
                    raise
                raise ContractError(
                    f"{error.filename}: a file of the index is missing; run `weft index build`"
                ) from error
    raise ContractError(f"{folder}: the index was replaced {_OPEN_ATTEMPTS} times while it was opened; try again")


def _open_version(
    folder: Path, manifest: Manifest, index_type: IndexType, in_memory: bool, previous: CatalogueIndex | None
) -> CatalogueIndex:
    known = previous.segments if previous else {}
    segments = [known.get(entry.name) or Segment(folder, entry, manifest.embedding_dim) for entry in manifest.segments]
    mask = read_mask(folder / f"{manifest.name}.{SEARCHED}", sum(map(len, segments)))
    rows = np.flatnonzero(mask)
    product_ids, photo_ids = _list_ids(segments, mask)
    index = MaskedIndex(
        make_index([_choose_matrix(part, index_type, in_memory) for part in segments], index_type), mask
    )
    vectors = StoredVectors([segment.vectors for segment in segments], manifest.embedding_dim, rows)
    photos = PhotoSearch(index, photo_ids, product_ids)
    whitening = manifest.whitening and read_whitening(
        folder, manifest.embedding_dim, f"{manifest.whitening}.{WHITENING}"
    )
    return CatalogueIndex(
        manifest.model,
        photos,
        vectors,
        _make_same_item_search(photos, index, vectors, whitening or None),
        read_products(folder / f"{manifest.name}.{PRODUCTS}"),
        SegmentPictures(segments, photo_ids, rows),
        manifest.version,
        manifest.name,
        {segment.name: segment for segment in segments},
    )


def _make_same_item_search(
    photos: PhotoSearch, index: VectorIndex, vectors: StoredVectors, whitening: Whitening | None
) -> PhotoSearch | None:
    return None if whitening is None else photos.with_index(WhitenedIndex(index, vectors, whitening))


def _choose_matrix(segment: Segment, index_type: IndexType, in_memory: bool) -> Matrix:
    return segment.unit_rows if in_memory and index_type == "exact" else segment.vectors


def _open_embeddings(folder: Path, model_digest: str, index_type: IndexType, in_memory: bool) -> CatalogueIndex:
    gallery = artefacts.read_embeddings(folder)
    _check_model(folder, gallery.model_digest, model_digest, "dvc repro embed@catalogue")
    matrix = load_unit_rows(gallery.z) if in_memory and index_type == "exact" else gallery.z
    photo_ids, product_ids = gallery.photos["photo_id"].to_pylist(), gallery.photos["product_id"].to_pylist()
    dim = gallery.z.shape[1]
    index, vectors = make_index([matrix], index_type), StoredVectors([gallery.z], dim)
    photos = PhotoSearch(index, photo_ids, product_ids)
    same_item = _make_same_item_search(photos, index, vectors, read_whitening(folder, dim))
    return CatalogueIndex(gallery.model_digest, photos, vectors, same_item)


def make_index(parts: Sequence[Matrix], index_type: IndexType) -> VectorIndex:
    """Return an index of matrices, each (vectors, embedding_dim).

    Raises:
        InputError: The extra `faiss` is not installed.
    """
    if index_type == "exact":
        return ExactIndex(parts)
    from weft.search.faiss_index import FaissIndex

    return FaissIndex(parts)


def read_mask(path: Path, num_photos: int) -> Bools:
    """Return which photos of the segments of a version can be found, (photos,).

    Raises:
        FileNotFoundError: The file is missing.
        ContractError: The file is damaged.
    """
    try:
        mask = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ContractError(f"{path}: not a readable mask: {error}; run `weft index build`") from error
    if mask.dtype != bool or mask.shape != (num_photos,):
        raise ContractError(
            f"{path}: expected bool ({num_photos},), got {mask.dtype} {mask.shape}; run `weft index build`"
        )
    is_searched: Bools = mask
    return is_searched


def _list_ids(segments: Sequence[Segment], mask: Bools) -> tuple[list[str], list[str]]:
    """Return the product_ids and the photo_ids of the photos that can be found."""
    product_ids: list[str] = []
    photo_ids: list[str] = []
    start = 0
    for segment in segments:
        rows = np.flatnonzero(mask[start : start + len(segment)]).tolist()
        products, positions = segment.product_ids, segment.positions
        product_ids += [products[row] for row in rows]
        photo_ids += [f"{products[row]}#{positions[row]}" for row in rows]
        start += len(segment)
    return product_ids, photo_ids


def _check_model(folder: Path, found: str, expected: str, command: str) -> None:
    if found != expected:
        raise ModelError(
            f"{folder}: expected embeddings by the model {expected[:12]}, got embeddings by another model "
            f"({found[:12] or 'a pretrained backbone'}); run `{command}` or choose another index"
        )
