"""Find runs and their files: for links to the UI, for `weft compare` and for `weft promote`."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weft.errors import InputError, get_first_line
from weft.tracking.pipeline_run import CACHED_TAG, PARENT_TAG, PIPELINE, STAGE_TAG, find_runs, find_stage_run
from weft.tracking.store import RunStore, get_tracking_uri, import_mlflow, open_store, store_exists

NUM_COMPARED = 2
"""Pipelines that the comparison link selects: the newest ones."""


def get_runs_url(ui_url: str) -> str:
    """Return the URL of the list of all pipelines; empty if there is none, or if the store cannot be opened.

    Args:
        ui_url: The address of `make ui`, "http://127.0.0.1:5000".
    """
    return _format_runs_url(ui_url, _find_newest_pipelines())


def get_comparison_url(ui_url: str) -> str:
    """Return the URL of the page that compares the newest two pipelines, or of the list if there is only one.

    Args:
        ui_url: The address of `make ui`, "http://127.0.0.1:5000".

    Returns:
        The URL; empty if no pipeline ran, or if the store cannot be opened.
    """
    found = _find_newest_pipelines()
    if len(found) < NUM_COMPARED:
        return _format_runs_url(ui_url, found)
    runs = quote(json.dumps([run.info.run_id for run in found], separators=(",", ":")))
    experiments = quote(json.dumps([found[0].info.experiment_id]))
    return f"{ui_url}/#/compare-runs?runs={runs}&experiments={experiments}"


def _format_runs_url(ui_url: str, found: list[Any]) -> str:
    return f"{ui_url}/#/experiments/{found[0].info.experiment_id}/runs?workflowType=machine_learning" if found else ""


def _find_newest_pipelines() -> list[Any]:
    if not store_exists():
        return []
    try:
        return find_runs(open_store(), {STAGE_TAG: PIPELINE}, max_results=NUM_COMPARED)
    except Exception:  # noqa: BLE001  a store that cannot be opened raises whatever its database does
        return []


def download_artifact(run_id: str, name: str, folder: Path) -> Path:
    """Download a file that a run logged and return its path.

    Args:
        run_id: The id of an MLflow run.
        name: The name of the file.
        folder: The folder to write it to.

    Raises:
        InputError: The store cannot be opened or has no such run, or the run logged no such file.
    """
    if not store_exists():
        raise InputError(f"{run_id}: expected a folder or an MLflow run, got neither: there is no {get_tracking_uri()}")
    try:
        found = import_mlflow().artifacts.download_artifacts(
            run_id=run_id, artifact_path=name, dst_path=str(folder), tracking_uri=get_tracking_uri()
        )
    except ModuleNotFoundError:  # no store, but an installation without MLflow
        raise
    except Exception as error:  # a store raises whatever its database or its files do
        raise InputError(
            f"{run_id}: expected a folder or an MLflow run at {get_tracking_uri()} with {name}, got neither: "
            f"{get_first_line(error)}"
        ) from error
    return Path(found)


def resolve_evaluation(run_id: str) -> str:
    """Return the run of evaluate of a pipeline, of its first benchmark; the id itself for any other run.

    Args:
        run_id: The id of an MLflow run; it may be unknown.
    """
    if not store_exists():
        return run_id
    try:
        store = open_store()
        if store.client.get_run(run_id).data.tags.get(STAGE_TAG) == PIPELINE:
            return next(iter(find_evaluations(store, run_id).values()), run_id)
    except Exception:  # noqa: BLE001  the download of the run's files says what is wrong
        return run_id
    return run_id


def find_pipeline_of_run(store: RunStore, run_id: str) -> str:
    """Return the id of the pipeline run to which a run belongs, or which it is.

    Raises:
        InputError: There is no such run, or it is not a run of Weft.
    """
    try:
        tags = store.client.get_run(run_id).data.tags
    except import_mlflow().exceptions.MlflowException as error:
        raise InputError(
            f"{run_id}: expected the id of an MLflow run at {get_tracking_uri()}: {get_first_line(error)}"
        ) from error
    pipeline_run_id = run_id if tags.get(STAGE_TAG) == PIPELINE else tags.get(PARENT_TAG)
    if not pipeline_run_id:
        raise InputError(f"{run_id}: expected a run of a pipeline or of one of its stages, got another run")
    return str(pipeline_run_id)


def find_evaluations(store: RunStore, pipeline_run_id: str) -> dict[str, str]:
    """Return the run id of evaluate by benchmark, also where DVC took the results from its cache."""
    stages = {run.data.tags.get(STAGE_TAG, "") for run in find_runs(store, {PARENT_TAG: pipeline_run_id})}
    tags = store.client.get_run(pipeline_run_id).data.tags
    stages |= {tag.removeprefix(CACHED_TAG).replace("/", "@", 1) for tag in tags if tag.startswith(CACHED_TAG)}
    names = sorted(stage.removeprefix("evaluate@") for stage in stages if stage.startswith("evaluate@"))
    runs = {name: find_stage_run(store, pipeline_run_id, f"evaluate@{name}") for name in names}
    return {name: run.info.run_id for name, run in runs.items() if run is not None}
