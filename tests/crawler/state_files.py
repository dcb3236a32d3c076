"""State files written without a shop, from a few items."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.items import PAGE, PHOTO, PhotoItem, ProductItem
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from weft.contracts.product import Product

BASE_URL = "http://shop.example"


def make_product(number: int, **fields: Any) -> Product:
    values = {
        "product_id": f"shop/{number}",
        "shop": "shop",
        "url": f"{BASE_URL}/p/{number}",
        "title": f"Shirt {number}",
    }
    return Product(**{**values, **fields})


def save_item(store: Store, kind: str, item_class: type, **values: Any) -> None:
    row, _ = store.select_todo(kind, 1, ())[0]
    store.save(item_class(row=row, **values))


def make_snapshot(
    path: Path, *products: Product, shop: str = "shop", bodies: Mapping[str, bytes] | None = None
) -> Snapshot:
    """Return a finished crawl with one page per product, in the given order.

    The bytes of each photo are those of `bodies`, by its URL, or the URL itself.
    """
    store = Store(path)
    for product in products:
        store.add_urls(PAGE, [product.url])
        save_item(store, PAGE, ProductItem, product=product)
    while rows := store.select_todo(PHOTO, 1, ()):
        store.save(PhotoItem(row=rows[0][0], body=(bodies or {}).get(rows[0][1], rows[0][1].encode())))
    store.set_meta(complete="yes", shop=shop)
    store.close()
    return Snapshot(path)
