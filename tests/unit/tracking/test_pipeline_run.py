"""A pipeline is one run: its stages are below it, cached stages are linked, and it holds what is compared."""

import json
from urllib.parse import unquote

import pytest
import yaml

from weft import tracking

pytestmark = pytest.mark.slow

ADDRESS = "http://127.0.0.1:5000"


@pytest.fixture
def write_lock(project):
    """Writes dvc.lock with stages given as (deps, outs), md5 by path."""

    def write(**stages):
        entries = {
            name: {
                kind: [{"path": path, "md5": md5} for path, md5 in paths.items()]
                for kind, paths in zip(("deps", "outs"), pair, strict=True)
            }
            for name, pair in stages.items()
        }
        (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": entries}))

    return write


def run_stage(name, settings, *inputs):
    from pathlib import Path

    with tracking.start_stage_run(name, settings, [Path(path) for path in inputs]):
        pass


def test_stages_of_one_pipeline_are_below_one_run(store, find, newest, settings, write_params):
    write_params(finetune={"epochs": 4, "loss": {"name": "contrastive"}})
    run_stage("crawl", settings)
    run_stage("clean", settings)
    run_stage("clean", settings)
    parent = newest("pipeline")
    assert parent.data.params == {"finetune.epochs": "4", "finetune.loss.name": "contrastive"}
    assert parent.info.status == "FINISHED"
    children = find(**{"mlflow.parentRunId": parent.info.run_id})
    assert sorted(run.data.tags["stage"] for run in children) == ["clean", "clean", "crawl"]
    write_params(finetune={"epochs": 1, "loss": {"name": "contrastive"}})
    run_stage("clean", settings)
    assert newest("pipeline").info.run_id != parent.info.run_id


def test_a_stage_from_the_cache_is_linked_to_the_run_that_computed_it(
    store, newest, settings, write_params, write_lock
):
    crawl, clean = ({}, {"data/crawl": "c1"}), ({"data/crawl/products.parquet": "p"}, {"data/clean": "c2"})
    write_params(case="first")
    run_stage("crawl", settings)
    write_lock(crawl=crawl)
    run_stage("clean", settings, "data/crawl/products.parquet")
    write_lock(crawl=crawl, clean=clean)
    run_stage("vocabulary", settings, "data/clean/products.parquet")
    first = {name: newest(name).info.run_id for name in ("crawl", "clean")}
    assert newest("clean").data.tags["output.data/clean"] == "c2"

    write_params(case="second")
    run_stage("vocabulary", settings, "data/clean/products.parquet")
    tags = newest("pipeline").data.tags
    assert {name: tags[f"cached.{name}"] for name in first} == first

    write_params(case="of each benchmark")
    write_lock(**{"features@catalogue": ({}, {"data/features/catalogue": "f"})})
    run_stage("train_head", settings, "data/features/catalogue")
    assert "cached.features/catalogue" in newest("pipeline").data.tags

    write_params(case="third")
    write_lock(crawl=({}, {"data/crawl": "of another machine"}))
    run_stage("clean", settings, "data/crawl")
    assert newest("pipeline").data.tags["cached.crawl"] == "computed by a run that is not in this store"


def test_results_are_copied_to_the_pipeline_and_its_curves_once(
    store, newest, settings, project, write_params, make_jpeg
):
    write_params(case="results")
    (project / "history.csv").write_text("epoch,train_loss,val_loss,learning_rate\n0,,9.0,0.1\n1,5.0,8.0,0.1\n")
    (project / "index.html").write_text("page")
    for name in ("benchmarks/catalogue", "audit"):
        (project / name).mkdir(parents=True, exist_ok=True)
        (project / name / "contact_sheet.jpg").write_bytes(make_jpeg("red"))
    for r10 in (0.5, 0.6):
        with tracking.start_stage_run("report", settings) as run:
            run.log_pipeline_results(
                {"r10": r10},
                project / "index.html",
                {"finetune": project / "history.csv"},
                [project / "benchmarks", project / "audit"],
            )
    parent = newest("pipeline")
    assert parent.data.metrics == {"r10": 0.6, "finetune/train_loss": 5.0, "finetune/val_loss": 8.0}
    points = store.get_metric_history(parent.info.run_id, "finetune/val_loss")
    assert [(point.step, point.value) for point in points] == [(0, 9.0), (1, 8.0)]
    files = [file.path for file in store.list_artifacts(parent.info.run_id)]
    assert files == ["contact_sheet_audit.jpg", "contact_sheet_catalogue.jpg", "images", "index.html"]
    images = [file.path for file in store.list_artifacts(parent.info.run_id, "images")]
    assert {name.removeprefix("images/").split("+")[0] for name in images} == {
        "contact_sheet_audit",
        "contact_sheet_catalogue",
    }


def test_the_comparison_url_selects_the_newest_two_pipelines(store, find, settings, write_params):
    for case in ("one", "two"):
        write_params(case=case)
        run_stage("clean", settings)
    newest = [run.info.run_id for run in find(stage="pipeline")[:2]]
    link = unquote(tracking.get_comparison_url(ADDRESS))
    number = store.get_experiment_by_name("weft").experiment_id
    runs = json.dumps(newest, separators=(",", ":"))
    assert link == f'{ADDRESS}/#/compare-runs?runs={runs}&experiments=["{number}"]'


def test_the_experiment_is_named_by_the_environment(store, settings, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "shop/winter")
    run_stage("clean", settings)
    assert store.get_experiment_by_name("shop/winter").artifact_location.endswith("/mlruns/shop_winter")
