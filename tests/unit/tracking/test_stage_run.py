import socket
from pathlib import Path

import pytest

from weft import tracking


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
    assert logged.info.run_name == "clean"
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
    assert newest("embed").info.run_name == newest("embed").data.tags["stage"] == "embed@catalogue"


def test_a_metric_may_be_nan(store, newest, settings, capsys):
    with tracking.start_stage_run("train_head", settings) as run:
        run.log_metrics({"train_loss": float("nan"), "val_loss": 9.0}, step=0)
    assert newest("train_head").data.metrics["val_loss"] == 9.0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_stage_that_raises_ends_failed(store, newest, settings, error):
    with pytest.raises(error), tracking.start_stage_run("prepare", settings):
        raise error
    assert newest("prepare").info.status == "FAILED"
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


def test_the_comparison_url_names_the_experiment(store, newest, settings):
    with tracking.start_stage_run("evaluate", settings):
        pass
    number = newest("evaluate").info.experiment_id
    link = tracking.get_comparison_url("evaluate", "http://127.0.0.1:5000")
    assert link.startswith(f"http://127.0.0.1:5000/#/experiments/{number}/runs")


def test_a_stage_that_never_ran_has_no_comparison_url(store):
    assert tracking.get_comparison_url("report", "http://127.0.0.1:5000") == ""


def test_a_store_that_is_down_has_no_comparison_url(store, nobody):
    assert tracking.get_comparison_url("evaluate", "http://127.0.0.1:5000") == ""


def test_the_environment_sets_the_store(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert tracking.get_tracking_uri() == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    assert tracking.get_tracking_uri() == "http://elsewhere"
