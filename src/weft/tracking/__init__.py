"""Track each executed stage as one MLflow run. Only this package imports mlflow.

An error of MLflow never stops a stage: it is logged as one warning. Each stage has its own experiment, so that all
runs of an experiment have the same columns. The store is `MLFLOW_TRACKING_URI`, by default mlflow.db of the project.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from weft.errors import InputError
from weft.progress import is_main, log_line

DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"
MODEL_NAME = "weft-embedder"
"""The registered model; `models:/weft-embedder/latest` is the model of the last run of finetune."""

_INVALID_NAME_CHARS = re.compile(r"[^\w\-. :/]")
"""Characters that MLflow does not allow in the name of a parameter."""
_QUIET_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "GIT_PYTHON_REFRESH": "quiet",
}


def get_tracking_uri() -> str:
    """Return the URI of the store of runs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI


class TrackedRun:
    """A tracked run. After the first error of MLflow it logs one warning and does nothing more."""

    def __init__(self) -> None:
        self._is_available = True

    def disable(self) -> None:
        """Log nothing from now on, for the processes that are not the main process."""
        self._is_available = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics, as those of an epoch if `step` is given."""
        import mlflow

        self.attempt(lambda: mlflow.log_metrics({name: float(value) for name, value in metrics.items()}, step=step))

    def log_artifact(self, path: Path) -> None:
        """Log a file under its own name."""
        import mlflow

        self.attempt(lambda: mlflow.log_artifact(str(path)))

    def log_model(self, bundle: Path, example_photo: bytes) -> None:
        """Log a model bundle as a pyfunc model, as the latest version of `MODEL_NAME`.

        Args:
            bundle: The model's folder (`weft.model.bundle`).
            example_photo: An encoded photo, the input example of the model.
        """
        from weft.tracking.log_model import log_bundle

        self.attempt(lambda: log_bundle(bundle, example_photo, MODEL_NAME))

    def attempt(self, action: Callable[[], object]) -> None:
        """Run `action`, which uses MLflow; after an error, log a warning and disable the run."""
        if not self._is_available:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001  the stage goes on whatever MLflow raises
            self._is_available = False
            reason = _get_first_line(error)
            log_line(f"warning: MLflow at {get_tracking_uri()} cannot be used, this run is not logged: {reason}")

    def end(self, status: str) -> None:
        """End the run, even after an error of MLflow: an open run would look as if the stage still ran."""
        import mlflow

        if self._is_available:
            self.attempt(lambda: mlflow.end_run(status))
        else:
            with suppress(Exception):
                mlflow.end_run(status)


@contextmanager
def start_stage_run(
    stage: str, settings: Any, inputs: Sequence[Path] = (), benchmark: str = ""
) -> Iterator[TrackedRun]:
    """Track one execution of a stage.

    Args:
        stage: The name of the stage in dvc.yaml, which names the experiment too.
        settings: The section of params.yaml that the stage read, or its sections by name.
        inputs: The data that the stage read; their md5 in dvc.lock become tags.
        benchmark: The benchmark, for stages that run once per benchmark.
    """
    run = TrackedRun()
    if not is_main():
        run.disable()
        yield run
        return
    mlflow = _import_mlflow()
    name = f"{stage}@{benchmark}" if benchmark else stage
    run.attempt(lambda: _start_run(mlflow, stage, name, settings, inputs))
    try:
        yield run
    except BaseException:
        run.end("FAILED")
        raise
    run.end("FINISHED")


def get_comparison_url(stage: str, ui_url: str) -> str:
    """Return the URL of the MLflow page that compares the runs of `stage`; the start page of the UI is empty.

    Args:
        stage: The name of a stage.
        ui_url: The address of `make ui`, "http://127.0.0.1:5000".

    Returns:
        The URL; empty if the stage never ran or the store cannot be opened.
    """
    mlflow = _import_mlflow()
    try:
        experiment = mlflow.MlflowClient(get_tracking_uri()).get_experiment_by_name(_format_experiment_name(stage))
    except Exception:  # noqa: BLE001  a store that cannot be opened raises whatever its database does
        return ""
    return f"{ui_url}/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning" if experiment else ""


def download_artifact(run_id: str, name: str, folder: Path) -> Path:
    """Download a file that a run logged and return its path.

    Args:
        run_id: The id of an MLflow run.
        name: The name of the file.
        folder: The folder to write it to.

    Raises:
        InputError: The store cannot be opened or has no such run, or the run logged no such file.
    """
    mlflow = _import_mlflow()
    try:
        found = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=name, dst_path=str(folder), tracking_uri=get_tracking_uri()
        )
    except Exception as error:  # a store raises whatever its database or its files do
        reason = _get_first_line(error)
        raise InputError(
            f"{run_id}: expected a folder or an MLflow run at {get_tracking_uri()} with {name}, got neither: {reason}"
        ) from error
    return Path(found)


def _import_mlflow() -> Any:
    """Import mlflow with its settings in the environment, which it reads when it is imported."""
    import logging

    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.WARNING)
    return mlflow


def _format_experiment_name(stage: str) -> str:
    return f"weft-{stage}"


def _start_run(mlflow: Any, stage: str, name: str, settings: Any, inputs: Sequence[Path]) -> None:
    mlflow.set_tracking_uri(get_tracking_uri())
    mlflow.set_experiment(_format_experiment_name(stage))
    mlflow.start_run(run_name=name)
    mlflow.log_params(_flatten(settings if isinstance(settings, Mapping) else asdict(settings)))
    mlflow.set_tags({"stage": name, **_git_tags(), **_input_tags(inputs)})


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if is_dataclass(value) and not isinstance(value, type):
            flat |= _flatten(asdict(value), f"{prefix}{key}.")
        elif isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[_INVALID_NAME_CHARS.sub("_", prefix + key)] = value
    return flat


def _git_tags() -> dict[str, str]:
    def git(*args: str) -> str:
        return subprocess.run(["git", *args], capture_output=True, text=True, check=False).stdout.strip()

    return {
        "git_commit": git("rev-parse", "--verify", "--quiet", "HEAD") or "none",
        "git_dirty": str(bool(git("status", "--porcelain"))),
    }


def _input_tags(inputs: Sequence[Path]) -> dict[str, str]:
    """Return the md5 of each input from dvc.lock, where it is an output of another stage."""
    try:
        lock = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))
    except OSError:
        return {}
    md5_by_path = {
        entry["path"]: entry.get("md5", "") for stage in lock["stages"].values() for entry in stage.get("outs", ())
    }
    tags = {}
    for path in inputs:
        output = next(
            (out for out in md5_by_path if path.as_posix() == out or path.as_posix().startswith(out + "/")), None
        )
        if output:
            tags[f"input.{output}"] = md5_by_path[output]
    return tags


def _get_first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
