"""The photos of the newest crawl, as an index reads them: first what they are, then the bytes of those that are new."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.contracts import files
from weft.contracts.tables import PHOTOS
from weft.errors import ContractError
from weft.photos.split_dedup import DUPLICATE_IN_PRODUCT
from weft.search.catalogue_products import CatalogueProduct


class CrawledPhoto(NamedTuple):
    """A photo of the crawl without its bytes."""

    product_id: str
    position: int
    url: str
    sha256: str


class LeftOutPhoto(NamedTuple):
    """A photo of the crawl that no search finds."""

    photo: CrawledPhoto
    reason: str
    """A short constant phrase that can be counted."""
    detail: str


@dataclass(frozen=True)
class PurgedValues:
    """What `weft purge` removed: an index must not hold any of it, in any file."""

    shops: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    """Of photos, and of pages of products."""
    digests: frozenset[str] = frozenset()
    """The sha256 of photos."""

    def covers_product(self, product: CatalogueProduct) -> bool:
        """Return whether a product was purged by its shop, its id or its page."""
        return product.shop in self.shops or product.product_id in self.products or product.url in self.urls

    def covers_photo(self, photo: CrawledPhoto) -> bool:
        """Return whether a photo was purged, by itself or with its product."""
        return (
            photo.sha256 in self.digests
            or photo.url in self.urls
            or photo.product_id in self.products
            or photo.product_id.partition("/")[0] in self.shops
        )

    def add_products_of_pages(self, products: Iterable[CatalogueProduct]) -> "PurgedValues":
        """Return these values with the ids of the products whose pages were purged."""
        covered = {product.product_id for product in products if self.covers_product(product)}
        return PurgedValues(self.shops, self.products | covered, self.urls, self.digests)


@dataclass
class CrawlPhotos:
    """The photos of a crawl that an index may hold."""

    photos: list[CrawledPhoto] = field(default_factory=list)
    """In the order of their keys."""
    left_out: list[LeftOutPhoto] = field(default_factory=list)
    num_purged: int = 0
    """Photos that the crawl's tables still have although they were purged."""


def read_crawl_photos(crawl: Path, purged: PurgedValues) -> CrawlPhotos:
    """Return the photos of a crawl; the bytes are not read.

    Args:
        crawl: The output of the stage crawl.
        purged: What must not be in the index.

    Raises:
        ContractError: The photos are missing or break their contract.
    """
    found = CrawlPhotos()
    product_id, position_by_digest = "", dict[str, int]()
    for table in tables.read_shards(crawl / files.PHOTOS, PHOTOS, CrawledPhoto._fields):
        for photo in map(
            CrawledPhoto._make, zip(*(table[name].to_pylist() for name in CrawledPhoto._fields), strict=True)
        ):
            if photo.product_id != product_id:
                product_id, position_by_digest = photo.product_id, {}
            if purged.covers_photo(photo):
                found.num_purged += 1
            elif photo.sha256 in position_by_digest:
                detail = f"the same bytes as the photo at position {position_by_digest[photo.sha256]}"
                found.left_out.append(LeftOutPhoto(photo, DUPLICATE_IN_PRODUCT, detail))
            else:
                position_by_digest[photo.sha256] = photo.position
                found.photos.append(photo)
    return found


def read_photo_bytes(
    crawl: Path, photos: Mapping[tuple[str, int], CrawledPhoto]
) -> Iterator[tuple[CrawledPhoto, bytes]]:
    """Yield some photos of a crawl with their bytes; row groups without any of them are not read.

    Args:
        crawl: The output of the stage crawl.
        photos: The photos by (product_id, position).

    Raises:
        ContractError: A shard cannot be read, or another crawl has replaced the photos.
    """
    num_found = 0
    for path in sorted((crawl / files.PHOTOS).glob("*.parquet")) if photos else ():
        try:
            with pq.ParquetFile(path) as shard:
                for group in range(shard.num_row_groups):
                    for key, data in _read_group(shard, group, photos):
                        num_found += 1
                        yield photos[key], data
        except (pa.ArrowInvalid, OSError) as error:
            raise ContractError(f"{path}: not a readable Parquet file of photos: {error}") from error
    if num_found < len(photos):
        missing = len(photos) - num_found
        raise ContractError(f"{crawl}: {missing} photos have disappeared while they were read; run the update again")


def _read_group(
    shard: pq.ParquetFile, group: int, keys: Container[tuple[str, int]]
) -> Iterator[tuple[tuple[str, int], bytes]]:
    columns = shard.read_row_group(group, columns=["product_id", "position"])
    found = zip(columns["product_id"].to_pylist(), columns["position"].to_pylist(), strict=True)
    rows = [(row, key) for row, key in enumerate(found) if key in keys]
    if rows:
        data = shard.read_row_group(group, columns=["bytes"])["bytes"]
        for row, key in rows:
            yield key, data[row].as_py()
