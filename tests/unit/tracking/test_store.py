"""Where runs are stored, also in the temporary folders of DVC's experiments and after a move of the project."""

import shutil
from pathlib import Path

import pytest

from weft import tracking
from weft.tracking.store import find_project_root, relocate_artifacts

pytestmark = pytest.mark.slow


def test_the_environment_sets_the_store(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert tracking.get_tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    assert tracking.get_tracking_uri() == "http://elsewhere"


@pytest.mark.parametrize("root_in_environment", [True, False])
def test_an_experiment_in_a_temporary_folder_has_the_store_of_its_project(tmp_path, monkeypatch, root_in_environment):
    workspace = tmp_path / ".dvc" / "tmp" / "exps" / "tmpabc"
    workspace.mkdir(parents=True)
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    if root_in_environment:
        monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert find_project_root() == tmp_path


def test_a_root_of_another_project_in_the_environment_is_ignored(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "there"))
    assert find_project_root() == tmp_path / "here"


def test_a_run_in_a_temporary_folder_leaves_its_files_in_the_project(store, newest, settings, project, monkeypatch):
    workspace = project / ".dvc" / "tmp" / "exps" / "tmpabc"
    workspace.mkdir(parents=True)
    (workspace / "report.json").write_text("{}")
    monkeypatch.chdir(workspace)
    with tracking.start_stage_run("clean", settings) as run:
        run.log_artifact(workspace / "report.json")
    monkeypatch.chdir(project)
    shutil.rmtree(workspace)
    logged = newest("clean")
    assert [file.path for file in store.list_artifacts(logged.info.run_id)] == ["report.json"]
    assert Path(logged.info.artifact_uri).is_relative_to(project / "mlruns")


def test_a_copied_project_reads_and_writes_only_its_own_files(store, newest, settings, project, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    (project / "old.txt").write_text("old")
    with tracking.start_stage_run("clean", settings) as run:
        run.log_artifact(project / "old.txt")
    before = newest("clean")
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    files_before = sorted(project.rglob("*"))
    monkeypatch.chdir(copy)
    with tracking.start_stage_run("clean", settings) as run:
        run.log_artifact(copy / "old.txt")
    client = MlflowClient(f"sqlite:///{copy}/mlflow.db")
    assert Path(client.get_run(before.info.run_id).info.artifact_uri).is_relative_to(copy)
    assert [file.path for file in client.list_artifacts(before.info.run_id)] == ["old.txt"]
    assert Path(client.get_experiment_by_name("weft").artifact_location) == copy / "mlruns" / "weft"
    assert sorted(project.rglob("*")) == files_before
    assert relocate_artifacts(copy) == 0


def test_without_a_store_nothing_is_created(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking.get_comparison_url("http://127.0.0.1:5000") == ""
    assert relocate_artifacts(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
