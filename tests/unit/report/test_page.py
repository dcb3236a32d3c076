import json
import re
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from weft import tables
from weft.contracts import files
from weft.contracts.tagging import JUDGED_TAGS, WORD_MAP
from weft.report.build import write_report
from weft.report.html import write_audit_page
from weft.report.versions import ChangedParameter, Versions

pytestmark = pytest.mark.slow

METRICS = {"reader": "catalogue", "tables": {"retrieval": {"frozen backbone": {"map_at_r": 0.5}}}}


class TagCollector(HTMLParser):
    """Every element and attribute that a parser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes.update(name for name, _ in attrs)


def build_page(inputs, names=("catalogue",)) -> str:
    write_report(list(names), inputs.report_inputs, inputs.folder / "summary")
    return (inputs.folder / "summary" / "index.html").read_text(encoding="utf-8")


def test_every_table_and_row_appears_on_the_page(filled):
    page = build_page(filled)
    for text in ("Retrieval", "Zero shot: sleeve length", "frozen backbone", "head only", "finetuned"):
        assert text in page
    for text in ("43.0 to 50.0", "+15.2", "(+10.0 to +20.0)", "−1.0", "Ties go to", "upper bound"):
        assert text in page
    assert "Counts: photos 1,800, queries 300." in " ".join(page.split())


def test_a_gain_is_marked_only_where_its_interval_excludes_zero(filled):
    page = " ".join(build_page(filled).split())
    assert '<span class="gain">▲ +15.2' in page
    assert '<span class="open">−1.0' in page
    assert "▼ −1.0" not in page


def test_crawl_words_calibration_and_map_show_their_numbers(filled):
    page = " ".join(build_page(filled).split())
    for text in (
        "photo: HTTP 404", "commerce stop word (clean)", "<bdi>wash</bdi>", "<bdi>denim</bdi> <small>0.97</small>",
        "1 word has a threshold", "<td>75.0</td><td>60.0</td><td>12 of 16</td><td>14 of 15</td><td>81.2</td>",
        "-3.25", "denim: washed 0.81<", "75.0&nbsp;% of the tags", "11 have none (precision not reached)",
    ):  # fmt: skip
        assert text in page


def test_what_people_accepted_stands_beside_the_precision_by_texts(filled):
    assert "people" not in build_page(filled)
    row = {"word_id": 0, "word": "denim", "judged": 20, "accepted": 19}
    table = pa.Table.from_pylist(
        [row | {"precision_lower_bound": 0.9, "precision_upper_bound": 1.0}], schema=JUDGED_TAGS.schema
    )
    tables.write_table(filled.report_inputs.calibration / files.JUDGED_TAGS, table, JUDGED_TAGS)
    page = " ".join(build_page(filled).split())
    assert "Of the tags that people judged, 95.0&nbsp;% are right." in page
    assert "<td>-3.25</td><td>19 of 20</td>" in page


def test_results_are_shown_by_slice(filled):
    page = " ".join(build_page(filled).split())
    assert "Retrieval by colour" in page
    assert '<th scope="row"><bdi>red</bdi></th><td>20</td><td>50.0</td><td>60.0' in page
    assert '<span class="gain">▲ +10.0' in page


def test_slices_of_a_table_without_a_frozen_row_are_compared_with_its_first_row(filled, make_slice):
    table = {"head only": {"recall_at_1": 0.5}, "finetuned": {"recall_at_1": 0.4}}
    slices = [make_slice("red", "head only", 0.5, None), make_slice("red", "finetuned", 0.4, -0.1)]
    filled.add(
        metrics={"reader": "catalogue", "tables": {"text_to_product": table}},
        slices=[row | {"table": "text_to_product"} for row in slices],
    )
    page = " ".join(build_page(filled).split())
    assert '<th scope="col">head only, %</th>' in page
    assert '<span class="loss">▼ −10.0' in page


def test_confusions_show_counts_and_shares(filled):
    page = " ".join(build_page(filled).split())
    assert "By category: 3 of 12 queries" in page
    assert '<bdi>Tunics</bdi></th><td class="text narrow"><bdi>Kurtas</bdi></td><td>3</td><td>25.0</td>' in page


def test_mismatches_are_shown_with_words_evidence_and_pictures(filled):
    page = " ".join(build_page(filled).split())
    assert "The photos contradict a word of the text: 1" in page
    assert "text: <strong><bdi>wool</bdi></strong>, photo: <strong><bdi>denim</bdi></strong>" in page
    assert "99.0 % of the products with the word “wool” match it better" in page
    assert "From the photo alone, “denim” has a probability of 90 %" in page
    assert (
        '<a href="http://alder.example/p/1" target="_blank" rel="noopener noreferrer"><bdi>Blue shirt</bdi></a>' in page
    )


def test_the_demo_says_how_many_planted_faults_the_audit_finds(filled):
    detection = {"faults": 66, "found": 21, "mismatches": 36, "true_mismatches": 29}
    (filled.report_inputs.audit / files.FAULT_DETECTION).write_text(json.dumps(detection))
    page = " ".join(build_page(filled).split())
    assert "66 faults were planted, to measure the audit: it finds 21 of them, and 29 of its 36 cases" in page


def test_a_url_that_is_not_http_does_not_become_a_link(filled, make_mismatch):
    filled.add_mismatches([make_mismatch("missing", 0, url="javascript:alert(1)")])
    assert "javascript:" not in build_page(filled)


def test_the_map_has_the_words_that_photos_show_and_no_plurals(filled):
    page = build_page(filled)
    placed = re.findall(r'class="place[^>]*><bdi>(\w+)</bdi><span class="tip">', page)
    assert placed == ["black", "blue", "denim", "green", "grey", "pink", "red", "shoe", "white", "yellow"]


def test_a_map_of_a_few_words_is_left_out(filled):
    path = filled.report_inputs.calibration / files.WORD_MAP
    rows = tables.read_table(path, WORD_MAP).slice(0, 5)
    tables.write_table(path, rows, WORD_MAP)
    assert 'id="map"' not in build_page(filled)


def test_a_calibration_curve_names_its_number_of_words_and_needs_ten_of_them(filled):
    page = build_page(filled)
    assert "words with a probability (12 words)" in page
    assert "words with a threshold (" not in page


def test_a_benchmark_without_tables_still_shows_its_notes(inputs):
    inputs.add(metrics={"reader": "catalogue", "notes": ["retrieval is left out"], "tables": {}}, examples=[])
    page = build_page(inputs)
    assert "retrieval is left out" in page
    assert "queries</h3>" not in page


def test_a_label_of_several_words_matches_one_of_them(inputs, draw, make_example):
    row = make_example("tags", "finetuned", 0, draw("red"), predicted=["navy", "red"], truth=["Navy Blue", "Men"])
    inputs.add(metrics={"reader": "labelled_photos", "tables": {}}, examples=[row])
    page = build_page(inputs)
    assert "✓ <bdi>navy</bdi>" in page
    assert "✓ <bdi>Navy Blue</bdi>" in page
    assert page.count("✓ <bdi>") == 2
    assert "the labels by human annotators" in " ".join(page.split())


def test_benchmarks_appear_in_the_given_order(filled):
    filled.add("luma", examples=[])
    page = build_page(filled, ("luma", "catalogue"))
    tables_section = page[page.index('<section id="results">') :]
    assert tables_section.index("<h3>luma</h3>") < tables_section.index("<h3>catalogue</h3>")


def test_correct_hits_are_not_marked_by_colour_alone(filled):
    page = build_page(filled)
    examples = page[page.index('id="hard"') :]
    assert examples.count('aria-label="Nearest 1, right: Red shirt"') == 1
    assert examples.count('aria-label="Nearest 1, not right: Red shirt"') == 1
    assert "✓ 0.88" in page


def test_words_in_both_lists_are_marked_in_both(filled):
    page = build_page(filled)
    assert page.count("✓ <bdi>denim</bdi>") == 3
    assert "✓ <bdi>shirt</bdi>" not in page
    assert "✓ <bdi>blue</bdi>" not in page


def test_nearest_words_are_shown_if_there_are_any(filled):
    page = build_page(filled)
    assert "<bdi>jeans</bdi> <small>0.81</small>" in page
    (filled.reports / "catalogue" / files.NEAREST_WORDS).unlink()
    assert "Nearest words" not in build_page(filled)


def test_a_photo_is_stored_once(filled):
    assert build_page(filled).count("data:image/jpeg;base64,") == 3


def test_hostile_texts_are_escaped(inputs, draw, make_example):
    hostile = "</bdi><script>alert(1)</script>\" onload='x' {{ 7*7 }}"
    rows = [
        make_example("retrieval", hostile, 0, draw("red"), product_id=hostile),
        make_example("retrieval", hostile, 1, draw("red"), product_id=hostile, score=0.5, correct=True),
        make_example("tags", hostile, 0, draw("red"), predicted=[hostile], truth=[hostile], product_id=hostile),
    ]
    table = {hostile: {hostile: 0.5}}
    metrics = {"reader": hostile, "counts": {hostile: 1}, "notes": [hostile], "tables": {hostile: table}}
    inputs.add(metrics=metrics, examples=rows, nearest={hostile: [(hostile, 0.5)]})
    page = build_page(inputs)
    assert page.count("<script") == 1
    assert "&lt;script&gt;" in page
    tags = TagCollector()
    tags.feed(page)
    assert tags.names.count("script") == 1
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page
    text = (inputs.folder / "summary" / "results.md").read_text(encoding="utf-8")
    assert "<script" not in re.sub(r"\\<", "", text)


def test_only_product_pages_are_outside_the_page(filled):
    page = build_page(filled)
    assert re.search(r'Content-Security-Policy" content="default-src \'none\'', page)
    references = set(re.findall(r'(?:href|src)="([^"]*)"', page))
    outside = {reference for reference in references if not reference.startswith(("#", "data:"))}
    assert outside == {"http://alder.example/p", "http://alder.example/p/1"}


def test_every_reference_has_its_target_and_ids_are_unique(filled):
    page = build_page(filled)
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for pair in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', page):
        assert (pair[0] or pair[1]) in ids


def test_products_show_title_and_price_and_link_to_their_page(filled, make_product):
    filled.add_products([make_product("alder/1", title="Red <b>shirt</b>", url="https://alder.example/red")])
    page = build_page(filled)
    link = '<a href="https://alder.example/red" target="_blank" rel="noopener noreferrer">'
    assert f"{link}<bdi>Red &lt;b&gt;shirt&lt;/b&gt;</bdi></a>" in page
    assert "<bdi>alder/2</bdi>" in page


def test_the_products_of_the_demo_are_said_to_be_invented(filled, make_product):
    assert "links to their pages lead nowhere" in build_page(filled)
    filled.add_products([make_product("alder/1", url="https://shop.org/red")])
    filled.add_mismatches([])
    assert "links to their pages lead nowhere" not in build_page(filled)


def test_what_says_nothing_is_left_out(filled):
    rows = [
        {"slice": "kind of photo", "true_label": "main photo", "predicted_label": label, "count": 3}
        for label in ("main photo", "other view")
    ]
    counts = {**METRICS, "counts": {"photos": 1800, "pictures_in_two_splits": 0}}
    filled.add(metrics=counts, confusions=rows, nearest={"bag": [("bags", 0.9), ("tote", 0.8)], "bags": [("bag", 0.9)]})
    page = " ".join(build_page(filled).split())
    assert "other view" not in page
    assert "Counts: photos 1,800." in page
    assert "<bdi>tote</bdi>" in page
    assert "<bdi>bags</bdi>" not in page


def test_a_row_that_equals_the_first_one_is_named_beside_it(filled):
    page = " ".join(build_page(filled).split())
    assert '<th scope="row">frozen backbone, head only</th>' in page
    assert "±0.0" not in page


def test_the_page_names_commit_data_model_and_changed_parameters(filled):
    parameters = (ChangedParameter("finetune.epochs", "1", "4"),)
    versions = Versions("c0ffee" * 6, True, "abc.dir", parameters)
    write_report(["catalogue"], filled.report_inputs, filled.folder / "summary", versions, {"r10": 0.967})
    page = (filled.folder / "summary" / "index.html").read_text(encoding="utf-8")
    for text in (
        "r10 <strong>0.967</strong>",
        "c0ffee" * 6,
        "with changes that are not committed",
        "abc.dir",
        "ab" * 32,
    ):
        assert text in page
    assert '<th scope="row">finetune.epochs</th><td class="text">1</td><td class="text">4</td>' in page


def test_the_audit_page_shows_the_same_mismatches_with_prices(filled, make_product):
    filled.add_products([make_product("alder/0", price=19.5, currency="EUR")])
    paths = filled.report_inputs
    page = write_audit_page(paths.audit, paths.crawl / files.PRODUCTS).read_text(encoding="utf-8")
    assert "<bdi>19.50 EUR</bdi>" in page
    assert "Products whose text and photos disagree" in page
    assert "text: <strong><bdi>wool</bdi></strong>, photo: <strong><bdi>denim</bdi></strong>" in page
