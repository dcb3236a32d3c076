import re

import numpy as np
import pyarrow as pa
import pytest

from weft import artefacts, tables
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS
from weft.retrieval.whiten_gallery import store_whitening

pytestmark = pytest.mark.slow

TITLES = ["Red dress", "Green <b>dress</b>", "Blue\x1b[31m shirt\u202e", "Black tie"]
KEYS = ["product", "score", "title", "price", "currency", "availability", "url", "photo", "photos"]


@pytest.fixture
def digest(saved_model):
    """The digest of the model, which an index made by it holds too."""
    return (saved_model / "digest.txt").read_text().strip()


@pytest.fixture
def index(tmp_path, make_jpeg, embed_naively, digest):
    """A catalogue of four photos, each of another colour."""
    z = embed_naively(*(make_jpeg(colour, seed=50) for colour in ("red", "green", "blue", "black")))
    rows = [{"photo_id": f"alder/{n}#0", "product_id": f"alder/{n}", "split": "test"} for n in range(4)]
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(rows, z)], digest)
    return tmp_path / "index"


@pytest.fixture
def products(tmp_path):
    """The crawl's table of the four products; two of each shop."""
    rows = [
        {
            "product_id": f"alder/{n}",
            "shop": "alder" if n < 2 else "brunel",
            "url": f"http://shop.example/{n}",
            "title": title,
            "description": "",
            "categories": ["Women > Dresses"] if n < 2 else ["Men"],
            "attributes": [],
            "price": 49.9 if n == 0 else None,
            "currency": "EUR" if n == 0 else None,
        }
        for n, title in enumerate(TITLES)
    ]
    defaults = dict.fromkeys(PRODUCTS.schema.names)
    table = pa.Table.from_pylist([defaults | row for row in rows], schema=PRODUCTS.schema)
    tables.write_table(tmp_path / "products.parquet", table, PRODUCTS)
    return tmp_path / "products.parquet"


@pytest.fixture
def found_ids(weft, parsed, index, products):
    """Searches "red" with filters; returns the products found and standard error."""

    def run(*arguments):
        status, lines, err = weft("search", "red", "--index", index, "--products", products, *arguments)
        assert status == 0, err
        return [line["product"] for line in parsed(lines)], err

    return run


def naive_cosines(vector, index):
    z = np.asarray(artefacts.read_embeddings(index).z, np.float64)
    return z @ vector / np.linalg.norm(z, axis=1) / np.linalg.norm(vector)


def test_a_photo_finds_its_nearest_photos(weft, parsed, tmp_path, make_jpeg, embed_naively, index):
    (tmp_path / "query.jpg").write_bytes(make_jpeg("green", seed=50))
    status, lines, _ = weft("search", tmp_path / "query.jpg", "--index", index)
    found = parsed(lines)
    assert status == 0
    assert [list(line) for line in found] == [KEYS] * 4
    expected = {"photo": "alder/1#0", "photos": ["alder/1#0"], "product": "alder/1", "score": 1.0}
    assert found[0] == dict.fromkeys(KEYS) | expected
    scores = naive_cosines(embed_naively(make_jpeg("green", seed=50))[0], index)
    assert [line["score"] for line in found] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)


@pytest.mark.parametrize(("query", "words"), [("Red Dress", [0, 4]), ("V Neck", [5]), ("NULL", [6])])
def test_a_query_of_words_is_the_mean_of_their_embeddings(weft, parsed, index, w, query, words):
    status, lines, _ = weft("search", query, "--index", index)
    scores = naive_cosines(w[words].mean(0), index)
    assert status == 0
    assert [line["score"] for line in parsed(lines)] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)
    assert parsed(lines)[0]["product"] == f"alder/{scores.argmax()}"


@pytest.mark.parametrize(("k", "expected"), [(1, 1), (3, 3), (99, 4)])
def test_top_k_limits_the_number_of_products(weft, index, k, expected):
    assert len(weft("search", "red", "--index", index, "--top-k", k)[1]) == expected


def test_the_error_for_unknown_words_lists_similar_words(refused, index):
    error = refused("search", "gren drss", "--index", index)
    assert error == (
        "error: 'gren drss': none of these words is in the model's vocabulary (similar words: green, dress), "
        "and no photo has this path\n"
    )


@pytest.mark.parametrize("query", ["spaceship", "", "x" * 5_000, "a\0b"])
def test_the_error_for_words_without_similar_ones_lists_none(refused, index, query):
    assert refused("search", query, "--index", index).endswith(
        "none of these words is in the model's vocabulary, and no photo has this path\n"
    )


def test_a_query_file_that_is_not_a_photo_is_an_error(refused, tmp_path, index):
    (tmp_path / "q.jpg").write_bytes(b"no photo")
    assert "q.jpg: it holds no photo that can be decoded" in refused("search", tmp_path / "q.jpg", "--index", index)


def test_a_missing_index_says_what_to_run(refused, tmp_path):
    error = refused("search", "red", "--index", tmp_path / "index")
    assert (
        "photos.parquet: no such file or folder, expected embedded photos; run the previous stage (dvc repro)" in error
    )


def test_an_index_made_by_another_model_is_refused(refused, tmp_path):
    rows = [{"photo_id": "a/1#0", "product_id": "a/1", "split": "test"}]
    artefacts.write_embeddings(tmp_path / "index", 1_024, [(rows, np.ones((1, 1_024), np.float32))], "0123")
    assert "got embeddings by another model" in refused("search", "red", "--index", tmp_path / "index")


def test_an_empty_index_finds_nothing(weft, tmp_path, digest):
    artefacts.write_embeddings(tmp_path / "index", 1_024, [], digest)
    assert weft("search", "red", "--index", tmp_path / "index")[:2] == (0, [])


def test_photos_are_grouped_by_product_with_the_best_photo_first(
    weft, parsed, tmp_path, make_jpeg, embed_naively, digest
):
    z = embed_naively(*(make_jpeg("green", seed=seed) for seed in range(4)), make_jpeg("red", seed=9))
    rows = [{"photo_id": f"a/1#{n}", "product_id": "a/1", "split": "test"} for n in range(4)]
    rows.append({"photo_id": "a/2#0", "product_id": "a/2", "split": "test"})
    artefacts.write_embeddings(tmp_path / "index", z.shape[1], [(rows, z)], digest)
    (tmp_path / "query.jpg").write_bytes(make_jpeg("green", seed=2))
    _, lines, _ = weft("search", tmp_path / "query.jpg", "--index", tmp_path / "index", "--top-k", 2)
    first, second = parsed(lines)
    assert (first["product"], first["photo"], second["product"]) == ("a/1", "a/1#2", "a/2")
    assert sorted(first["photos"]) == [f"a/1#{n}" for n in range(4)]


def test_titles_and_urls_come_from_the_products_of_the_crawl(weft, parsed, index, products):
    _, lines, err = weft("search", "red", "--index", index, "--products", products)
    number = int(parsed(lines)[0]["product"][-1])
    assert parsed(lines)[0] | {"title": TITLES[number], "url": f"http://shop.example/{number}"} == parsed(lines)[0]
    assert err == ""


def test_without_products_a_note_says_what_is_missing(weft, index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "titles, prices and URLs are left out" in weft("search", "red", "--index", index)[2]


def test_a_filter_leaves_only_its_products(found_ids):
    assert set(found_ids("--shop", "brunel")[0]) == {"alder/2", "alder/3"}
    assert set(found_ids("--shop", "brunel", "--shop", "alder")[0]) == {f"alder/{n}" for n in range(4)}
    assert set(found_ids("--category", "women > DRESS")[0]) == {"alder/0", "alder/1"}


def test_filters_that_no_product_passes_together_find_nothing(found_ids):
    found, err = found_ids("--shop", "brunel", "--category", "dresses")
    assert found == []
    assert "no product passes all filters" in err


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--shop", "corso", "--shop corso: no product matches; expected one of: alder, brunel"),
        ("--category", "shoes", "--category shoes: no product matches; expected one of: Men, Women > Dresses"),
    ],
)
def test_a_filter_that_no_product_passes_is_an_error(refused, index, products, option, value, expected):
    assert expected in refused("search", "red", "--index", index, "--products", products, option, value)


@pytest.mark.parametrize(("price", "expected"), [("49.9", ["alder/0"]), ("49", [])])
def test_a_product_without_a_price_passes_no_price_filter_and_is_counted(found_ids, price, expected):
    found, err = found_ids("--max-price", price)
    assert found == expected
    assert "3 of 4 products have no price and are left out" in err


def test_a_price_filter_over_products_without_any_price_is_an_error(refused, index, products):
    arguments = ("--index", index, "--products", products, "--shop", "brunel", "--max-price", 10)
    assert "--max-price: none of these products has a price" in refused("search", "red", *arguments)


def test_words_that_are_not_used_are_named(weft, index, products):
    _, _, err = weft("search", "red gren dress without", "--index", index, "--products", products)
    assert err.splitlines() == [
        "not in the model's vocabulary, left out: gren (similar: green)",
        "stop words, left out: without",
    ]


def test_the_table_has_no_character_that_a_terminal_obeys(weft, index, products):
    _, lines, _ = weft("search", "red", "--index", index, "--products", products, "--format", "table")
    assert lines[0].split() == ["score", "price", "title", "page"]
    assert len(lines) == 5
    assert all(char.isprintable() for line in lines for char in line)
    assert any(re.search(r"49\.90 EUR  Red dress +http://shop.example/0$", line) for line in lines)


def test_the_page_escapes_texts_and_shows_pictures(weft, index, products, tmp_path, make_jpeg):
    for n, split in enumerate(("train", "val", "test")):
        values = {
            "photo_id": f"alder/{n}#0",
            "product_id": f"alder/{n}",
            "position": 0,
            "jpeg": make_jpeg("red", seed=n),
        }
        empty = {field.name: [] for field in PREPARED_PHOTOS.schema if "list" in str(field.type)}
        row = dict.fromkeys(PREPARED_PHOTOS.schema.names) | empty | values
        tables.write_shards(tmp_path / "prepared" / split, [row], PREPARED_PHOTOS)
    page = tmp_path / "found.html"
    arguments = ("--index", index, "--products", products, "--photos", tmp_path / "prepared", "--html", page)
    assert weft("search", "red", *arguments)[0] == 0
    text = page.read_text()
    assert text.count('<img class="main" src="data:image/jpeg;base64,') == 3
    assert "Green &lt;b&gt;dress&lt;/b&gt;" in text
    assert '<a href="http://shop.example/0" rel="noreferrer">' in text
    assert "default-src 'none'" in text


def test_a_page_is_not_written_over_another_kind_of_file(refused, index, tmp_path):
    assert "expected a name that ends in .html" in refused("search", "red", "--html", tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


def test_the_same_item_needs_a_photo_and_a_whitening(weft, index, products, tmp_path, make_jpeg):
    (tmp_path / "query.jpg").write_bytes(make_jpeg("red", seed=50))
    options = ("--same-item", "--index", index, "--products", products)
    status, _, err = weft("search", "red", *options)
    assert (status, "by a photo only, got words" in err) == (2, True)
    status, _, err = weft("search", tmp_path / "query.jpg", *options)
    assert (status, "the index has no whitening.safetensors" in err) == (2, True)
    store_whitening(index)
    status, lines, err = weft("search", tmp_path / "query.jpg", *options)
    assert (status, len(lines)) == (0, 4), err
