"""`weft index`: build the search index of a catalogue, update it from the newest crawl, and describe it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from weft.contracts import files
from weft.errors import ContractError
from weft.progress import log_line
from weft.search.catalogue_index import read_mask
from weft.search.crawl_photos import PurgedValues
from weft.search.index_manifest import LEFT_OUT, PRODUCTS, SEARCHED, Manifest, require_manifest
from weft.search.index_update import UpdateSources, UpdateSummary, build_index, update_index
from weft.whitening import Whitening, read_whitening


@dataclass(frozen=True)
class IndexInputs:
    """The files that an index is made from."""

    model: Path
    crawl: Path
    """The output of the stage crawl."""
    state: Path
    """The folder of the crawl state, which has the list of what was purged."""
    embeddings: Path
    """The embeddings of the pipeline, whose whitening a new index takes over, if the same model made them."""


def build(folder: Path, inputs: IndexInputs, params_file: Path) -> Iterator[str]:
    """Embed all photos of the crawl into an index, and yield lines on what was done.

    Args:
        folder: The index; one that is there answers until the new one replaces it.
        inputs: The files to read.
        params_file: params.yaml, whose section `prepare` says how photos are checked and resized.

    Raises:
        ContractError: The crawl breaks its contract.
        InputError: The folder cannot be used.
        ModelError: The model cannot be loaded.
        ParamsError: params.yaml cannot be used.
    """
    from weft.params import load_params

    prepare = load_params(params_file).prepare
    sources = _load_sources(inputs)
    yield from _format_summary(folder, build_index(folder, sources, prepare, _read_whitening(inputs, sources)))


def update(folder: Path, inputs: IndexInputs, *, compact: bool) -> Iterator[str]:
    """Bring the index to the state of the crawl, and yield lines on what was done.

    Args:
        folder: The index.
        inputs: The files to read.
        compact: Write all segments again as one, without removed photos.

    Raises:
        ContractError: The crawl or the index breaks its contract.
        InputError: There is no index, or another process updates it.
        ModelError: The model cannot be loaded, or another model made the index.
    """
    require_manifest(folder)  # before the model is loaded, which takes seconds
    yield from _format_summary(folder, update_index(folder, _load_sources(inputs), compact))


def describe(folder: Path) -> Iterator[str]:
    """Yield lines on the version of an index: its model, what it holds, and what it leaves out.

    Raises:
        ContractError: The index is damaged.
        InputError: There is no index.
    """
    manifest = require_manifest(folder)
    try:
        yield from _format_manifest(folder, manifest)
    except FileNotFoundError as error:
        raise ContractError(f"{error.filename}: a file of the index is missing; run `weft index build`") from error


def _format_manifest(folder: Path, manifest: Manifest) -> Iterator[str]:
    stored = sum(entry.photos for entry in manifest.segments)
    found = int(read_mask(folder / f"{manifest.name}.{SEARCHED}", stored).sum())
    num_bytes = sum((folder / name).stat().st_size for name in manifest.list_files())
    yield f"{folder}: version {manifest.version}, model {manifest.model[:12]}, {manifest.embedding_dim} dimensions"
    yield (
        f"{found:,} photos, {pq.read_metadata(folder / f'{manifest.name}.{PRODUCTS}').num_rows:,} products, "
        f"{num_bytes / 1e6:,.1f} MB"
    )
    yield f"{len(manifest.segments)} segments; {stored - found:,} of their {stored:,} photos are not found any more"
    reasons = pq.read_table(folder / f"{manifest.name}.{LEFT_OUT}", columns=["reason"])["reason"].value_counts()
    for reason in sorted(reasons.to_pylist(), key=lambda item: str(item["values"])):
        yield f"left out: {reason['counts']:,} photos, {reason['values']}"


def _load_sources(inputs: IndexInputs) -> UpdateSources:
    from crawler.storage.purge import load_purge_list
    from weft.api import load

    if not inputs.state.is_dir():
        log_line(f"{inputs.state}: no crawl state, so it is not known what was purged; name it with --state")
    purge_list = load_purge_list(inputs.state)
    purged = PurgedValues(purge_list.shops, purge_list.products, purge_list.urls, purge_list.digests)
    return UpdateSources(inputs.crawl, purged, load(inputs.model))


def _read_whitening(inputs: IndexInputs, sources: UpdateSources) -> Whitening | None:
    digest = inputs.embeddings / files.DIGEST
    if not digest.is_file() or digest.read_text(encoding="utf-8").strip() != sources.model.digest:
        log_line(f"{inputs.embeddings}: no embeddings by this model, so weft search --same-item will not be possible")
        return None
    return read_whitening(inputs.embeddings, sources.model.word_embeddings.shape[1])


def _format_summary(folder: Path, summary: UpdateSummary) -> Iterator[str]:
    state = f"version {summary.version}" if summary.has_changed else f"up to date, version {summary.version}"
    yield f"{folder}: {state}: {summary.photos:,} photos of {summary.products:,} products"
    if summary.has_changed:
        yield (
            f"{summary.embedded:,} photos embedded, {summary.copied:,} copied, {summary.removed:,} removed; "
            f"the bytes of {summary.purged:,} purged photos are in no file any more"
        )
    for reason, count in sorted(summary.left_out.items()):
        yield f"left out: {count:,} photos, {reason}"
