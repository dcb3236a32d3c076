import json
import re

import pytest

from weft.contracts import files
from weft.errors import ContractError
from weft.report.tables import read_results

GOOD = {"benchmark": "b", "reader": "inshop", "tables": {"retrieval": {"frozen backbone": {"recall_at_1": 0.5}}}}


def read_results_json(tmp_path, values):
    (tmp_path / files.METRICS).write_text(json.dumps(values), encoding="utf-8")
    return read_results(tmp_path)


def test_tables_rows_and_metrics_keep_the_order_of_the_file(tmp_path):
    row = {"z": 0.1, "a": 0.2}
    tables = {"tags": {"later": row, "earlier": row}, "labels/a": {"x": row}}
    results = read_results_json(tmp_path, {**GOOD, "tables": tables})
    assert list(results.tables) == ["tags", "labels/a"]
    assert list(results.tables["tags"]) == ["later", "earlier"]
    assert list(results.tables["tags"]["later"]) == ["z", "a"]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_value_that_could_not_be_measured_is_none(tmp_path, value):
    results = read_results_json(tmp_path, {**GOOD, "tables": {"tags": {"x": {"precision_at_5": value}}}})
    assert results.tables["tags"]["x"]["precision_at_5"] is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reader": "inshop", "tables": GOOD["tables"]}, "benchmark: missing key"),
        ({**GOOD, "tables": {"tags": {}}}, "tables.tags: no row in it"),
        ({**GOOD, "tables": {"tags": {"x": {"p": 1.5}}}}, "tables.tags.x.p = '1.5'"),
        ({**GOOD, "tables": {"tags": {"x": {"p": float("inf")}}}}, "tables.tags.x.p = 'inf'"),
        ({**GOOD, "counts": {"photos": "many"}}, "counts.photos"),
        ([], "wanted a JSON object, found list"),
    ],
)
def test_broken_metrics_name_the_key(tmp_path, values, said):
    with pytest.raises(ContractError, match=re.escape(said)):
        read_results_json(tmp_path, values)


def test_what_is_no_json_is_refused(tmp_path):
    (tmp_path / files.METRICS).write_bytes(b"\xff\xfe{")
    with pytest.raises(ContractError, match="not readable as JSON"):
        read_results(tmp_path)
