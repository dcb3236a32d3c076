"""Crawls made by hand: a store that was told a few outcomes, as if a shop had answered."""

from pathlib import Path
from typing import Any

from crawler.outcomes import PAGE, PHOTO, PhotoRead, ProductRead
from crawler.snapshot import Snapshot
from crawler.store import Store
from weft.contracts.product import Product

BASE = "http://shop.example"


def product(number: int, **more: Any) -> Product:
    values = {"product_id": f"shop/{number}", "shop": "shop", "url": f"{BASE}/p/{number}", "title": f"Shirt {number}"}
    return Product(**{**values, **more})


def settle(store: Store, kind: str, outcome: type, **values: Any) -> None:
    row, _ = store.todo(kind, 1, ())[0]
    store.keep(outcome(row=row, **values))


def crawled(path: Path, *products: Product, shop: str = "shop") -> Snapshot:
    """A finished crawl of one page per product, in the given order, each photo being its own URL's bytes."""
    store = Store(path)
    for found in products:
        store.plant(PAGE, [found.url])
        settle(store, PAGE, ProductRead, product=found)
    while waiting := store.todo(PHOTO, 1, ()):
        store.keep(PhotoRead(row=waiting[0][0], body=waiting[0][1].encode()))
    store.note(complete="yes", shop=shop)
    store.close()
    return Snapshot(path)
