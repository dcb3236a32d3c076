"""Tombstones: what was purged and must not come back, a line of JSON each, beside the states of the crawls."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from weft import tables
from weft.contracts.product import Product
from weft.errors import ShopError

FILE = "purged.jsonl"
SHOP, PRODUCT, URL, CONTENT = "shop", "product", "url", "sha256"
_KINDS = (SHOP, PRODUCT, URL, CONTENT)


@dataclass(frozen=True)
class Tombstones:
    """What no crawl whose state lies in `folder` may keep."""

    folder: Path
    shops: frozenset[str] = field(default=frozenset())
    products: frozenset[str] = field(default=frozenset())
    urls: frozenset[str] = field(default=frozenset())
    contents: frozenset[str] = field(default=frozenset())
    """Digests of photos."""

    def holds(self, product: Product) -> bool:
        """Whether a product was purged, by its id or its address."""
        return product.product_id in self.products or product.url in self.urls

    def refuse(self, shop: str) -> None:
        """Refuse to crawl a shop that was purged.

        Raises:
            ShopError: It was.
        """
        if shop in self.shops:
            raise ShopError(
                f"{shop}: was purged and must not be crawled again; take it out of params.yaml, or its line out of "
                f"{self.folder / FILE} if that was a mistake"
            )


def load(folder: Path) -> Tombstones:
    """The tombstones of the crawls whose states lie in `folder`.

    Raises:
        ShopError: The file is damaged: whoever guessed on would bring back what had to go.
    """
    found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for number, line in enumerate(_lines(folder), start=1):
        try:
            entry = json.loads(line)
            found[entry["kind"]].add(str(entry["value"]))
        except (ValueError, KeyError, TypeError) as error:
            wanted = '{"kind": "shop" | "product" | "url" | "sha256", "value": ...}'
            raise ShopError(f"{folder / FILE}, line {number}: not a tombstone, wanted {wanted}; mend it") from error
    return Tombstones(folder, *(frozenset(found[kind]) for kind in _KINDS))


def add(folder: Path, entries: list[tuple[str, str]]) -> None:
    """Add (kind, value) to the tombstones; on disk when this returns."""
    lines = _lines(folder)
    new = (json.dumps({"kind": kind, "value": value}, ensure_ascii=False) for kind, value in entries)
    text = "".join(f"{line}\n" for line in dict.fromkeys([*lines, *new]))
    with tables.atomic(folder / FILE) as temporary:
        temporary.write_text(text, encoding="utf-8")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())


def _lines(folder: Path) -> list[str]:
    path = folder / FILE
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
