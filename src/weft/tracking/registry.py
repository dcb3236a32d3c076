"""The model registry: `candidate` is the model that finetune logged last, `champion` the one that was promoted."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.errors import InputError, get_first_line
from weft.tracking.store import get_tracking_uri, import_mlflow, open_store, store_exists

MODEL_NAME = "weft-embedder"
MODEL_URI_PREFIX = "models:/"
CANDIDATE = "candidate"
CHAMPION = "champion"
CALIBRATION = "calibration"
"""The folder of the thresholds, beside the model and in the artifacts of the run of calibrate."""
CALIBRATION_RUN_TAG = "calibration_run"
"""Tag of a logged model: the id of the run that logged its thresholds."""


def register_candidate(client: Any, version: str, description: str, tags: Mapping[str, str]) -> None:
    """Describe a new version of MODEL_NAME and give it the alias "candidate".

    Args:
        client: An mlflow.MlflowClient.
        version: The version.
        description: What the model is.
        tags: Digests of the model, its vocabulary and its data.
    """
    client.update_model_version(MODEL_NAME, version, description=description)
    _tag_version(client, version, tags)
    client.set_registered_model_alias(MODEL_NAME, CANDIDATE, version)


def tag_versions_of_model(client: Any, model_id: str, metrics: Mapping[str, float]) -> None:
    """Tag the versions of a logged model with its metrics."""
    for version in client.search_model_versions(f"name = '{MODEL_NAME}'"):
        if version.source == f"models:/{model_id}":
            _tag_version(client, version.version, {name: f"{value:.6g}" for name, value in metrics.items()})


def find_version_of_run(client: Any, run_id: str) -> Any | None:
    """Return the newest version that a run registered, None if there is none."""
    versions = client.search_model_versions(f"name = '{MODEL_NAME}' AND run_id = '{run_id}'")
    return max(versions, key=lambda version: int(version.version), default=None)


def find_version_by_alias(client: Any, alias: str) -> Any | None:
    """Return the version with an alias, None if there is none."""
    try:
        return client.get_model_version_by_alias(MODEL_NAME, alias)
    except import_mlflow().exceptions.MlflowException:
        return None


def set_champion(client: Any, version: str, tags: Mapping[str, str]) -> None:
    """Give a version the alias "champion" and tags that say how it was chosen."""
    _tag_version(client, version, tags)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)


@contextmanager
def fetch_model(uri: str) -> Iterator[Path]:
    """Yield the folder of a model in the registry: a copy that is deleted at the end.

    If the pipeline calibrated the model, its thresholds are in the folder `calibration` beside it.

    Args:
        uri: "models:/weft-embedder@champion", or with a version: "models:/weft-embedder/3".

    Raises:
        InputError: There is no such model, or it is not a model of Weft.
    """
    if not store_exists():
        raise InputError(f"{uri}: there is no store of models at {get_tracking_uri()}; set MLFLOW_TRACKING_URI")
    with tempfile.TemporaryDirectory(prefix="weft-model-") as temporary:
        try:
            folder = _download(uri, temporary)
        except ModuleNotFoundError:  # no store, but an installation without MLflow
            raise
        except Exception as error:  # a store raises whatever its database or its files do
            raise InputError(
                f"{uri}: expected a registered model at {get_tracking_uri()}, such as models:/{MODEL_NAME}@{CHAMPION}: "
                f"{get_first_line(error)}"
            ) from error
        digests = sorted(folder.glob(f"artifacts/*/{files.DIGEST}"))
        if not digests:
            raise InputError(f"{uri}: expected a model that Weft logged, got a model without {files.DIGEST}")
        yield digests[0].parent


@contextmanager
def open_model(name: str) -> Iterator[Path | None]:
    """Yield the folder of a model: a copy of a registered one ("models:/..."), else the folder itself; None for "".

    Raises:
        InputError: The registry has no such model.
    """
    if not name.startswith(MODEL_URI_PREFIX):
        yield Path(name) if name else None
        return
    with fetch_model(name) as folder:
        yield folder


def _download(uri: str, destination: str) -> Path:
    """Download a model and the thresholds of its calibration; return its folder."""
    mlflow, store = import_mlflow(), open_store()
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=destination))
    model_id = mlflow.models.Model.load(str(folder)).model_id
    run_id = store.client.get_logged_model(model_id).tags.get(CALIBRATION_RUN_TAG) if model_id else None
    if run_id:
        mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=CALIBRATION, dst_path=f"{folder}/artifacts")
    return folder


def _tag_version(client: Any, version: str, tags: Mapping[str, str]) -> None:
    for name, value in tags.items():
        client.set_model_version_tag(MODEL_NAME, version, name, value)
