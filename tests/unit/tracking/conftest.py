import subprocess
from dataclasses import dataclass, field

import pytest
import yaml


@dataclass(frozen=True)
class _Inner:
    products: int = 600


@dataclass(frozen=True)
class _Settings:
    seed: int = 1
    fields: tuple[str, ...] = ("title", "colour")
    demo: _Inner = field(default_factory=_Inner)


@pytest.fixture
def settings():
    return _Settings()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a store of runs of its own; making one takes MLflow a second, so the tests of a module share it.

    Modules do not share one: a stage continues the interrupted run of the same pipeline, which another module may have
    left there.
    """
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def store(project, monkeypatch):
    """A client of the project's store; the stage runs in the project's folder, in a pipeline without files."""
    from mlflow import MlflowClient

    monkeypatch.chdir(project)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "DVC_EXP_NAME", "DVC_EXP_BASELINE_REV", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("params.yaml", "dvc.yaml", "dvc.lock"):
        (project / name).unlink(missing_ok=True)
    return MlflowClient(f"sqlite:///{project}/mlflow.db")


@pytest.fixture
def find(store):
    """The newest runs with these tags."""

    def search(**tags):
        experiment = store.get_experiment_by_name("weft")
        condition = " AND ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        return store.search_runs([experiment.experiment_id], condition, order_by=["attributes.start_time DESC"])

    return search


@pytest.fixture
def newest(find):
    """The last run of a stage, or with "pipeline" that of a pipeline."""
    return lambda stage: find(stage=stage)[0]


@pytest.fixture
def write_params(project):
    """Writes params.yaml of the project."""
    return lambda **values: (project / "params.yaml").write_text(yaml.safe_dump(values))


@pytest.fixture
def git(tmp_path):
    """Runs git in the folder of the test."""

    def run(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    return run
