import json
import sys

import pyarrow as pa
import pytest

from weft import cli, tables
from weft.contracts import files
from weft.contracts.tables import PER_QUERY

pytestmark = pytest.mark.slow

ROW = "finetuned"


def make_score_row(query, rank, item=0):
    gained = [float(rank == 1), float(rank is not None and rank <= 10)]
    row = {"table": "retrieval", "model": ROW, "query_id": query, "product_id": query.split("#")[0], "cluster_id": item}
    return {**row, "first_hit_rank": rank, "numerator": gained, "denominator": [1.0, 1.0]}


@pytest.fixture
def out(tmp_path):
    """Writes the outputs of evaluate for an invented benchmark."""

    def write(name, ranks, benchmark="catalogue"):
        folder = tmp_path / name
        folder.mkdir()
        row = {"recall_at_1": 0.5, "recall_at_10": 0.5}
        (folder / files.METRICS).write_text(json.dumps({"benchmark": benchmark, "tables": {"retrieval": {ROW: row}}}))
        rows = [make_score_row(f"alder/{n:02}#0", rank, n) for n, rank in enumerate(ranks)]
        tables.write_table(folder / files.PER_QUERY, pa.Table.from_pylist(rows, schema=PER_QUERY.schema), PER_QUERY)
        return folder

    return write


@pytest.fixture
def compare(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["weft", "compare", *map(str, arguments)])
        status = cli.main()
        printed, err = capsys.readouterr()
        return status, printed.splitlines(), err

    return run


def test_paired_differences_and_changed_ranks_are_printed(out, compare):
    a, b = out("a", [5] * 20 + [1] * 10), out("b", [1] * 20 + [1] * 9 + [40])
    status, lines, _ = compare(a, b, "--top", 2)
    assert status == 0
    assert lines[0] == f"catalogue, finetuned: A {a}, B {b}"
    assert "retrieval: 30 queries of 30 items in both" in lines
    (gain,) = [line for line in lines if "recall_at_1 " in line]
    assert " 33.3 ->  96.7   +63.3*" in gain
    (loss,) = [line for line in lines if "recall_at_10" in line]
    assert "100.0 ->  96.7    -3.3  (" in loss
    moved = lines[lines.index("  largest changes of the rank of the first hit:") + 1 :]
    assert moved == [
        "        1 -> 40    worse   alder/29 (query alder/29#0)",
        "        5 -> 1     better  alder/00 (query alder/00#0)",
    ]


def test_a_run_may_be_the_id_of_an_mlflow_run(out, compare, tmp_path, monkeypatch):
    import mlflow

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    a, b = out("a", [2, 1]), out("b", [1, 1])
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    # A new experiment, because the active one of MLflow may belong to the store of another test.
    with mlflow.start_run(experiment_id=mlflow.create_experiment("evaluated")) as run:
        for name in (files.METRICS, files.PER_QUERY):
            mlflow.log_artifact(str(a / name))
    status, lines, _ = compare(run.info.run_id, b)
    assert status == 0
    assert lines[1:] == compare(a, b)[1][1:]
    status, _, err = compare("f" * 32, b)
    assert status == 2
    assert "expected a folder or an MLflow run" in err


def test_runs_of_different_benchmarks_are_not_compared(out, compare):
    status, _, err = compare(out("a", [1]), out("b", [1], benchmark="luma"))
    assert (status, err.count("\n")) == (2, 1)
    assert "expected two runs of one benchmark, got catalogue" in err
    assert "and luma" in err


def test_the_error_for_an_unknown_row_lists_the_rows(out, compare):
    status, _, err = compare(out("a", [1]), out("b", [1]), "--model-row", "no such row")
    assert status == 2
    assert "expected a row that both runs have, got 'no such row'; rows of A: finetuned" in err


def test_the_error_for_an_invalid_run_names_its_file(out, compare):
    a, b = out("a", [1]), out("b", [1])
    (a / files.METRICS).write_text("{}")
    assert "metrics.json: expected the metrics of evaluate" in compare(a, b)[2]
    (b / files.METRICS).unlink()
    assert "metrics.json: cannot be read" in compare(b, b)[2]


def test_scores_of_other_metrics_are_refused(out, compare):
    a = out("a", [1])
    metrics = json.loads((a / files.METRICS).read_text())
    del metrics["tables"]["retrieval"][ROW]["recall_at_10"]
    (a / files.METRICS).write_text(json.dumps(metrics))
    assert "expected scores of the metrics in metrics.json, got others" in compare(a, a)[2]


def test_without_a_store_nothing_is_created(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(sys, "argv", ["weft", "compare", "a", "b"])
    assert cli.main() == 2
    assert "expected a folder or an MLflow run, got neither" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
