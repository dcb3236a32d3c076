import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weft import tracking

pytestmark = pytest.mark.slow


@pytest.fixture
def nobody(monkeypatch):
    """The URL of a port on which no server listens."""
    for name, value in {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0"}.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as bound:  # never listens, and keeps other programs from the port
        bound.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{bound.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri


def test_a_parameter_name_that_mlflow_does_not_allow_is_changed(store, newest, project):
    with tracking.start_stage_run("crawl", {"gate": {"max_failures": {"*": 0.3, "photo: HTTP 404": 0.5}}}):
        pass
    assert newest("crawl").data.params == {"gate.max_failures._": "0.3", "gate.max_failures.photo: HTTP 404": "0.5"}


def test_a_stage_is_one_finished_run_with_params_metrics_tags_and_files(store, newest, settings, project):
    report = project / "report.json"
    report.write_text("{}")
    with tracking.start_stage_run("clean", settings) as run:
        run.log_metrics({"products": 7, "share": 0.5})
        run.log_metrics({"val_loss": 3.0}, step=1)
        run.log_metrics({"val_loss": 2.0}, step=2)
        run.log_artifact(report)
    logged = newest("clean")
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name.startswith("clean: baseline (")
    assert logged.data.params == {"seed": "1", "fields": "('title', 'colour')", "demo.products": "600"}
    assert logged.data.metrics == {"products": 7.0, "share": 0.5, "val_loss": 2.0}
    history = store.get_metric_history(logged.info.run_id, "val_loss")
    assert [(point.step, point.value) for point in history] == [(1, 3.0), (2, 2.0)]
    assert [file.path for file in store.list_artifacts(logged.info.run_id)] == ["report.json"]
    assert {"stage", "git_commit", "git_dirty"} <= set(logged.data.tags)
    assert logged.data.tags["stage"] == "clean"


def test_the_name_of_a_run_has_its_benchmark(store, newest, settings):
    with tracking.start_stage_run("embed", settings, benchmark="catalogue"):
        pass
    assert newest("embed@catalogue").info.run_name.startswith("embed@catalogue: ")


def test_a_metric_may_be_nan(store, newest, settings, capsys):
    with tracking.start_stage_run("train_head", settings) as run:
        run.log_metrics({"train_loss": float("nan"), "val_loss": 9.0}, step=0)
    assert newest("train_head").data.metrics["val_loss"] == 9.0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_stage_that_raises_ends_its_run_and_its_pipeline(store, newest, settings, error, status):
    with pytest.raises(error), tracking.start_stage_run("prepare", settings):
        raise error
    assert newest("prepare").info.status == newest("pipeline").info.status == status
    with tracking.start_stage_run("prepare", settings):
        pass
    assert newest("prepare").info.status == "FINISHED"


def test_inputs_are_tagged_with_the_md5_of_the_lock_file(store, newest, settings, project):
    (project / "dvc.lock").write_text(
        "stages:\n"
        "  prepare: {outs: [{path: data/prepared, md5: abc.dir}]}\n"
        "  vocabulary: {outs: [{path: data/vocabulary, md5: def.dir}, {path: data/other, md5: ghi}]}\n"
        "  nothing: {cmd: 'true'}\n"
    )
    with tracking.start_stage_run(
        "vocabulary", settings, [Path("data/prepared"), Path("data/vocabulary/words.tsv"), Path("x")]
    ):
        pass
    inputs = {key: value for key, value in newest("vocabulary").data.tags.items() if key.startswith("input.")}
    assert inputs == {"input.data/prepared": "abc.dir", "input.data/vocabulary": "def.dir"}


def test_metrics_of_the_frozen_backbone_are_not_logged_as_results(store, newest, settings):
    with tracking.start_stage_run("evaluate", settings, benchmark="catalogue") as run:
        run.log_metrics(
            {
                "retrieval/frozen backbone/recall_at_1": 0.5,
                "retrieval/head only/recall_at_1": 0.5,
                "retrieval/finetuned/recall_at_1": 0.6,
                "tagging/frozen backbone (kNN tags, k=20)/precision_at_5": 0.7,
                "tagging/head only/precision_at_5": 0.6,
            }
        )
    logged = newest("evaluate@catalogue").data.metrics
    assert logged == {"retrieval/finetuned/recall_at_1": 0.6, "tagging/head only/precision_at_5": 0.6}


def test_a_killed_run_continues_when_the_stage_is_started_again(store, newest, find, settings, project):
    code = (
        "import os\n"
        "from dataclasses import make_dataclass\n"
        "from weft import tracking\n"
        "with tracking.start_stage_run('train_head', make_dataclass('Settings', [])()) as run:\n"
        "    run.log_metrics({'val_loss': 3.0}, step=1)\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    killed = newest("train_head")
    assert killed.info.status == newest("pipeline").info.status == "RUNNING"
    with tracking.start_stage_run("train_head", settings) as run:
        run.log_metrics({"val_loss": 2.0}, step=2)
    resumed = newest("train_head")
    assert (resumed.info.run_id, resumed.info.status) == (killed.info.run_id, "FINISHED")
    points = store.get_metric_history(resumed.info.run_id, "val_loss")
    assert [(point.step, point.value) for point in points] == [(1, 3.0), (2, 2.0)]
    with tracking.start_stage_run("train_head", settings):
        pass
    assert newest("train_head").info.run_id != killed.info.run_id


def test_a_killed_run_of_other_params_is_ended_and_not_continued(store, newest, settings, project, write_params):
    write_params(epochs=1)
    with pytest.raises(KeyboardInterrupt), tracking.start_stage_run("finetune", settings):
        raise KeyboardInterrupt
    interrupted = newest("finetune")
    assert interrupted.info.status == newest("pipeline").info.status == "KILLED"
    store.update_run(interrupted.info.run_id, status="RUNNING")
    write_params(epochs=2)
    with tracking.start_stage_run("finetune", settings):
        pass
    assert newest("finetune").info.run_id != interrupted.info.run_id
    assert store.get_run(interrupted.info.run_id).info.status == "KILLED"


def test_datasets_are_logged_with_their_context_and_the_digest_of_dvc(store, newest, settings, project):
    (project / "dvc.lock").write_text("stages: {prepare: {outs: [{path: data/prepared, md5: abc.dir}]}}\n")
    splits = {"training": Path("data/prepared/train"), "validation": Path("data/prepared/val")}
    with tracking.start_stage_run("finetune", settings, datasets=splits) as run:
        run.log_metrics({"train_loss": 3.0, "val_loss": 4.0, "seconds": 5.0}, step=1)
    inputs = newest("finetune").inputs.dataset_inputs
    contexts = {entry.tags[0].value: (entry.dataset.name, entry.dataset.digest) for entry in inputs}
    assert contexts == {
        "training": ("data/prepared/train", "abc.dir"),
        "validation": ("data/prepared/val", "abc.dir"),
    }


def test_epochs_of_the_history_that_were_not_logged_are_added(store, newest, settings, project):
    history = project / "history.csv"
    history.write_text("epoch,train_loss,val_loss\n0,,9.0\n1,5.0,8.0\n")
    with tracking.start_stage_run("train_head", settings) as run:
        run.log_metrics({"train_loss": 5.0, "val_loss": 8.0}, step=1)
        run.log_history(history)
    points = store.get_metric_history(newest("train_head").info.run_id, "val_loss")
    assert sorted((point.step, point.value) for point in points) == [(0, 9.0), (1, 8.0)]


def test_a_parquet_file_is_logged_as_a_table_that_mlflow_shows(store, newest, settings, project):
    columns = {"true_label": ["red"], "count": [3], "jpeg": [b"\xff\xd8"], "more_jpegs": [[b"\xff\xd8"]]}
    pq.write_table(pa.table(columns), project / "confusions.parquet")
    with tracking.start_stage_run("evaluate", settings) as run:
        run.log_table(project / "confusions.parquet")
    logged = newest("evaluate")
    assert json.loads(logged.data.tags["mlflow.loggedArtifacts"]) == [{"path": "confusions.json", "type": "table"}]
    table = json.loads(Path(store.download_artifacts(logged.info.run_id, "confusions.json")).read_text())
    assert table == {"columns": ["true_label", "count"], "data": [["red", 3]]}


def test_system_metrics_are_logged_on_request(store, newest, settings, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.1")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "1")
    with tracking.start_stage_run("features", settings):
        time.sleep(0.5)
    assert "system/cpu_utilization_percentage" in newest("features").data.metrics


def test_a_clean_clone_is_not_dirty_because_dvc_wrote_the_lock(store, newest, settings, tmp_path, git, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{Path.cwd()}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text("/var/\n")
    for name in (".gitignore", "stage.py"):
        (tmp_path / name).touch()
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    dirty = []
    for name in ("dvc.lock", "new.py"):
        (tmp_path / name).write_text("stages: {}\n")
        with tracking.start_stage_run("clean", settings):
            pass
        dirty.append(newest("clean").data.tags["git_dirty"])
    assert dirty == ["False", "True"]
    assert newest("clean").data.tags["git_commit"] == git("rev-parse", "HEAD")


def test_a_store_that_is_down_causes_one_warning(store, nobody, settings, capsys, tmp_path):
    done = []
    (tmp_path / "report.json").write_text("{}")
    with tracking.start_stage_run("clean", settings) as run:
        run.log_metrics({"products": 7})
        run.log_artifact(tmp_path / "report.json")
        run.log_model(tmp_path, b"")
        done.append("the work")
    assert done == ["the work"]
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: MLflow at {nobody} cannot be used, this run is not logged: ")


def test_a_store_that_is_down_does_not_hide_the_error_of_the_stage(store, nobody, settings):
    with pytest.raises(ValueError, match="the stage's own"), tracking.start_stage_run("clean", settings):
        raise ValueError("the stage's own")


def test_a_file_that_cannot_be_logged_is_a_warning_and_the_run_goes_on(store, newest, settings, capsys, tmp_path):
    with tracking.start_stage_run("crawl", settings) as run:
        run.log_artifact(tmp_path / "missing.json")
    assert capsys.readouterr().err.count("warning: ") == 1
    assert newest("crawl").info.status == "FINISHED"
    with tracking.start_stage_run("crawl", settings):
        pass
    assert "warning" not in capsys.readouterr().err


def test_a_store_that_is_down_has_no_comparison_url(store, nobody):
    assert tracking.get_comparison_url("http://127.0.0.1:5000") == ""
