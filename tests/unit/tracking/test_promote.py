"""`weft promote`: the champion changes only to a model that is not worse on the same test photos."""

import json
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from weft import cli, tables, tracking
from weft.contracts import files
from weft.contracts.tables import PER_QUERY

pytestmark = pytest.mark.slow

ROW = "finetuned"


@pytest.fixture
def registry(store):
    """The client of a store whose registered model has no versions."""
    import mlflow

    with suppress(mlflow.exceptions.MlflowException):
        store.delete_registered_model(tracking.MODEL_NAME)
    store.create_registered_model(tracking.MODEL_NAME)
    return store


@pytest.fixture
def train(registry, project, write_params):
    """Runs a pipeline whose model found each query's product at these ranks; returns the id of its run."""

    def run(name, ranks, photos=100):
        write_params(model=name)
        folder = project / "evaluated"
        folder.mkdir(exist_ok=True)
        metrics = {ROW: {"map_at_r": 0.5}}
        (folder / files.METRICS).write_text(
            json.dumps({"benchmark": "catalogue", "counts": {"photos": photos}, "tables": {"retrieval": metrics}})
        )
        rows = [make_score_row(number, rank) for number, rank in enumerate(ranks)]
        tables.write_table(folder / files.PER_QUERY, pa.Table.from_pylist(rows, schema=PER_QUERY.schema), PER_QUERY)
        with tracking.start_stage_run("finetune", {}) as finetune:
            pass
        version = registry.create_model_version(tracking.MODEL_NAME, str(project), finetune.run_id).version
        registry.set_registered_model_alias(tracking.MODEL_NAME, "candidate", version)
        with tracking.start_stage_run("evaluate", {}, benchmark="catalogue") as evaluate:
            evaluate.log_artifact(folder / files.METRICS)
            evaluate.log_artifact(folder / files.PER_QUERY)
        return evaluate.pipeline_run_id

    return run


def make_score_row(number, rank):
    query = f"alder/{number:02}"
    row = {"table": "retrieval", "model": ROW, "query_id": f"{query}#0", "product_id": query, "cluster_id": number}
    return {**row, "first_hit_rank": rank, "numerator": [1 / rank], "denominator": [1.0]}


@pytest.fixture
def promote(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["weft", "promote", *arguments])
        status = cli.main()
        printed, err = capsys.readouterr()
        return status, printed, err

    return run


@pytest.fixture
def champion(registry):
    return lambda: registry.get_model_version_by_alias(tracking.MODEL_NAME, "champion")


def test_training_does_not_move_the_champion(train, promote, champion):
    first = train("first", [2] * 30)
    assert promote(first)[0] == 0
    train("better", [1] * 30)
    assert str(champion().version) == "1"
    assert champion().tags["promotion"] == "first champion"


def test_a_better_model_becomes_the_champion_with_the_reason_in_its_tags(train, promote, champion):
    promote(train("first", [2] * 30))
    better = train("better", [1] * 30)
    status, printed, _ = promote(better)
    assert status == 0
    assert "A: champion, version 1; B: version 2" in printed
    assert "catalogue, retrieval, map_at_r:  50.0 -> 100.0   +50.0* (+50.0 to +50.0)" in printed
    assert "models:/weft-embedder@champion is now version 2" in printed
    assert str(champion().version) == "2"
    assert champion().tags["promotion"].startswith("compared with version 1: catalogue, retrieval, map_at_r:")
    assert champion().tags["promotion.pipeline"] == better
    assert promote(better)[1] == "version 2 of weft-embedder is the champion already\n"


def test_a_worse_model_is_refused_unless_forced_and_a_tag_says_so(train, promote, champion):
    promote(train("first", [1] * 30))
    train("worse", [1] * 10 + [4] * 20)
    status, _, err = promote("--candidate")
    assert (status, err.count("\n"), str(champion().version)) == (2, 1, "1")
    assert "not promoted: worse than the champion: catalogue, retrieval, map_at_r: 100.0 ->  50.0" in err
    assert promote("--candidate", "--force")[0] == 0
    assert str(champion().version) == "2"
    assert champion().tags["promotion.forced"].startswith("worse than the champion: catalogue, retrieval")


def test_a_difference_that_may_be_chance_is_no_loss(train, promote, champion):
    promote(train("first", [1, 2] * 15))
    assert promote(train("as good", [2, 1] * 15))[0] == 0
    assert str(champion().version) == "2"


@pytest.mark.parametrize(("ranks", "photos"), [([1] * 31, 100), ([1] * 30, 101)])
def test_models_with_different_test_photos_are_not_compared(train, promote, champion, ranks, photos):
    promote(train("first", [2] * 30))
    status, _, err = promote(train("other data", ranks, photos))
    assert (status, str(champion().version)) == (2, "1")
    assert "the models were evaluated on different test photos of catalogue" in err


def test_a_run_of_a_cached_finetune_promotes_the_model_that_it_reused(train, promote, champion, project, write_params):
    train("first", [2] * 30)
    lock = "stages: {finetune: {outs: [{path: models/embedder, md5: m1}]}}"
    (project / "dvc.lock").write_text(lock)
    write_params(model="first")
    with tracking.start_stage_run("report", {}, [Path("models/embedder")]):
        pass
    write_params(model="first", report="again")
    with tracking.start_stage_run("report", {}, [Path("models/embedder")]) as report:
        pass
    assert promote(report.run_id)[0] == 0
    assert str(champion().version) == "1"


def test_unknown_runs_and_runs_without_a_model_are_errors(registry, promote, write_params):
    assert "expected the id of an MLflow run at sqlite:" in promote("f" * 32)[2]
    write_params(model="none")
    with tracking.start_stage_run("clean", {}) as run:
        pass
    status, _, err = promote(run.run_id)
    assert (status, err) == (
        2,
        f"error: {run.run_id}: expected a run whose finetune registered a model, got one without a model\n",
    )
    assert "weft-embedder has no version with the alias candidate" in promote("--candidate")[2]
