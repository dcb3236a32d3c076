import json

import numpy as np
import pyarrow as pa
import pytest

from weft import tables
from weft.contracts.tables import CLEANED_PRODUCTS, DOCUMENTS
from weft.errors import ContractError
from weft.text.documents import write_documents

WORDS = ["dress", "red", "shirt"]


@pytest.fixture
def run(tmp_path, write_words):
    """Return a function that runs the stage on (token, is in a short field) pairs by product."""

    def write(tokens_by_product):
        rows = [
            {
                "product_id": product_id, "shop": "alder", "brand": [],
                "tokens": [token for token, _ in tokens], "in_short_fields": [is_short for _, is_short in tokens],
            }
            for product_id, tokens in tokens_by_product.items()
        ]  # fmt: skip
        products = pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema)
        tables.write_table(tmp_path / "products.parquet", products, CLEANED_PRODUCTS)
        words = write_words(tmp_path / "words.tsv", WORDS)
        counts = write_documents(tmp_path / "products.parquet", words, tmp_path / "documents")
        return counts, tables.read_table(tmp_path / "documents" / "documents.parquet", DOCUMENTS).to_pylist()

    return write


def test_word_ids_ascend_as_often_as_the_text_has_the_word(run):
    tokens = [("shirt", True), ("red", False), ("sock", True), ("shirt", False), ("red", True)]
    _, (document,) = run({"a/1": tokens})
    assert document == {
        "product_id": "a/1",
        "word_ids": [1, 1, 2, 2],
        "in_short_fields": [True, False, True, False],
    }


def test_a_product_without_a_known_word_has_an_empty_document_and_is_counted(tmp_path, run):
    counts, documents = run({"a/1": [("sock", True)], "a/2": [("red", True)], "a/3": []})
    assert [document["word_ids"] for document in documents] == [[], [1], []]
    assert counts == {"products": 3, "products_without_words": 2, "words": 1}
    assert json.loads((tmp_path / "documents" / "report.json").read_text()) == counts


def test_documents_equal_a_naive_lookup_across_batches(run, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 7)
    rng = np.random.default_rng(3)
    catalogue = {
        f"a/{n:02}": [(str(token), bool(rng.integers(2))) for token in rng.choice([*WORDS, "sock", "belt"], size)]
        for n, size in enumerate(rng.integers(0, 6, 30))
    }
    counts, documents = run(catalogue)
    assert [document["product_id"] for document in documents] == list(catalogue)
    for document, tokens in zip(documents, catalogue.values(), strict=True):
        known = [(WORDS.index(token), is_short) for token, is_short in tokens if token in WORDS]
        expected = sorted(known, key=lambda entry: (entry[0], not entry[1]))
        assert list(zip(document["word_ids"], document["in_short_fields"], strict=True)) == expected
    assert counts["words"] == sum(len(document["word_ids"]) for document in documents)


def test_an_empty_catalogue_has_no_documents(run):
    counts, documents = run({})
    assert (counts["products"], documents) == (0, [])


def test_a_missing_vocabulary_is_named_and_nothing_is_written(tmp_path, run):
    run({"a/1": [("red", True)]})
    with pytest.raises(ContractError, match=r"nowhere\.tsv"):
        write_documents(tmp_path / "products.parquet", tmp_path / "nowhere.tsv", tmp_path / "out")
    assert not (tmp_path / "out").exists()
