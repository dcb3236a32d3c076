import csv
from dataclasses import replace

import pytest

from weft import params, tables
from weft.contracts import files
from weft.contracts.tagging import FINDINGS
from weft.errors import ContractError, ModelError
from weft.tagging import audit as module
from weft.tagging.audit import audit
from weft.tagging.calibrate import calibrate


@pytest.fixture
def run(monkeypatch, settings, search, tmp_path):
    monkeypatch.setattr(module, "finding_sheet", lambda rows: b"sheet")  # photos of these tests are no JPEGs

    def find(shop, neighbours=5, examples=3):
        shop.write()
        sources = shop.sources
        calibrate(sources.photos, sources.embeddings, sources.model, settings, sources.calibration)
        counts = audit(sources, params.Audit(neighbours, examples), search, tmp_path / "audit")
        return counts, tables.read_table(tmp_path / "audit" / files.FINDINGS, FINDINGS).to_pylist()

    return find


def test_a_catalogue_whose_texts_are_right_has_no_findings(honest, run):
    counts, rows = run(honest)
    assert (counts["missing"], counts["contradicted"], rows) == (0, 0, [])


def test_a_word_that_photos_show_and_no_text_says_is_missing(honest, run):
    honest.add(1, "shirt", "red shirt")
    _, rows = run(honest)
    (row,) = rows
    assert (row["kind"], row["shows"], row["says"], row["title"]) == ("missing", "red", None, "shirt")
    assert row["probability"] > 0.5
    assert row["neighbours_showing"] == 1.0
    assert row["jpeg"] == f"photo {row['photo_id']}".encode()
    assert len(row["nearest"]) == len(row["nearest_jpegs"]) == 3


def test_a_word_said_in_the_description_alone_is_not_missing(honest, run):
    honest.add(1, "shirt", "red shirt", besides="red")
    assert run(honest)[1] == []


def test_a_title_that_excludes_what_photos_show_is_contradicted(honest, run):
    honest.add(1, "blue shirt", "red shirt")
    _, rows = run(honest)
    (row,) = rows
    assert (row["kind"], row["says"], row["shows"]) == ("contradicted", "blue", "red")
    assert row["neighbours_saying"] == 0.0
    assert row["says_rank"] <= 0.05


def test_another_spelling_or_number_is_the_same_word(honest, run):
    honest.add(12, "blue shirts", "blue shirt")
    honest.add(1, "red shirts", "red shirt")
    assert run(honest)[1] == []


def test_of_several_views_one_that_shows_the_claim_is_enough(honest, run):
    honest.items.append(replace(honest.items[0], says=("blue", "shirt"), shows=(("red", "shirt"), ("blue", "shirt"))))
    _, rows = run(honest)
    assert not [row for row in rows if row["kind"] == "contradicted"]


def test_words_that_stand_in_no_title_are_no_tags(honest, run):
    """All say wash in their care text: none may be told to lack it, none to show it."""
    _, rows = run(honest)
    assert "wash" not in {row["shows"] for row in rows}


def test_the_list_holds_all_and_pictures_only_so_many_of_the_same_words(honest, run, tmp_path):
    honest.add(8, "shirt", "red shirt")
    _, rows = run(honest, neighbours=20, examples=6)
    assert [row["place"] for row in rows] == list(range(8))
    assert sum(row["jpeg"] is not None for row in rows) == 4
    with (tmp_path / "audit" / files.FINDINGS_CSV).open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert [row["product_id"] for row in listed] == [row["product_id"] for row in rows]
    assert "jpeg" not in listed[0]


def test_a_text_of_a_shop_is_no_formula_in_the_list(honest, run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        module, "read_titles", lambda path, wanted: dict.fromkeys(wanted, ("=HYPERLINK(1)", "http://x"))
    )
    honest.add(1, "shirt", "red shirt")
    run(honest)
    with (tmp_path / "audit" / files.FINDINGS_CSV).open(newline="") as stream:
        assert next(csv.DictReader(stream))["title"] == "'=HYPERLINK(1)"


def test_an_audit_is_the_same_twice(honest, run, tmp_path):
    honest.add(2, "blue shirt", "red shirt")
    run(honest)
    first = {path.name: path.read_bytes() for path in (tmp_path / "audit").iterdir()}
    run(honest)
    assert {path.name: path.read_bytes() for path in (tmp_path / "audit").iterdir()} == first


def test_thresholds_of_another_model_are_refused(honest, run, settings, search, tmp_path):
    run(honest)
    (honest.folder / "model" / files.DIGEST).write_text("ef" * 32)
    with pytest.raises(ModelError, match="thresholds of another model"):
        audit(honest.sources, params.Audit(5, 3), search, tmp_path / "audit")


def test_products_that_the_crawl_does_not_know_are_named(honest, run, search, tmp_path):
    run(honest)
    kept = tables.read_table(honest.sources.products, get_products_contract()).slice(1)
    tables.write_table(honest.sources.products, kept, get_products_contract())
    with pytest.raises(ContractError, match="lacks the product alder/0000"):
        audit(honest.sources, params.Audit(5, 3), search, tmp_path / "audit")


def get_products_contract():
    from weft.contracts.tables import PRODUCTS

    return PRODUCTS
