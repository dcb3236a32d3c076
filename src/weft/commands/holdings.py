"""Holdings: which outs of the pipeline hold something of a shop, a product, an address or a photo."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.contracts import files
from weft.errors import ContractError

OUTPUT_FOLDERS = ("data", "models", "reports")
_KEY_COLUMNS = ("product_id", "shop", "url", "sha256", "photo_id", "view")
_TEXT_SUFFIXES = frozenset({".html", ".json", ".csv", ".tsv", ".md", ".txt"})
_MAX_TEXT_BYTES = 100 * 1024**2
_TRAIN_PHOTOS = Path("data/prepared/train")


@dataclass(frozen=True)
class PurgeTarget:
    """What is looked for; any of it counts."""

    shop: str = ""
    products: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    photo_digests: frozenset[str] = frozenset()
    """Digests of photos."""


def find_stored_copies(target: PurgeTarget, root: Path) -> list[tuple[str, str]]:
    """Every out under `root` that holds something of what is wanted, with what that is, sorted.

    Tables are searched by their columns and texts for ids and addresses; a model holds what it was trained on.

    Raises:
        ContractError: A table cannot be read, so nobody can say what it holds.
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
    return sorted(found)


def _find_photo_ids(target: PurgeTarget, root: Path) -> pa.Array:
    """The ids, "<product_id>#<view>", of the photos of the catalogue that are wanted by address or content."""
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
            f"{path}: not a readable Parquet file ({error}); whether it holds what must go is unknown"
        ) from error


def _match_rows(table: pa.Table, target: PurgeTarget, photos: pa.Array) -> pa.ChunkedArray:
    """Which rows hold something of it."""
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
    elif {"product_id", "view"} <= names:
        ids = pc.binary_join_element_wise(table["product_id"], pc.cast(table["view"], pa.string()), "#")
        hits.append(pc.is_in(ids, value_set=photos))
    found = hits[0]
    for hit in hits[1:]:
        found = pc.or_(found, pc.fill_null(hit, False))
    return found


def _has_text_match(path: Path, target: PurgeTarget) -> bool:
    if path.suffix not in _TEXT_SUFFIXES or not path.is_file() or path.stat().st_size > _MAX_TEXT_BYTES:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    terms = [*target.products, *target.urls, *([f"{target.shop}/"] if target.shop else [])]
    return any(term in text for term in terms)


def _is_table(path: Path) -> bool:
    return path.suffix == ".parquet" or path.is_dir()


def _iter_models(root: Path) -> Iterator[Path]:
    yield from (folder for folder in sorted((root / "models").glob("*")) if folder.is_dir())


def _iter_training_states(root: Path) -> Iterator[Path]:
    yield from (root / "var" / name for name in ("fit_words", "finetune") if (root / "var" / name).is_dir())
