import subprocess

import pytest

from weft.report.versions import ChangedParameter, Versions, read_versions

LOCK = "stages:\n  prepare:\n    outs: [{path: data/prepared, md5: abc.dir}]\n"


def run_git(folder, *arguments):
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "params.yaml").write_text("finetune: {epochs: 4, optimizer: {name: adamw}}\nseed: 1\n")
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path


def test_parameters_that_differ_from_the_commit_are_listed(repository):
    text = "finetune: {epochs: 1, optimizer: {name: sgd, momentum: 0.9}}\n"
    (repository / "params.yaml").write_text(text)
    (repository / "dvc.lock").write_text(LOCK)
    versions = read_versions(repository)
    assert versions.parameters == (
        ChangedParameter("finetune.epochs", "1", "4"),
        ChangedParameter("finetune.optimizer.momentum", "0.9", "not set"),
        ChangedParameter("finetune.optimizer.name", "sgd", "adamw"),
        ChangedParameter("seed", "not set", "1"),
    )
    assert versions.data == "abc.dir"
    assert len(versions.commit) == 40


def test_what_a_run_writes_is_no_uncommitted_change(repository):
    (repository / "dvc.lock").write_text(LOCK)
    assert not read_versions(repository).has_uncommitted_changes
    (repository / "code.py").write_text("")
    assert read_versions(repository).has_uncommitted_changes


@pytest.mark.parametrize(
    "lock", ["", "- a", "stages: [1]", "stages: {prepare: 3}", "stages: {prepare: {outs: [1]}}", "{"]
)
def test_a_folder_without_git_and_with_a_strange_lock_has_no_versions(tmp_path, monkeypatch, lock):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "dvc.lock").write_text(lock)
    assert read_versions(tmp_path) == Versions()
