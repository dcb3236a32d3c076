"""The store of runs: its address, its experiment, and the locations of its artifacts.

The default store is `mlflow.db` with the folder `mlruns` in the root of the project. MLflow writes absolute paths into
it, so `open_store` corrects them after the project was moved or copied.
"""

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASE = "mlflow.db"
ARTIFACTS = "mlruns"
EXPERIMENT = "weft"
"""The experiment of all runs, unless MLFLOW_EXPERIMENT_NAME names another one."""

_LOCATION_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""The columns of MLflow's database that contain absolute paths."""
_QUIET_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class RunStore:
    """An open store and the experiment that contains the runs of Weft."""

    client: Any
    """An mlflow.MlflowClient."""
    experiment_id: str


def find_project_root() -> Path:
    """Return the root of the project whose pipeline runs here; for an experiment of DVC, not its temporary copy.

    `dvc exp run --temp` and `--queue` run in `.dvc/tmp/exps/`, which DVC deletes at the end. DVC gives the root of the
    project in DVC_ROOT; without it, the path says it.
    """
    here = Path.cwd()
    dvc_root = os.environ.get("DVC_ROOT")
    if dvc_root and here.is_relative_to(Path(dvc_root).resolve()):
        return Path(dvc_root).resolve()
    for folder in here.parents:
        if folder.parts[-3:] == (".dvc", "tmp", "exps"):
            return folder.parents[2]
    return here


def get_tracking_uri() -> str:
    """Return the URI of the store of runs: MLFLOW_TRACKING_URI, else mlflow.db in the root of the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{find_project_root() / DATABASE}"


def store_exists() -> bool:
    """Return whether there is a store; to open the default one would create it."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (find_project_root() / DATABASE).is_file()


def import_mlflow() -> Any:
    """Import mlflow with its settings in the environment, which it reads when it is imported."""
    import logging

    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.WARNING)
    return mlflow


def open_store() -> RunStore:
    """Open the store and its experiment, which is created if there is none."""
    mlflow = import_mlflow()
    root, is_default = find_project_root(), not os.environ.get("MLFLOW_TRACKING_URI")
    if is_default:
        relocate_artifacts(root)
    mlflow.set_tracking_uri(get_tracking_uri())
    client = mlflow.MlflowClient()
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return RunStore(client, experiment.experiment_id)
    # MLflow's own default is relative to the current folder, which DVC may delete at the end of an experiment.
    location = str(root / ARTIFACTS / re.sub(r"[^\w.-]", "_", name)) if is_default else None
    try:
        return RunStore(client, client.create_experiment(name, artifact_location=location))
    except mlflow.exceptions.MlflowException:
        # Another process may have created it in the meantime.
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            raise
        return RunStore(client, experiment.experiment_id)


def relocate_artifacts(root: Path) -> int:
    """Correct the paths in the default store after the project was moved or copied.

    Args:
        root: The root of the project.

    Returns:
        The number of corrected paths; 0 if there is no store, or if it was not moved.
    """
    database, artifacts = root / DATABASE, str(root / ARTIFACTS)
    if not database.is_file():
        return 0
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "experiments" not in tables:
            return 0
        locations = connection.execute("SELECT artifact_location FROM experiments").fetchall()
        found = (re.fullmatch(rf"((?:file://)?/.*/{ARTIFACTS})/[^/]+", location or "") for (location,) in locations)
        old_folders = {match[1] for match in found if match} - {artifacts, f"file://{artifacts}"}
        return sum(
            _replace_prefix(connection, table, column, old, artifacts)
            for old in old_folders
            for table, column in _LOCATION_COLUMNS
            if table in tables
        )


def _replace_prefix(connection: sqlite3.Connection, table: str, column: str, old: str, new: str) -> int:
    update = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"
    return connection.execute(update, (new, len(old) + 1, len(old) + 1, f"{old}/")).rowcount
