import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from weft.contracts import files
from weft.errors import ContractError
from weft.report.build import write_report


class TagCollector(HTMLParser):
    """Every element and attribute that a parser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def build_page(inputs, names=("catalogue",)) -> str:
    write_report(list(names), inputs.report_inputs, inputs.folder / "summary")
    return (inputs.folder / "summary" / "index.html").read_text(encoding="utf-8")


def test_the_report_is_deterministic(filled, tmp_path):
    for name in ("one", "two"):
        write_report(["catalogue"], filled.report_inputs, tmp_path / name)
    for name in ("index.html", "results.md", "tables.json", "recall_at_k.csv", "calibration_curve.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_returned_counts_match_the_files(filled, tmp_path):
    counts = write_report(["catalogue"], filled.report_inputs, tmp_path / "out")
    size = (tmp_path / "out" / "index.html").stat().st_size
    assert counts == {"benchmarks": 1, "tables": 2, "photos": 3, "page_bytes": size}


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


def test_the_summary_shows_the_finetuned_model_and_not_the_last_row(inputs):
    rows = {"frozen backbone": 0.4, "finetuned": 0.6, "finetuned (kNN tags, k=20)": 0.5}
    table = {row: {"precision_at_5": value} for row, value in rows.items()}
    inputs.add(metrics={"reader": "catalogue", "tables": {"tagging": table}})
    glance = re.search(r'<table class="glance">(.*?)</table>', build_page(inputs), re.DOTALL)
    assert glance
    assert ">60.0" in glance[1].replace(" ", "")
    assert "50.0" not in glance[1]


def test_the_first_screen_names_the_model_and_its_training_data(filled):
    page = re.sub(r"<[^>]+>", "", build_page(filled))
    first_screen = " ".join(page[: page.index("All tables")].split())
    assert "mobilenet_v2 at 96 × 128 pixels, trained 2 epochs (the weights of epoch 2 are kept)" in first_screen
    assert "to predict the 2 words that alder" in first_screen
    assert "1,300 photos of 320 products" in first_screen


def test_the_first_queries_show_the_hits_of_the_finetuned_model(filled):
    page = build_page(filled)
    found = page[page.index('<div class="found">') : page.index('<section id="tables">')]
    assert "Nearest 1, correct: alder/1" in found
    assert "not correct: alder/1" not in found


def test_crawl_words_calibration_and_map_show_their_numbers(filled):
    page = " ".join(build_page(filled).split())
    for text in (
        "photo: HTTP 404", "commerce stop word (clean)", "<bdi>wash</bdi>", "<bdi>denim</bdi> <small>0.97</small>",
        "1 words have a threshold", "<td>75.0</td><td>60.0</td><td>12 of 16</td><td>14 of 15</td><td>81.2</td>",
        "-3.25", "denim: washed 0.81", "precision 75.0 %", "1 have none (precision not reached)",
    ):  # fmt: skip
        assert text in page


def test_results_are_shown_by_slice(filled):
    page = " ".join(build_page(filled).split())
    assert "Retrieval by colour" in page
    assert '<th scope="row"><bdi>red</bdi></th><td>20</td><td>50.0</td><td>60.0' in page
    assert '<span class="gain">▲ +10.0' in page


def test_confusions_show_counts_and_shares(filled):
    page = " ".join(build_page(filled).split())
    assert "By category: 3 of 12 queries" in page
    assert '<bdi>Tunics</bdi></th><td class="text narrow"><bdi>Kurtas</bdi></td><td>3</td><td>25.0</td>' in page


def test_the_data_of_the_curves_is_written_as_csv(filled):
    build_page(filled)
    folder = filled.folder / "summary"
    assert (folder / "recall_at_k.csv").read_text() == (
        "k,frozen backbone,head only,finetuned\n1,0.500000,,1.000000\n2,1.000000,,1.000000\n"
    )
    lines = (folder / "calibration_curve.csv").read_text().splitlines()
    assert lines[:3] == [
        "word_group,bin,count,mean_predicted,fraction_positive",
        "words with a probability,0,0,,",
        lines[2],
    ]
    assert lines[2] == "words with a probability,1,1,0.100000,0.200000"


def test_one_file_holds_the_tables_of_all_benchmarks(filled):
    build_page(filled)
    metrics = json.loads((filled.folder / "summary" / "tables.json").read_text())
    assert metrics["catalogue"]["retrieval"]["finetuned"]["recall_at_1"] == 0.46449
    assert metrics["thresholds"]["recall"] == 0.6
    assert set(metrics) == {"catalogue", "thresholds"}


def test_without_queries_the_recall_csv_has_only_a_header(inputs):
    inputs.add(examples=[])
    assert "There are no queries" in build_page(inputs)
    assert (inputs.folder / "summary" / "recall_at_k.csv").read_text() == "k,frozen backbone,head only,finetuned\n"


def test_equal_curves_keep_their_columns(inputs, make_query):
    rows = [make_query(model, n, n) for model in ("frozen backbone", "head only", "finetuned") for n in (1, 2)]
    inputs.add(queries=rows)
    page = build_page(inputs)
    assert (inputs.folder / "summary" / "recall_at_k.csv").read_text() == (
        "k,frozen backbone,head only,finetuned\n1,0.500000,0.500000,0.500000\n2,1.000000,1.000000,1.000000\n"
    )
    assert "frozen backbone, head only, finetuned, %" in page


def test_a_metric_that_was_not_measured_is_null_in_the_metrics_of_all_benchmarks(inputs):
    table = {"frozen backbone": {"recall_at_1": 0.5}, "finetuned": {"recall_at_1": None, "map_at_r": 0.5}}
    inputs.add(metrics={"reader": "catalogue", "tables": {"retrieval": table}})
    build_page(inputs)
    metrics = json.loads((inputs.folder / "summary" / "metrics.json").read_text())
    assert metrics["catalogue"]["retrieval"] == {
        "frozen backbone": {"recall_at_1": 0.5, "map_at_r": None},
        "finetuned": {"recall_at_1": None, "map_at_r": 0.5},
    }


def test_totals_that_calibrate_could_not_measure_are_null(filled):
    path = filled.report_inputs.calibration / files.CALIBRATION
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "totals": {"words": 2.0, "precision": None, "recall": None}}))
    build_page(filled)
    metrics = json.loads((filled.folder / "summary" / "metrics.json").read_text())
    assert metrics["thresholds"] == {"words": 2.0, "precision": None, "recall": None}


def test_mismatches_are_shown_with_words_evidence_and_pictures(filled):
    page = " ".join(build_page(filled).split())
    assert "The text has a word that the photos contradict: 1" in page
    assert "text: <strong><bdi>wool</bdi></strong>, photo: <strong><bdi>denim</bdi></strong>" in page
    assert "99.0 % of the products with the word “wool” match it better" in page
    assert "From the photo alone, “denim” has a probability of 90 %" in page
    assert '<a href="http://alder.example/p/1" rel="noreferrer">' in page


def test_a_url_that_is_not_http_does_not_become_a_link(filled, make_mismatch):
    filled.add_mismatches([make_mismatch("missing", 0, url="javascript:alert(1)")])
    assert "javascript:" not in build_page(filled)


def test_every_word_of_the_map_has_its_nearest_words(filled):
    page = build_page(filled)
    assert page.count('class="place') == 2
    assert page.count('class="tip"') == 2


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
    assert "and the labels by human annotators" in page


def test_benchmarks_appear_in_the_given_order(filled):
    filled.add("luma", examples=[])
    page = build_page(filled, ("luma", "catalogue"))
    assert page.index("<h3>luma</h3>") < page.index("<h3>catalogue</h3>")


def test_correct_hits_are_not_marked_by_colour_alone(filled):
    page = build_page(filled)
    examples = page[page.index('<section id="hard">') :]
    assert examples.count('aria-label="Nearest 1, correct: alder/1"') == 1
    assert examples.count('aria-label="Nearest 1, not correct: alder/1"') == 1
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
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    tags = TagCollector()
    tags.feed(page)
    assert "script" not in tags.names
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page
    text = (inputs.folder / "summary" / "results.md").read_text(encoding="utf-8")
    assert "<script" not in re.sub(r"\\<", "", text)


def test_only_the_products_of_mismatches_link_to_other_sites(filled):
    filled.add_mismatches([])
    page = build_page(filled)
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    assert re.search(r'Content-Security-Policy" content="default-src \'none\'', page)
    references = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(reference.startswith(("#", "data:")) for reference in references)


def test_every_reference_has_its_target_and_ids_are_unique(filled):
    page = build_page(filled)
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for pair in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', page):
        assert (pair[0] or pair[1]) in ids


@pytest.mark.parametrize("name", [files.METRICS, files.EXAMPLES])
def test_the_error_for_a_missing_file_names_the_file_and_the_stage(filled, name):
    path = filled.reports / "catalogue" / name
    path.unlink()
    with pytest.raises(ContractError, match=re.escape(f"{path}: no such file; the stage evaluate@catalogue")):
        build_page(filled)


def test_the_error_for_a_missing_history_names_the_file_and_the_stage(filled):
    filled.histories["finetune"].unlink()
    with pytest.raises(ContractError, match=r"model/history\.csv: no such file; the stage finetune writes it"):
        build_page(filled)


def test_a_failed_report_keeps_the_previous_one(filled):
    before = build_page(filled)
    (filled.reports / "catalogue" / files.METRICS).write_text("{}", encoding="utf-8")
    with pytest.raises(ContractError):
        build_page(filled)
    assert (filled.folder / "summary" / "index.html").read_text(encoding="utf-8") == before
    assert [path.name for path in Path(filled.folder).iterdir() if path.name.startswith(".")] == []


def test_the_error_for_a_broken_photo_names_its_row(inputs, make_example):
    inputs.add(examples=[make_example("retrieval", "frozen backbone", 0, b"not a photo")])
    with pytest.raises(ContractError, match=r"examples\.parquet, row 0 \(alder/0#0\): the photo cannot be decoded"):
        build_page(inputs)


def test_a_ranked_list_without_its_query_raises_an_error(inputs, draw, make_example):
    inputs.add(examples=[make_example("retrieval", "frozen backbone", 1, draw("red"))])
    with pytest.raises(ContractError, match="no rank 0"):
        build_page(inputs)


@pytest.mark.parametrize("text", ["[1]", "{", json.dumps({"denim": [["jeans"]]}), json.dumps({"denim": [["a", "b"]]})])
def test_broken_nearest_words_raise_an_error(filled, text):
    (filled.reports / "catalogue" / files.NEAREST_WORDS).write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"nearest_words\.json: expected"):
        build_page(filled)
