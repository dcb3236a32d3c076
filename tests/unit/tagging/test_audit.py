import csv
from dataclasses import replace

import pytest

from weft import params, tables
from weft.contracts import files
from weft.contracts.ground_truth import ProductTruth, TextFault
from weft.contracts.tables import PRODUCTS
from weft.contracts.tagging import MISMATCHES
from weft.errors import ContractError, ModelError
from weft.tagging import audit as module
from weft.tagging.audit import audit
from weft.tagging.calibrate import calibrate
from weft.tagging.fault_detection import format_detection


@pytest.fixture
def run(monkeypatch, settings, search, tmp_path):
    monkeypatch.setattr(module, "draw_mismatch_sheet", lambda rows: b"sheet")  # photos of these tests are not JPEGs

    def run_audit(shop, neighbours=5, examples=3):
        shop.write()
        inputs = shop.inputs
        calibrate(inputs.documents, inputs.embeddings, inputs.model, settings, inputs.calibration)
        counts = audit(inputs, params.Audit(neighbours, examples), search, tmp_path / "audit")
        return counts, tables.read_table(tmp_path / "audit" / files.MISMATCHES, MISMATCHES).to_pylist()

    return run_audit


def test_a_catalogue_whose_texts_match_its_photos_has_no_mismatches(consistent_shop, run):
    counts, rows = run(consistent_shop)
    assert (counts["missing"], counts["contradicted"], rows) == (0, 0, [])


def test_a_word_that_photos_show_and_the_text_lacks_is_missing(consistent_shop, run):
    consistent_shop.add(1, "shirt", "red shirt")
    _, rows = run(consistent_shop)
    (row,) = rows
    assert (row["kind"], row["predicted_word"], row["text_word"], row["title"]) == ("missing", "red", None, "shirt")
    assert row["probability"] > 0.5
    assert row["neighbour_support"] == 1.0
    assert row["jpeg"] == f"photo {row['photo_id']}".encode()
    assert len(row["nearest"]) == len(row["nearest_jpegs"]) == 3


def test_a_word_that_only_the_description_contains_is_not_missing(consistent_shop, run):
    consistent_shop.add(1, "shirt", "red shirt", description="red")
    assert run(consistent_shop)[1] == []


def test_a_title_that_excludes_what_photos_show_is_contradicted(consistent_shop, run):
    consistent_shop.add(1, "blue shirt", "red shirt")
    _, rows = run(consistent_shop)
    (row,) = rows
    assert (row["kind"], row["text_word"], row["predicted_word"]) == ("contradicted", "blue", "red")
    assert row["neighbour_text_support"] == 0.0
    assert row["text_word_percentile"] <= 0.05


def test_plurals_and_other_spellings_count_as_the_same_word(consistent_shop, run):
    consistent_shop.add(12, "blue shirts", "blue shirt")
    consistent_shop.add(1, "red shirts", "red shirt")
    assert run(consistent_shop)[1] == []


def test_one_photo_that_shows_the_text_word_is_enough(consistent_shop, run):
    photo_words = (("red", "shirt"), ("blue", "shirt"))
    product = replace(consistent_shop.products[0], title_words=("blue", "shirt"), photo_words=photo_words)
    consistent_shop.products.append(product)
    _, rows = run(consistent_shop)
    assert not [row for row in rows if row["kind"] == "contradicted"]


def test_a_word_that_no_short_field_contains_is_never_predicted(consistent_shop, run):
    """Half of the descriptions contain wash, and no title does."""
    _, rows = run(consistent_shop)
    assert "wash" not in {row["predicted_word"] for row in rows}


def test_the_csv_lists_all_mismatches_and_few_of_the_same_words_have_pictures(consistent_shop, run, tmp_path):
    consistent_shop.add(8, "shirt", "red shirt")
    _, rows = run(consistent_shop, neighbours=20, examples=6)
    assert [row["rank"] for row in rows] == list(range(8))
    assert sum(row["jpeg"] is not None for row in rows) == 4
    with (tmp_path / "audit" / files.MISMATCHES_CSV).open(newline="") as stream:
        csv_rows = list(csv.DictReader(stream))
    assert [row["product_id"] for row in csv_rows] == [row["product_id"] for row in rows]
    assert "jpeg" not in csv_rows[0]


def test_a_shop_text_cannot_become_a_spreadsheet_formula(consistent_shop, run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        module, "read_titles", lambda path, product_ids: dict.fromkeys(product_ids, ("=HYPERLINK(1)", "http://x"))
    )
    consistent_shop.add(1, "shirt", "red shirt")
    run(consistent_shop)
    with (tmp_path / "audit" / files.MISMATCHES_CSV).open(newline="") as stream:
        assert next(csv.DictReader(stream))["title"] == "'=HYPERLINK(1)"


def test_a_product_without_words_is_not_audited(consistent_shop, run):
    n_products = len(consistent_shop.products)
    consistent_shop.add(4, "", "red shirt", n_photos=2)
    counts, rows = run(consistent_shop)
    assert (counts["products"], rows) == (n_products, [])


def test_the_audit_is_deterministic(consistent_shop, run, tmp_path):
    consistent_shop.add(2, "blue shirt", "red shirt")
    run(consistent_shop)
    first = {path.name: path.read_bytes() for path in (tmp_path / "audit").iterdir()}
    run(consistent_shop)
    assert {path.name: path.read_bytes() for path in (tmp_path / "audit").iterdir()} == first


def test_thresholds_of_another_model_raise_an_error(consistent_shop, run, settings, search, tmp_path):
    run(consistent_shop)
    (consistent_shop.folder / "model" / files.DIGEST).write_text("ef" * 32)
    with pytest.raises(ModelError, match="thresholds belong to another model"):
        audit(consistent_shop.inputs, params.Audit(5, 3), search, tmp_path / "audit")


def test_the_error_names_a_product_that_the_crawl_lacks(consistent_shop, run, search, tmp_path):
    run(consistent_shop)
    kept = tables.read_table(consistent_shop.inputs.products, PRODUCTS).slice(1)
    tables.write_table(consistent_shop.inputs.products, kept, PRODUCTS)
    with pytest.raises(ContractError, match="lacks the product alder/0000"):
        audit(consistent_shop.inputs, params.Audit(5, 3), search, tmp_path / "audit")


def test_an_audit_of_injected_faults_writes_its_recall_and_precision(consistent_shop, run, search, tmp_path):
    consistent_shop.add(1, "blue shirt", "red shirt")
    consistent_shop.add(1, "red dress", "red dress")
    run(consistent_shop)
    assert not (tmp_path / "audit" / files.FAULT_DETECTION).exists()
    product_ids = [f"alder/{len(consistent_shop.products) - n:04}" for n in (2, 1)]
    shown = [frozenset({"red", "shirt"}), frozenset({"blue", "dress"})]
    fault = TextFault("wrong colour", frozenset({"red"}), frozenset({"blue"}))
    missed = TextFault("wrong colour", frozenset({"blue"}), frozenset({"red"}))
    truths = [ProductTruth(*truth) for truth in zip(product_ids, shown, (fault, missed), strict=True)]
    unknown = ProductTruth("alder/not-crawled", frozenset(), fault)
    counts = audit(consistent_shop.inputs, params.Audit(5, 3), search, tmp_path / "audit", [*truths, unknown])
    assert (counts["fault_recall"], counts["fault_precision"]) == (0.5, 1.0)
    assert format_detection(tmp_path / "audit") == (
        "audit: found 1 of 2 injected faults (wrong colour 1 of 2); 1 of 1 mismatches are true"
    )
