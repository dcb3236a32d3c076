"""Texts of products become lists of words."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weft import params, tables
from weft.contracts.tables import CLEANED_PRODUCTS, PRODUCTS
from weft.errors import ContractError
from weft.text.catalogue_tokenizers import CatalogueTokenizers
from weft.text.clean import clean_product, clean_products
from weft.text.clean_stats import CleanStats
from weft.text.tokenize import load_stop_words, tokenize

FIELDS = ("title", "categories", "description", "colour", "attributes")
SETTINGS = params.Clean(fields=FIELDS, min_token_length=2, drop_off_topic_words=True)


def _make_product(**columns: Any) -> dict[str, Any]:
    empty = {"description": "", "brand": None, "colour": None, "categories": [], "attributes": []}
    return {"product_id": "alder/1", "shop": "alder", "url": "http://alder/1", "title": "Shirt", **empty, **columns}


def _clean_tokens(**columns: Any) -> list[str]:
    return list(clean_product(_make_product(**columns), SETTINGS, CleanStats(), CatalogueTokenizers())["tokens"])


def _write_products(path: Path, products: list[dict[str, Any]]) -> Path:
    tables.write_table(path, pa.Table.from_pylist(products, schema=PRODUCTS.schema), PRODUCTS)
    return path


def test_words_keep_their_order_and_repeats() -> None:
    assert _clean_tokens(title="Blue shirt", description="<p>A shirt of blue cotton</p>") == [
        *["blue", "shirt"],
        *["shirt", "blue", "cotton"],
    ]


def test_numbers_short_words_and_stop_words_are_dropped() -> None:
    assert _clean_tokens(title="The x shirt of 100% T20 cotton, size M") == ["shirt", "cotton"]


def test_the_own_brand_is_dropped_as_a_phrase() -> None:
    assert _clean_tokens(title="Red Tape Men Black Shoes", brand="Red Tape") == ["men", "black", "shoes"]
    assert _clean_tokens(title="Red Shoes, taped: by Red Tape's men", brand="Red Tape") == [
        "red",
        "shoes",
        "taped",
        "men",
    ]


def test_the_brand_as_a_category_is_dropped_too() -> None:
    assert _clean_tokens(title="Nike shoes", brand="Nike", categories=["Brands > Nike"]) == ["shoes"]


def test_a_brand_that_names_the_colour_or_type_of_its_product_stays() -> None:
    assert _clean_tokens(title="Orange top", brand="Orange", colour="Orange") == ["orange", "top", "orange"]
    assert "orange" not in _clean_tokens(title="Orange blue top", brand="Orange", colour="Blue")
    assert "tie" in _clean_tokens(title="Tie", brand="Tie", categories=["Men > Tie Sets"])


def test_the_own_shop_name_is_dropped() -> None:
    assert _clean_tokens(title="Shirt, only at Alder") == ["shirt"]


def test_the_brand_column_holds_the_tokens_of_the_brand() -> None:
    cleaned = clean_product(
        _make_product(brand="United Colors of Benetton"), SETTINGS, CleanStats(), CatalogueTokenizers()
    )
    assert cleaned["brand"] == ["united", "colors", "of", "benetton"]


def test_only_the_fields_of_the_settings_are_read() -> None:
    settings = params.Clean(fields=("title",), min_token_length=2, drop_off_topic_words=True)
    product = _make_product(title="Shirt", description="red", colour="blue")
    assert clean_product(product, settings, CleanStats(), CatalogueTokenizers())["tokens"] == ["shirt"]


def test_cleaning_equals_a_naive_implementation(tmp_path: Path) -> None:
    titles = [f"The {'red' if n % 3 else 'blue'} shirt {n} v neck a" for n in range(1_200)]
    rows = [_make_product(product_id=f"alder/{n:04}", title=title) for n, title in enumerate(titles)]
    products = _write_products(tmp_path / "products.parquet", rows)
    counts = clean_products(products, tmp_path / "clean", SETTINGS)
    naive = [[w for w in tokenize(t) if w.isalpha() or "-" in w] for t in titles]
    naive = [[w for w in words if len(w) > 1 and w not in load_stop_words()] for words in naive]
    table = tables.read_table(tmp_path / "clean" / "products.parquet", CLEANED_PRODUCTS)
    assert table["tokens"].to_pylist() == naive
    assert counts["products"] == 1_200
    assert counts["tokens_kept"] == sum(len(words) for words in naive)
    assert counts["tokens_kept"] + counts["tokens_dropped"] == sum(len(tokenize(title)) for title in titles)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [_make_product(product_id=f"alder/{n}", brand="Red Tape", title=f"Red Tape {n} shirt") for n in range(9)]
    products = _write_products(tmp_path / "products.parquet", rows)
    clean_products(products, tmp_path / "one", SETTINGS)
    clean_products(products, tmp_path / "two", SETTINGS)
    for name in ("products.parquet", "report.json", "dropped.tsv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_no_products_give_an_empty_table(tmp_path: Path) -> None:
    counts = clean_products(_write_products(tmp_path / "products.parquet", []), tmp_path / "clean", SETTINGS)
    assert counts["products"] == 0
    assert tables.read_table(tmp_path / "clean" / "products.parquet", CLEANED_PRODUCTS).num_rows == 0


def test_a_broken_table_leaves_nothing_behind(tmp_path: Path) -> None:
    rows = pa.Table.from_pylist(
        [_make_product(product_id="alder/2"), _make_product(product_id="alder/1")], PRODUCTS.schema
    )
    pq.write_table(rows, tmp_path / "products.parquet")
    with pytest.raises(ContractError, match=r"products\.parquet.*not sorted by product_id"):
        clean_products(tmp_path / "products.parquet", tmp_path / "clean", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["products.parquet"]


def test_commerce_stop_words_are_dropped_and_words_about_garments_stay() -> None:
    text = "Buy this classic pair, machine wash, dry in shade, free delivery, high waist, regular fit"
    assert _clean_tokens(title=text) == ["classic", "pair", "free", "high", "waist", "regular", "fit"]


def _make_outfit(**columns: Any) -> dict[str, Any]:
    text = "A shirt of blue cotton. Pair this shirt with jeans, red or blue"
    return _make_product(title="Blue shirt", categories=["Men > Shirts"], description=text, **columns)


@pytest.mark.parametrize("drop", [True, False])
def test_off_topic_words_are_dropped_from_descriptions(tmp_path: Path, drop: bool) -> None:
    jeans = _make_product(
        product_id="alder/2", title="Jeans", categories=["Men > Jeans"], description="Jeans for a shirt"
    )
    products = _write_products(tmp_path / "products.parquet", [_make_outfit(), jeans])
    settings = params.Clean(fields=FIELDS, min_token_length=2, drop_off_topic_words=drop)
    clean_products(products, tmp_path / "clean", settings)
    shirt, trousers = tables.read_table(tmp_path / "clean" / "products.parquet", CLEANED_PRODUCTS)["tokens"].to_pylist()
    assert ("jeans" in shirt) == ("shirt" in trousers) == (not drop)
    assert shirt.count("shirt") == 3, "its own type stays as often as the text has it"
    assert trousers.count("jeans") == 3
    dropped = (tmp_path / "clean" / "dropped.tsv").read_text()
    assert ("jeans\toff-topic\t1\n" in dropped) == drop


def test_a_type_in_the_title_is_never_off_topic(tmp_path: Path) -> None:
    jeans = _make_product(product_id="alder/2", title="Jeans", categories=["Men > Jeans"])
    jacket = _make_product(
        product_id="alder/3", title="Jacket of jeans", categories=["Men > Jackets"], description="Jeans"
    )
    clean_products(_write_products(tmp_path / "products.parquet", [jeans, jacket]), tmp_path / "clean", SETTINGS)
    tokens = tables.read_table(tmp_path / "clean" / "products.parquet", CLEANED_PRODUCTS)["tokens"].to_pylist()
    assert tokens[1].count("jeans") == 2
