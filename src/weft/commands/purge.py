"""`weft purge`: remove a shop, a product or a URL from the crawl state, and list the later outputs that hold it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.commands.index_arguments import INDEX, find_index
from weft.commands.serve_arguments import VERDICT_STORE, VERDICTS
from weft.contracts import files
from weft.errors import ContractError, InputError

if TYPE_CHECKING:
    from crawler.storage.purge import Purged

OUTPUT_FOLDERS = ("data", "models", "reports")
_KEY_COLUMNS = ("product_id", "shop", "url", "sha256", "photo_id", "position")
_TEXT_SUFFIXES = frozenset({".html", ".json", ".csv", ".tsv", ".md", ".txt"})
_MAX_TEXT_BYTES = 100 * 1024**2
_TRAIN_PHOTOS = Path("data/prepared/train")


@dataclass(frozen=True)
class PurgeTarget:
    """What to remove: everything that matches one of the fields."""

    shop: str = ""
    products: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    photo_digests: frozenset[str] = frozenset()
    """The sha256 of photos."""


def find_stored_copies(target: PurgeTarget, root: Path) -> list[tuple[str, str]]:
    """Return the outputs under `root` that hold something of the target, as sorted (path, description).

    Tables are searched in their key columns and text files for ids and URLs; a model holds what it was trained on.

    Raises:
        ContractError: A table cannot be read, so it may hold the target.
    """
    photos = _find_photo_ids(target, root)
    rows: dict[Path, int] = {}
    for path in (p for out in OUTPUT_FOLDERS for p in sorted((root / out).rglob("*"))):
        if path.suffix == ".parquet":
            n_matches = sum(pc.sum(_match_rows(table, target, photos)).as_py() or 0 for table in _read_row_groups(path))
        else:
            n_matches = int(_has_text_match(path, target))
        if n_matches:
            location = path.parent if path.name[:5].isdigit() else path
            rows[location] = rows.get(location, 0) + n_matches
    found = [
        (str(path.relative_to(root)), f"{number} rows" if _is_table(path) else "its text")
        for path, number in rows.items()
    ]
    if root / _TRAIN_PHOTOS in rows:
        found += [(str(model.relative_to(root)), "it was trained on it") for model in _iter_models(root)]
        found += [
            (str(state.relative_to(root)), "it copies the training photos") for state in _iter_training_states(root)
        ]
    return sorted([*found, *_find_verdicts(target, root)])


def _find_photo_ids(target: PurgeTarget, root: Path) -> pa.Array:
    """Return the ids, "<product_id>#<position>", of the catalogue photos that the target names by URL or by sha256."""
    ids: list[str] = []
    for path in sorted((root / "data" / "crawl" / files.PHOTOS).glob("*.parquet")):
        for table in _read_row_groups(path, ("product_id", "position", "url", "sha256")):
            hits = table.filter(_match_rows(table, target, pa.array([], pa.string())))
            keys = zip(hits["product_id"].to_pylist(), hits["position"].to_pylist(), strict=True)
            ids += [f"{product}#{position}" for product, position in keys]
    return pa.array(ids, pa.string())


def _read_row_groups(path: Path, columns: tuple[str, ...] = _KEY_COLUMNS) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as parquet:
            known = [name for name in columns if name in parquet.schema_arrow.names]
            for group in range(parquet.num_row_groups if known else 0):
                yield parquet.read_row_group(group, columns=known)
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(
            f"{path}: expected a readable Parquet file, got one that may hold what must be removed: {error}"
        ) from error


def _match_rows(table: pa.Table, target: PurgeTarget, photos: pa.Array) -> pa.ChunkedArray:
    """Return for each row whether it holds something of the target."""
    names = set(table.column_names)
    hits = [pa.chunked_array([pa.repeat(pa.scalar(False), table.num_rows)])]
    values_by_column = {"product_id": target.products, "url": target.urls, "sha256": target.photo_digests}
    hits += [
        pc.is_in(table[name], value_set=pa.array(sorted(values_by_column[name]), pa.string()))
        for name in names & set(values_by_column)
    ]
    if target.shop:
        prefixed = names & {"product_id", "photo_id"}
        hits += [pc.starts_with(table[name], f"{target.shop}/") for name in prefixed]
        hits += [pc.equal(table["shop"], target.shop)] if "shop" in names else []
    if "photo_id" in names:
        hits.append(pc.is_in(table["photo_id"], value_set=photos))
    elif {"product_id", "position"} <= names:
        ids = pc.binary_join_element_wise(table["product_id"], pc.cast(table["position"], pa.string()), "#")
        hits.append(pc.is_in(ids, value_set=photos))
    found = hits[0]
    for hit in hits[1:]:
        found = pc.or_(found, pc.fill_null(hit, False))
    return found


def _has_text_match(path: Path, target: PurgeTarget) -> bool:
    if path.suffix not in _TEXT_SUFFIXES or not path.is_file() or path.stat().st_size > _MAX_TEXT_BYTES:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return any(term in text for term in _list_terms(target))


def _list_terms(target: PurgeTarget) -> list[str]:
    """Return what a text that holds something of the target contains."""
    return [*target.products, *target.urls, *([f"{target.shop}/"] if target.shop else [])]


def _find_verdicts(target: PurgeTarget, root: Path) -> Iterator[tuple[str, str]]:
    """Yield the files with verdicts of people on products of the target; a verdict holds the id of its product."""
    terms = [term.encode() for term in _list_terms(target)]
    for path in (root / VERDICTS, *sorted(root.glob(f"{VERDICT_STORE}*"))):
        if path.is_file() and any(term in path.read_bytes() for term in terms):
            yield str(path.relative_to(root)), "verdicts of people"


def _is_table(path: Path) -> bool:
    return path.suffix == ".parquet" or path.is_dir()


def _iter_models(root: Path) -> Iterator[Path]:
    yield from (folder for folder in sorted((root / "models").glob("*")) if folder.is_dir())


def _iter_training_states(root: Path) -> Iterator[Path]:
    yield from (root / "var" / name for name in ("train_head", "finetune") if (root / "var" / name).is_dir())


def purge(kind: str, value: str, state: Path, root: Path, *, dry_run: bool) -> Iterator[str]:
    """Remove the target, and yield lines on what was removed and what the user must still do.

    Args:
        kind: "shop", "product" or "url".
        value: The name, product_id or URL.
        state: The folder of the crawl state.
        root: The folder of the project, which has data/, models/ and reports/.
        dry_run: List only, remove nothing.

    Raises:
        InputError: There is no crawl state, or `value` is invalid.
        ShopError: A crawl uses the state, or it cannot be written.
    """
    from crawler.storage.purge import purge as purge_store

    if not state.is_dir():
        raise InputError(f"{state}: expected a folder with crawl states, got no such folder; set --state")
    if kind == "product" and not value.partition("/")[2]:
        raise InputError(
            f"--product {value}: expected a product_id, <shop>/<item id>, as in data/crawl/products.parquet"
        )
    result = purge_store(state, kind, value, dry_run=dry_run)
    yield from _format_store_lines(kind, value, result, state, dry_run=dry_run)
    yield from _format_stage_lines(_build_target(kind, value, result), root)


def _build_target(kind: str, value: str, result: "Purged") -> PurgeTarget:
    if kind == "shop":
        return PurgeTarget(shop=value)
    if kind == "product":
        return PurgeTarget(
            products=frozenset({value}), urls=frozenset(result.photos), photo_digests=frozenset(result.digests)
        )
    return PurgeTarget(
        products=frozenset(result.products),
        urls=frozenset({value, *result.pages, *result.photos}),
        photo_digests=frozenset(result.digests),
    )


def _format_store_lines(kind: str, value: str, result: "Purged", state: Path, *, dry_run: bool) -> Iterator[str]:
    verb = "would remove" if dry_run else "removed"
    if result.states:
        yield (
            f"{state}: {verb} {len(result.products)} products, {len(result.pages)} pages and {len(result.photos)} "
            f"photos ({result.freed_bytes:,} bytes) from {', '.join(sorted(result.states))}"
        )
    else:
        yield f"{state}: it holds nothing of {kind} {value}"
    for url in sorted(result.shared_urls):
        yield f"{state}: kept {url}, which has the same photo; purge it too if the photo must be removed"
    yield f"{state}: {'would add' if dry_run else 'added'} it to purged.jsonl; no crawl with this state fetches it"


def _format_stage_lines(target: PurgeTarget, root: Path) -> Iterator[str]:
    copies = find_stored_copies(target, root)
    for location, description in copies:
        yield f"{location}: holds it: {description}"
    if copies and target.shop:
        yield f"remove {target.shop} from crawl.shops in params.yaml, then run dvc repro to write these again"
    elif copies:
        yield (
            "dvc repro writes these again without it, the tables of the crawl from its state, without requests to the "
            "shop: dvc repro --single-item --force crawl && dvc repro"
        )
        if (root / ".dvc").is_dir() or (root / "dvc.lock").exists():
            yield "then dvc gc --workspace removes the old files from DVC's cache, but not from remotes or MLflow"
    else:
        yield f"no output of a later stage under {root} holds it"
    if find_index(root) is not None:
        yield f"{INDEX}: weft index update removes it from all files of the index"
