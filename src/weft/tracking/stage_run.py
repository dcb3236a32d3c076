"""Track each executed stage as one MLflow run below the run of its pipeline.

An error of MLflow never stops a stage: it is logged as one warning. The id of a run is kept in `var/mlflow` until the
stage has finished, so that a stage that was killed continues its run when it is started again.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from weft import tables
from weft.checkout import (
    LOCK_FILE,
    PARAMS_FILE,
    Lock,
    flatten_params,
    has_uncommitted_changes,
    read_commit,
    read_lock,
)
from weft.contracts import files
from weft.progress import is_main
from weft.tracking.pipeline import identify_pipeline, replace_invalid_chars
from weft.tracking.pipeline_run import (
    PARENT_TAG,
    STAGE_TAG,
    link_upstream_stages,
    log_new_params,
    open_pipeline_run,
)
from weft.tracking.store import RunStore, import_mlflow, open_store
from weft.tracking.tracked_run import TrackedRun

STATE = Path("var/mlflow")
"""The folder of the ids of runs that have not finished."""


@contextmanager
def start_stage_run(
    stage: str,
    settings: Any,
    inputs: Sequence[Path] = (),
    benchmark: str = "",
    datasets: Mapping[str, Path] | None = None,
) -> Iterator[TrackedRun]:
    """Track one execution of a stage.

    Args:
        stage: The name of the stage in dvc.yaml.
        settings: The section of params.yaml that the stage read, or its sections by name.
        inputs: The data that the stage read; their md5 in dvc.lock become tags. If one is a model that MLflow has, the
            metrics of the run are linked to it.
        benchmark: The benchmark, for stages that run once per benchmark.
        datasets: Photos by their context: training, validation or test.
    """
    run = TrackedRun()
    if not is_main():
        run.disable()
        yield run
        return
    name = f"{stage}@{benchmark}" if benchmark else stage
    run.attempt(lambda: _start_run(run, name, settings, inputs, datasets or {}))
    try:
        yield run
    except BaseException as error:
        run.end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    run.end("FINISHED")
    _state_file(name).unlink(missing_ok=True)


def _start_run(run: TrackedRun, name: str, settings: Any, inputs: Sequence[Path], datasets: Mapping[str, Path]) -> None:
    mlflow = import_mlflow()
    run.store, run.lock = open_store(), read_lock(Path())
    pipeline = identify_pipeline(Path())
    run.pipeline_run_id = open_pipeline_run(run.store, pipeline)
    interrupted = _find_interrupted_run(run.store, name, run.pipeline_run_id)
    if interrupted:
        mlflow.start_run(run_id=interrupted)
        run.run_id = interrupted
    else:
        run.run_id = mlflow.start_run(
            experiment_id=run.store.experiment_id,
            run_name=f"{name}: {pipeline.name}",
            parent_run_id=run.pipeline_run_id,
            tags={STAGE_TAG: name},
        ).info.run_id
        tables.write_text(_state_file(name), json.dumps({"run_id": run.run_id}) + "\n")
    log_new_params(
        run.store, run.run_id, flatten_params(settings if isinstance(settings, Mapping) else asdict(settings))
    )
    run.input_tags = _input_tags(run.lock, inputs)
    mlflow.set_tags({**_git_tags(), **run.input_tags})
    link_upstream_stages(run.store, run.pipeline_run_id, run.lock.find_upstream(inputs))
    run.model_id = _find_model_id(run.store, inputs)
    run.datasets = {context: _make_dataset(run.lock, path) for context, path in datasets.items()}
    for context, dataset in run.datasets.items():
        mlflow.log_input(dataset, context=context)


def _state_file(name: str) -> Path:
    return STATE / f"{name}.json"


def _find_interrupted_run(store: RunStore, name: str, pipeline_run_id: str) -> str:
    """Return the id of the run of this stage that did not finish; "" if there is none in this pipeline.

    An unfinished run of another pipeline is never continued: it and its pipeline are ended as killed.
    """
    path = _state_file(name)
    try:
        run_id = str(json.loads(path.read_text(encoding="utf-8"))["run_id"])
        run = store.client.get_run(run_id)
    except (OSError, ValueError, KeyError, TypeError, import_mlflow().exceptions.MlflowException):
        # No file, a file of another version, or a run in another store.
        return ""
    parent = run.data.tags.get(PARENT_TAG)
    if parent == pipeline_run_id and run.info.lifecycle_stage == "active":
        return run_id
    for unfinished in (run, *([store.client.get_run(parent)] if parent else [])):
        if unfinished.info.status == "RUNNING":
            store.client.set_terminated(unfinished.info.run_id, "KILLED")
    return ""


def _git_tags() -> dict[str, str]:
    """Return the commit, and whether the checkout has other changes than those that DVC itself writes."""
    ignored = [LOCK_FILE, *([PARAMS_FILE] if os.environ.get("DVC_EXP_NAME") else [])]
    return {
        "git_commit": read_commit(Path()) or "none",
        "git_dirty": str(has_uncommitted_changes(Path(), ignored)),
    }


def _input_tags(lock: Lock, inputs: Sequence[Path]) -> dict[str, str]:
    """Return the md5 of each input that dvc.lock knows."""
    found = (lock.find_digest(path) for path in inputs)
    return {f"input.{replace_invalid_chars(path)}": md5 for path, md5 in filter(None, found)}


def _find_model_id(store: RunStore, inputs: Sequence[Path]) -> str | None:
    """Return the id of the logged model that one of the inputs contains, by its digest."""
    for folder in inputs:
        if (folder / files.MODEL).is_file() and (folder / files.DIGEST).is_file():
            digest = (folder / files.DIGEST).read_text(encoding="utf-8").strip()
            found = store.client.search_logged_models(
                [store.experiment_id], filter_string=f"tags.digest = '{digest}'", max_results=1
            )
            if found:
                return str(found[0].model_id)
    return None


def _make_dataset(lock: Lock, path: Path) -> Any:
    """Return the dataset in the folder `path`; its digest is that of DVC."""
    import_mlflow()
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]

    found = lock.find_digest(path)
    source = LocalArtifactDatasetSource(path.as_posix())
    digest = found[1] if found else "untracked"
    return MetaDataset(source, name=path.as_posix(), digest=digest)  # type: ignore[abstract]
