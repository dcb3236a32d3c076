"""A catalogue of 200 products of the demo, and functions that processes of an engine can import."""

from pathlib import Path

import pyarrow as pa
import pytest

from weft import tables
from weft.contracts.tables import PRODUCTS
from weft.demo.catalogue import generate_product
from weft.demo.text_generation import generate_text


@pytest.fixture(scope="session")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return products.parquet with 200 products of the demo; 20 of them are Korean."""
    rows = []
    for number in range(200):
        product = generate_product(3, number)
        text = generate_text(product)
        rows.append(
            {
                "product_id": f"{product.shop}/{number:03}",
                "shop": product.shop,
                "url": f"https://{product.shop}.example/{number}",
                "title": "블랙 원피스를" if number % 10 == 0 else text.title,
                "description": text.description_html,
                "brand": product.brand,
                "colour": text.colour,
                "categories": sorted(" > ".join(path) for path in text.category_paths),
                "attributes": [{"name": "Fabric", "value": product.fabric}],
                "language": "ko" if number % 10 == 0 else None,
            }
        )
    path = tmp_path_factory.mktemp("catalogue") / "products.parquet"
    tables.write_table(path, pa.Table.from_pylist(rows, schema=PRODUCTS.schema), PRODUCTS)
    return path


@pytest.fixture(autouse=True)
def default_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the engine and the number of processes to the test."""
    for name in ("WEFT_ENGINE", "WEFT_WORKERS"):
        monkeypatch.delenv(name, raising=False)
