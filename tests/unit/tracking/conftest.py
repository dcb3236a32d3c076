from dataclasses import dataclass, field

import pytest


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


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A folder with a store of runs of its own; making one takes MLflow a second, so the tests share it."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def store(project, monkeypatch):
    """A client of the project's store; the stage runs in the project's folder."""
    from mlflow import MlflowClient

    monkeypatch.chdir(project)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return MlflowClient("sqlite:///mlflow.db")


@pytest.fixture
def newest(store):
    """The last run of a stage."""

    def find(stage):
        experiment = store.get_experiment_by_name(f"weft-{stage}")
        (run,) = store.search_runs([experiment.experiment_id], max_results=1)
        return run

    return find
