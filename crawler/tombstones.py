"""Tombstones: what was purged and must not come back, a line of JSON each, beside the states of the crawls."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from weft import tables
from weft.contracts.product import Product
from weft.errors import ShopError

PURGE_LIST_FILE = "purged.jsonl"
SHOP, PRODUCT, URL, DIGEST = "shop", "product", "url", "sha256"
_KINDS = (SHOP, PRODUCT, URL, DIGEST)


@dataclass(frozen=True)
class PurgeList:
    """What no crawl whose state lies in `folder` may keep."""

    folder: Path
    shops: frozenset[str] = field(default=frozenset())
    products: frozenset[str] = field(default=frozenset())
    urls: frozenset[str] = field(default=frozenset())
    digests: frozenset[str] = field(default=frozenset())
    """Digests of photos."""

    def contains(self, product: Product) -> bool:
        """Whether a product was purged, by its id or its address."""
        return product.product_id in self.products or product.url in self.urls

    def check_shop(self, shop: str) -> None:
        """Refuse to crawl a shop that was purged.

        Raises:
            ShopError: It was.
        """
        if shop in self.shops:
            raise ShopError(
                f"{shop}: was purged and must not be crawled again; take it out of params.yaml, or its line out of "
                f"{self.folder / PURGE_LIST_FILE} if that was a mistake"
            )


def load_purge_list(folder: Path) -> PurgeList:
    """The tombstones of the crawls whose states lie in `folder`.

    Raises:
        ShopError: The file is damaged: whoever guessed on would bring back what had to go.
    """
    values: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for number, line in enumerate(_read_lines(folder), start=1):
        try:
            entry = json.loads(line)
            values[entry["kind"]].add(str(entry["value"]))
        except (ValueError, KeyError, TypeError) as error:
            expected = '{"kind": "shop" | "product" | "url" | "sha256", "value": ...}'
            raise ShopError(
                f"{folder / PURGE_LIST_FILE}, line {number}: not a tombstone, wanted {expected}; mend it"
            ) from error
    return PurgeList(folder, *(frozenset(values[kind]) for kind in _KINDS))


def add_to_purge_list(folder: Path, entries: list[tuple[str, str]]) -> None:
    """Add (kind, value) to the tombstones; on disk when this returns."""
    lines = _read_lines(folder)
    new = (json.dumps({"kind": kind, "value": value}, ensure_ascii=False) for kind, value in entries)
    text = "".join(f"{line}\n" for line in dict.fromkeys([*lines, *new]))
    with tables.atomic_write(folder / PURGE_LIST_FILE) as temporary:
        temporary.write_text(text, encoding="utf-8")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())


def _read_lines(folder: Path) -> list[str]:
    path = folder / PURGE_LIST_FILE
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
