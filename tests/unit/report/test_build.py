import json
import re
from pathlib import Path

import pytest

from weft.contracts import files
from weft.errors import ContractError
from weft.report.build import write_report

pytestmark = pytest.mark.slow


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
    metrics = json.loads((inputs.folder / "summary" / "tables.json").read_text())
    assert metrics["catalogue"]["retrieval"] == {
        "frozen backbone": {"recall_at_1": 0.5, "map_at_r": None},
        "finetuned": {"recall_at_1": None, "map_at_r": 0.5},
    }


def test_totals_that_calibrate_could_not_measure_are_null(filled):
    path = filled.report_inputs.calibration / files.CALIBRATION
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "totals": {"words": 2.0, "precision": None, "recall": None}}))
    build_page(filled)
    metrics = json.loads((filled.folder / "summary" / "tables.json").read_text())
    assert metrics["thresholds"] == {"words": 2.0, "precision": None, "recall": None}


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
