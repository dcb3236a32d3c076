"""Build and update an index on disk from the newest crawl, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from weft import tables
from weft.contracts import files
from weft.contracts.arrays import Bools
from weft.errors import ContractError, InputError, ModelError, get_first_line
from weft.params import Prepare
from weft.search.catalogue_index import read_mask
from weft.search.catalogue_products import parse_products, read_product_table
from weft.search.crawl_photos import PurgedValues, read_crawl_photos
from weft.search.index_manifest import (
    LEFT_OUT,
    MANIFEST,
    PRODUCTS,
    SEARCHED,
    WHITENING,
    Manifest,
    SegmentEntry,
    make_name,
    open_for_writing,
    require_manifest,
    write_manifest,
)
from weft.search.left_out_photos import (
    LEFT_OUT_PHOTOS,
    find_repeated_pictures,
    find_unusable_digests,
    make_left_out_table,
)
from weft.search.new_segment import EmbeddingModel, write_new_segment
from weft.search.segments import Segment
from weft.search.update_plan import plan_update
from weft.whitening import Whitening, write_whitening


@dataclass(frozen=True)
class UpdateSources:
    """What an index is made of."""

    crawl: Path
    """The output of the stage crawl."""
    purged: PurgedValues
    """What no file of the index may hold."""
    model: EmbeddingModel


@dataclass
class UpdateSummary:
    """What an update did."""

    version: int
    """The version that searches find now."""
    has_changed: bool = True
    """False if the index was up to date, so that no version was written."""
    photos: int = 0
    """Photos that searches find."""
    products: int = 0
    """Products of the crawl, with or without photos."""
    embedded: int = 0
    copied: int = 0
    """Photos whose bytes were already in the index, at another place of the catalogue."""
    removed: int = 0
    """Photos that searches found before, and that the crawl does not have any more."""
    purged: int = 0
    """Purged photos whose bytes were removed from the files of the index."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Photos of the crawl that searches do not find, by reason."""


@dataclass(frozen=True)
class _Base:
    """What an update starts from: a version, or nothing."""

    version: int
    prepare: Prepare
    segments: list[Segment] = field(default_factory=list)
    mask: Bools = field(default_factory=lambda: np.zeros(0, bool))
    left_out: pa.Table | None = None
    products: pa.Table | None = None
    unusable: dict[str, tuple[str, str]] = field(default_factory=dict)
    whitening: str | None = None
    new_whitening: Whitening | None = None


@dataclass(frozen=True)
class _Contents:
    """What a version holds beside its segments."""

    mask: Bools
    left_out: pa.Table
    products: pa.Table

    def equals(self, base: _Base) -> bool:
        """Return whether a version holds the same; an update that starts from nothing always changes it."""
        return (
            base.left_out is not None
            and base.products is not None
            and np.array_equal(self.mask, base.mask)
            and self.left_out.cast(base.left_out.schema).equals(base.left_out)
            and self.products.cast(base.products.schema).equals(base.products)
        )


def build_index(
    folder: Path, sources: UpdateSources, prepare: Prepare, whitening: Whitening | None = None
) -> UpdateSummary:
    """Embed all photos of a crawl; an index that is in the folder answers until the new one replaces it.

    Args:
        folder: The index, such as var/index.
        sources: The crawl and the model.
        prepare: How photos are checked and resized; later updates do it in the same way.
        whitening: That of the embeddings of the pipeline, for searches for the very same item; updates keep it.

    Raises:
        ContractError: The crawl breaks its contract.
        InputError: The folder cannot be used, or another process writes into it.
    """
    with open_for_writing(folder) as present:
        base = _Base(present.version if present else 0, prepare, new_whitening=whitening)
        return _write_version(folder, sources, base, compact=False)


def update_index(folder: Path, sources: UpdateSources, compact: bool = False) -> UpdateSummary:
    """Bring an index to the state of a crawl; only photos with new bytes are embedded.

    Args:
        folder: The index.
        sources: The crawl, and the model that made the index.
        compact: Write all segments again as one, without removed photos.

    Raises:
        ContractError: The crawl or the index breaks its contract.
        InputError: There is no index, or another process writes into it.
        ModelError: Another model made the index.
    """
    require_manifest(folder)
    with open_for_writing(folder) as manifest:
        if manifest is None:
            raise InputError(f"{folder}: the index was removed; run `weft index build`")
        if manifest.model != sources.model.digest:
            raise ModelError(
                f"{folder}: expected the model {manifest.model[:12]}, which made this index, got "
                f"{sources.model.digest[:12]}; run `weft index build` to embed all photos with the new model"
            )
        return _write_version(folder, sources, _open_base(folder, manifest), compact)


def _open_base(folder: Path, manifest: Manifest) -> _Base:
    try:
        segments = [Segment(folder, entry, manifest.embedding_dim) for entry in manifest.segments]
        left_out = tables.read_table(folder / f"{manifest.name}.{LEFT_OUT}", LEFT_OUT_PHOTOS)
        return _Base(
            manifest.version,
            _read_prepare(manifest, folder),
            segments,
            read_mask(folder / f"{manifest.name}.{SEARCHED}", sum(map(len, segments))),
            left_out,
            read_product_table(folder / f"{manifest.name}.{PRODUCTS}"),
            find_unusable_digests(left_out),
            manifest.whitening,
        )
    except FileNotFoundError as error:
        raise ContractError(f"{error.filename}: a file of the index is missing; run `weft index build`") from error


def _read_prepare(manifest: Manifest, folder: Path) -> Prepare:
    try:
        return TypeAdapter(Prepare).validate_python(manifest.prepare)
    except ValidationError as error:
        raise ContractError(
            f"{folder / MANIFEST}: prepare: {get_first_line(error)}; run `weft index build` with this version of Weft"
        ) from error


def _write_version(folder: Path, sources: UpdateSources, base: _Base, compact: bool) -> UpdateSummary:
    """Write what has changed, and replace the manifest."""
    products, purged = _read_products(sources, base)
    crawl = read_crawl_photos(sources.crawl, purged)
    plan = plan_update(crawl, base.segments, purged, base.unusable, compact)
    num_removed = int((base.mask & ~np.concatenate([*plan.current, np.zeros(0, bool)])).sum())
    name, dim = make_name(base.version + 1), sources.model.word_embeddings.shape[1]
    entry, num_embedded = None, 0
    if plan.changes_photos:
        entry, num_embedded = write_new_segment(
            folder, name, sources.crawl, sources.model, base.prepare, base.segments, plan
        )
    kept = [number for number in range(len(base.segments)) if number not in plan.rewritten]
    segments, current = [base.segments[number] for number in kept], [plan.current[number] for number in kept]
    if entry is not None:
        segments.append(Segment(folder, entry, dim))
        current.append(np.ones(entry.photos, bool))
    mask, repeated = find_repeated_pictures(segments, current, base.prepare.phash_max_distance)
    left_out = make_left_out_table([*crawl.left_out, *plan.left_out, *repeated])
    contents = _Contents(mask, left_out, products)
    has_changed = plan.changes_photos or not contents.equals(base)
    if has_changed:
        _replace_manifest(folder, name, sources, base, segments, contents)
    return UpdateSummary(
        base.version + has_changed,
        has_changed,
        int(mask.sum()),
        products.num_rows,
        num_embedded,
        len(plan.copies) + sum(map(len, plan.repeated.values())),
        num_removed,
        plan.num_purged,
        Counter(left_out["reason"].to_pylist()),
    )


def _read_products(sources: UpdateSources, base: _Base) -> tuple[pa.Table, PurgedValues]:
    """Return the products of the crawl that were not purged, and what was purged with the products of purged pages."""
    table = read_product_table(sources.crawl / files.PRODUCTS)
    products = list(parse_products(table).values())
    old = [] if base.products is None else list(parse_products(base.products).values())
    purged = sources.purged.add_products_of_pages([*products, *old])
    return table.filter(pa.array([not purged.covers_product(product) for product in products], pa.bool_())), purged


def _replace_manifest(
    folder: Path, name: str, sources: UpdateSources, base: _Base, segments: Sequence[Segment], contents: _Contents
) -> None:
    np.save(folder / f"{name}.{SEARCHED}", contents.mask)
    pq.write_table(contents.products, folder / f"{name}.{PRODUCTS}", compression="zstd")
    pq.write_table(contents.left_out, folder / f"{name}.{LEFT_OUT}", compression="zstd")
    if base.new_whitening is not None:
        write_whitening(folder, base.new_whitening, f"{name}.{WHITENING}")
    manifest = Manifest(
        version=base.version + 1,
        name=name,
        model=sources.model.digest,
        embedding_dim=sources.model.word_embeddings.shape[1],
        prepare=asdict(base.prepare),
        segments=tuple(SegmentEntry(name=segment.name, photos=len(segment)) for segment in segments),
        whitening=base.whitening if base.new_whitening is None else name,
    )
    write_manifest(folder, manifest)
