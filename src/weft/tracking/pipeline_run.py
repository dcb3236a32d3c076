"""The MLflow run of a whole pipeline: parent of the runs of its stages, and holder of its results."""

import csv
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from weft.checkout import LockedStage
from weft.contracts import files
from weft.tracking.pipeline import Pipeline, replace_invalid_chars
from weft.tracking.store import RunStore, import_mlflow

PARENT_TAG = "mlflow.parentRunId"
"""MLflow's tag of a nested run: the id of the run above it."""
STAGE_TAG = "stage"
PIPELINE = "pipeline"
"""The value of STAGE_TAG of a pipeline run."""
KEY_TAG = "pipeline.key"
PARAMS_TAG = "pipeline.params"
OUTPUT_TAG = "output."
"""Beginning of a tag of a stage run: the md5 of an output by its path in dvc.yaml."""
CACHED_TAG = "cached."
"""Beginning of a tag of a pipeline run: by a stage that DVC took from its cache, the id of the run that computed it."""
NOT_IN_STORE = "computed by a run that is not in this store"

_MAX_BATCH = 100
_RUNS_PER_REQUEST = 1_000
_CURVES = ("train_", "val_")
"""The beginnings of the columns of history.csv that are curves of a pipeline."""


def open_pipeline_run(store: RunStore, pipeline: Pipeline) -> str:
    """Return the id of the run of this pipeline, which is created if there is none; it is then running."""
    key, params = (value.replace("'", "") for value in (pipeline.key, pipeline.params_digest))
    tags = {STAGE_TAG: PIPELINE, KEY_TAG: key, PARAMS_TAG: params}
    found = find_runs(store, tags, max_results=1)
    if found:
        run_id: str = found[0].info.run_id
        store.client.update_run(run_id, status="RUNNING")
        return run_id
    run_id = store.client.create_run(store.experiment_id, run_name=pipeline.name, tags=tags).info.run_id
    log_new_params(store, run_id, pipeline.params)
    return run_id


def find_runs(store: RunStore, tags: Mapping[str, str], max_results: int | None = None) -> list[Any]:
    """Return the runs of the experiment with all these tags, the newest first; all of them, or `max_results`."""
    # MLflow has no escape for a quote in a value; none of these values should contain one.
    condition = " AND ".join(f"tags.`{name}` = '{value.replace(chr(39), '')}'" for name, value in tags.items())
    runs: list[Any] = []
    token = None
    while max_results is None or len(runs) < max_results:
        page = store.client.search_runs(
            [store.experiment_id],
            condition,
            max_results=max_results or _RUNS_PER_REQUEST,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        runs += page
        token = page.token
        if not token:
            break
    return runs


def log_new_params(store: RunStore, run_id: str, params: Mapping[str, Any]) -> None:
    """Log the parameters that the run does not have; MLflow refuses to change the value of a parameter."""
    known = store.client.get_run(run_id).data.params
    named = {replace_invalid_chars(key): str(value) for key, value in params.items()}
    new = [import_mlflow().entities.Param(name, value) for name, value in named.items() if name not in known]
    for start in range(0, len(new), _MAX_BATCH):
        store.client.log_batch(run_id, params=new[start : start + _MAX_BATCH])


def link_upstream_stages(store: RunStore, pipeline_run_id: str, upstream: Mapping[str, LockedStage]) -> None:
    """Record which runs computed the data that a stage reads.

    The outputs of a stage have an md5 only after its run. So a later stage tags the runs of earlier stages with the md5
    of their outputs. A stage without a run in this pipeline was taken from DVC's cache: the tag `cached.<stage>` of the
    pipeline run is the id of the earlier run with the same outputs.
    """
    if not upstream:
        return
    children = {run.data.tags.get(STAGE_TAG): run for run in reversed(find_runs(store, {PARENT_TAG: pipeline_run_id}))}
    known = store.client.get_run(pipeline_run_id).data.tags
    for name, stage in upstream.items():
        outputs = {OUTPUT_TAG + replace_invalid_chars(path): md5 for path, md5 in stage.outs.items()}
        if name in children:
            for tag, md5 in outputs.items():
                if children[name].data.tags.get(tag) != md5:
                    store.client.set_tag(children[name].info.run_id, tag, md5)
        else:
            earlier = find_runs(store, {STAGE_TAG: name, **outputs}, max_results=1)
            run_id = earlier[0].info.run_id if earlier else NOT_IN_STORE
            if known.get(format_cached_tag(name)) != run_id:
                store.client.set_tag(pipeline_run_id, format_cached_tag(name), run_id)


def format_cached_tag(stage: str) -> str:
    """Return the tag of a cached stage: "cached.features/catalogue" for features@catalogue, as MLflow allows no @."""
    return CACHED_TAG + replace_invalid_chars(stage.replace("@", "/", 1))


def find_stage_run(store: RunStore, pipeline_run_id: str, stage: str) -> Any | None:
    """Return the run that computed the results of a stage of this pipeline, also if DVC took them from its cache."""
    children = find_runs(store, {PARENT_TAG: pipeline_run_id, STAGE_TAG: stage}, max_results=1)
    if children:
        return children[0]
    cached = store.client.get_run(pipeline_run_id).data.tags.get(format_cached_tag(stage))
    return store.client.get_run(cached) if cached and cached != NOT_IN_STORE else None


def log_pipeline_results(
    store: RunStore,
    pipeline_run_id: str,
    metrics: Mapping[str, float],
    page: Path,
    histories: Mapping[str, Path],
    picture_folders: Iterable[Path],
) -> None:
    """Log the results of a pipeline to its run, so that two pipelines can be compared there.

    Args:
        store: The store.
        pipeline_run_id: The run of the pipeline.
        metrics: The headline metrics.
        page: The report.
        histories: history.csv by the stage that wrote it; its losses and val metrics become curves: finetune/val_loss.
        picture_folders: Folders of contact sheets, which are logged as contact_sheet_<name of the folder>.jpg.
    """
    entity = import_mlflow().entities.Metric
    now = import_mlflow().utils.time.get_current_time_millis()
    known = store.client.get_run(pipeline_run_id).data.metrics
    points = [entity(name, float(value), now, 0) for name, value in metrics.items()]
    for stage, history in histories.items():
        for name, value, epoch in iter_history(history):
            if not name.startswith(_CURVES):
                continue
            # When a later stage runs again, the curves are there already.
            if f"{stage}/{name}" not in known:
                points.append(entity(f"{stage}/{name}", value, now, epoch))
    for start in range(0, len(points), _MAX_BATCH):
        store.client.log_batch(pipeline_run_id, metrics=points[start : start + _MAX_BATCH])
    store.client.log_artifact(pipeline_run_id, str(page))
    for folder in picture_folders:
        for picture in sorted(folder.rglob(files.CONTACT_SHEET)):
            _log_picture(store, pipeline_run_id, picture)


def _log_picture(store: RunStore, run_id: str, picture: Path) -> None:
    """Log a picture twice: as a file for MLflow's page of comparison, which lists no folders, and for its charts."""
    name = f"{picture.stem}_{picture.parent.name}"
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copyfile(picture, Path(folder) / f"{name}{picture.suffix}")
        store.client.log_artifact(run_id, str(copy))
    with Image.open(picture) as image:
        store.client.log_image(run_id, image, key=replace_invalid_chars(name), step=0)


def iter_history(history: Path) -> Iterator[tuple[str, float, int]]:
    """Yield (metric, value, epoch) of history.csv, from epoch 0; values that are not finite are left out."""
    with history.open(encoding="utf-8", newline="") as stream:
        for record in csv.DictReader(stream):
            for name, text in record.items():
                value = float(text or "nan")
                if name != "epoch" and math.isfinite(value):
                    yield name, value, int(record["epoch"])
