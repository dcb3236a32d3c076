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
    tables = {"tagging": {"z row": row, "a row": row}, "zero_shot/a": {"x": row}}
    results = read_results_json(tmp_path, {**GOOD, "tables": tables})
    assert list(results.tables) == ["tagging", "zero_shot/a"]
    assert list(results.tables["tagging"]) == ["z row", "a row"]
    assert list(results.tables["tagging"]["z row"]) == ["z", "a"]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_an_unmeasured_value_is_none(tmp_path, value):
    results = read_results_json(tmp_path, {**GOOD, "tables": {"tagging": {"x": {"precision_at_5": value}}}})
    assert results.tables["tagging"]["x"]["precision_at_5"] is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"reader": "inshop", "tables": GOOD["tables"]}, "benchmark: missing key"),
        ({**GOOD, "tables": {"tagging": {}}}, "tables.tagging: expected at least one row, got none"),
        ({**GOOD, "tables": {"tagging": {"x": {"p": 1.5}}}}, "tables.tagging.x.p = '1.5'"),
        ({**GOOD, "tables": {"tagging": {"x": {"p": float("inf")}}}}, "tables.tagging.x.p = 'inf'"),
        ({**GOOD, "counts": {"photos": "many"}}, "counts.photos"),
        ([], "expected a JSON object, got list"),
    ],
)
def test_the_error_names_the_broken_key(tmp_path, values, message):
    with pytest.raises(ContractError, match=re.escape(message)):
        read_results_json(tmp_path, values)


def test_a_file_that_is_not_json_raises_an_error(tmp_path):
    (tmp_path / files.METRICS).write_bytes(b"\xff\xfe{")
    with pytest.raises(ContractError, match="not readable as JSON"):
        read_results(tmp_path)
