"""Holdings: which outs of the pipeline hold something of a shop, a product, an address or a photo."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.contracts import files
from weft.errors import ContractError

OUTS = ("data", "models", "reports")
_TOLD = ("product_id", "shop", "url", "sha256", "photo_id", "view")
_TEXTS = frozenset({".html", ".json", ".csv", ".tsv", ".md", ".txt"})
_LONGEST_TEXT = 100 * 1024**2
_TRAINING = Path("data/prepared/train")


@dataclass(frozen=True)
class Wanted:
    """What is looked for; any of it counts."""

    shop: str = ""
    products: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    """Digests of photos."""


def holdings(wanted: Wanted, root: Path) -> list[tuple[str, str]]:
    """Every out under `root` that holds something of what is wanted, with what that is, sorted.

    Tables are searched by their columns and texts for ids and addresses; a model holds what it was trained on.

    Raises:
        ContractError: A table cannot be read, so nobody can say what it holds.
    """
    photos = _photo_ids(wanted, root)
    rows: dict[Path, int] = {}
    for path in (p for out in OUTS for p in sorted((root / out).rglob("*"))):
        if path.suffix == ".parquet":
            number = sum(pc.sum(_mask(table, wanted, photos)).as_py() or 0 for table in _read(path))
        else:
            number = int(_says(path, wanted))
        if number:
            place = path.parent if path.name[:5].isdigit() else path
            rows[place] = rows.get(place, 0) + number
    found = [
        (str(path.relative_to(root)), f"{number} rows" if _is_table(path) else "its text")
        for path, number in rows.items()
    ]
    if root / _TRAINING in rows:
        found += [(str(model.relative_to(root)), "it was trained on it") for model in _models(root)]
        found += [(str(state.relative_to(root)), "it copies the training photos") for state in _states(root)]
    return sorted(found)


def _photo_ids(wanted: Wanted, root: Path) -> pa.Array:
    """The ids, "<product_id>#<view>", of the photos of the catalogue that are wanted by address or content."""
    ids: list[str] = []
    for path in sorted((root / "data" / "crawl" / files.PHOTOS).glob("*.parquet")):
        for table in _read(path, ("product_id", "position", "url", "sha256")):
            hits = table.filter(_mask(table, wanted, pa.array([], pa.string())))
            places = zip(hits["product_id"].to_pylist(), hits["position"].to_pylist(), strict=True)
            ids += [f"{product}#{position}" for product, position in places]
    return pa.array(ids, pa.string())


def _read(path: Path, columns: tuple[str, ...] = _TOLD) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as parquet:
            known = [name for name in columns if name in parquet.schema_arrow.names]
            for group in range(parquet.num_row_groups if known else 0):
                yield parquet.read_row_group(group, columns=known)
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(
            f"{path}: not a readable Parquet file ({error}); whether it holds what must go is unknown"
        ) from error


def _mask(table: pa.Table, wanted: Wanted, photos: pa.Array) -> pa.ChunkedArray:
    """Which rows hold something of it."""
    names = set(table.column_names)
    hits = [pa.chunked_array([pa.repeat(pa.scalar(False), table.num_rows)])]
    sought = {"product_id": wanted.products, "url": wanted.urls, "sha256": wanted.contents}
    hits += [
        pc.is_in(table[name], value_set=pa.array(sorted(sought[name]), pa.string())) for name in names & set(sought)
    ]
    if wanted.shop:
        prefixed = names & {"product_id", "photo_id"}
        hits += [pc.starts_with(table[name], f"{wanted.shop}/") for name in prefixed]
        hits += [pc.equal(table["shop"], wanted.shop)] if "shop" in names else []
    if "photo_id" in names:
        hits.append(pc.is_in(table["photo_id"], value_set=photos))
    elif {"product_id", "view"} <= names:
        ids = pc.binary_join_element_wise(table["product_id"], pc.cast(table["view"], pa.string()), "#")
        hits.append(pc.is_in(ids, value_set=photos))
    found = hits[0]
    for hit in hits[1:]:
        found = pc.or_(found, pc.fill_null(hit, False))
    return found


def _says(path: Path, wanted: Wanted) -> bool:
    if path.suffix not in _TEXTS or not path.is_file() or path.stat().st_size > _LONGEST_TEXT:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    sought = [*wanted.products, *wanted.urls, *([f"{wanted.shop}/"] if wanted.shop else [])]
    return any(term in text for term in sought)


def _is_table(path: Path) -> bool:
    return path.suffix == ".parquet" or path.is_dir()


def _models(root: Path) -> Iterator[Path]:
    yield from (folder for folder in sorted((root / "models").glob("*")) if folder.is_dir())


def _states(root: Path) -> Iterator[Path]:
    yield from (root / "var" / name for name in ("fit_words", "finetune") if (root / "var" / name).is_dir())
