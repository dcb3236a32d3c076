"""What a stage logs while it runs: metrics, files, tables, a model, and the results of the whole pipeline."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from weft.checkout import Lock
from weft.contracts.tables import FROZEN, HEAD_ONLY
from weft.errors import get_first_line
from weft.progress import log_line
from weft.tracking.pipeline_run import iter_history, log_pipeline_results
from weft.tracking.registry import CALIBRATION, CALIBRATION_RUN_TAG, tag_versions_of_model
from weft.tracking.store import RunStore, get_tracking_uri, import_mlflow

_CONTEXT_OF_PREFIX = {"train_": "training", "val_": "validation"}
"""The dataset on which a metric was measured, by the beginning of the metric's name."""


class TrackedRun:
    """A tracked run of a stage. After the first error of MLflow it logs one warning and does nothing more."""

    def __init__(self) -> None:
        self.store: RunStore | None = None
        self.pipeline_run_id = ""
        self.run_id = ""
        self.lock = Lock({})
        self.input_tags: dict[str, str] = {}
        """The md5 of the inputs, by tag."""
        self.model_id: str | None = None
        self.datasets: dict[str, Any] = {}
        """The datasets of the run by their context."""
        self._is_available = True

    def disable(self) -> None:
        """Log nothing from now on, for the processes that are not the main process."""
        self._is_available = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics of the run, of the model that the stage measured, and of the dataset it was measured on.

        Args:
            metrics: The metrics by name. Rows of tables that do not depend on the model are left out: they are equal
                in all runs, and the logged files contain them.
            step: The epoch or the step, for a curve.
        """
        by_context: dict[str, dict[str, float]] = {}
        for name, value in metrics.items():
            if not _is_baseline(name, metrics):
                by_context.setdefault(self._find_context(name), {})[name] = float(value)
        for context, values in by_context.items():
            self.attempt(
                lambda values=values, context=context: import_mlflow().log_metrics(  # type: ignore[misc]
                    values, step=step, model_id=self.model_id, dataset=self.datasets.get(context)
                )
            )

    def _find_context(self, metric: str) -> str:
        if len(self.datasets) == 1:
            return next(iter(self.datasets))
        return next((context for prefix, context in _CONTEXT_OF_PREFIX.items() if metric.startswith(prefix)), "")

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the run and of its pipeline."""

        def log() -> None:
            import_mlflow().set_tags(dict(tags))
            if self.store is not None:
                for name, value in tags.items():
                    self.store.client.set_tag(self.pipeline_run_id, name, value)

        self.attempt(log)

    def log_artifact(self, path: Path) -> None:
        """Log a file under its own name."""
        self.attempt(lambda: import_mlflow().log_artifact(str(path)))

    def log_artifacts(self, folder: Path, names: Sequence[str]) -> None:
        """Log files of a folder under their own names."""
        for name in names:
            self.log_artifact(folder / name)

    def log_table(self, path: Path) -> None:
        """Log a Parquet file as a table that MLflow shows: `confusions.json` for `confusions.parquet`.

        Columns of bytes, such as pictures, are left out: MLflow writes JSON.
        """
        import pyarrow.parquet as pq

        columns = [field.name for field in pq.read_schema(path) if "binary" not in str(field.type)]

        def log() -> None:
            with warnings.catch_warnings():
                # mlflow 3.17 calls pandas 3 in a way that pandas deprecates.
                warnings.simplefilter("ignore")
                import_mlflow().log_table(pq.read_table(path, columns=columns).to_pandas(), f"{path.stem}.json")

        self.attempt(log)

    def log_history(self, history: Path) -> None:
        """Log history.csv as a file, and as metrics the epochs that the run lacks, those of a run that was lost."""
        self.log_artifact(history)

        def log() -> None:
            mlflow = import_mlflow()
            known = {point.step for point in mlflow.MlflowClient().get_metric_history(self.run_id, "val_loss")}
            for name, value, epoch in iter_history(history):
                if epoch not in known:
                    self.log_metrics({name: value}, step=epoch)

        self.attempt(log)

    def log_model(self, bundle: Path, example_photo: bytes) -> None:
        """Log a model bundle as a pyfunc model and register it as the candidate.

        Args:
            bundle: The model's folder (`weft.model.bundle`).
            example_photo: An encoded photo, the input example of the model.
        """

        def log() -> None:
            from weft.tracking.log_model import log_bundle

            self.model_id = log_bundle(bundle, example_photo, self.input_tags)

        self.attempt(log)

    def log_calibration(self, folder: Path) -> None:
        """Log the thresholds of the model that the stage read, so that they are found with the registered model."""

        def log() -> None:
            import_mlflow().log_artifact(str(folder), CALIBRATION if folder.name != CALIBRATION else None)
            if self.model_id and self.store is not None:
                self.store.client.set_logged_model_tags(self.model_id, {CALIBRATION_RUN_TAG: self.run_id})

        self.attempt(log)

    def log_pipeline_results(
        self, metrics: Mapping[str, float], page: Path, histories: Mapping[str, Path], picture_folders: Sequence[Path]
    ) -> None:
        """Copy the headline metrics, the report, the curves and the contact sheets to the run of the pipeline.

        Args:
            metrics: The headline metrics.
            page: The report.
            histories: history.csv by the stage that wrote it.
            picture_folders: Folders that contain contact sheets.
        """

        def log() -> None:
            if self.store is None:
                return
            log_pipeline_results(self.store, self.pipeline_run_id, metrics, page, histories, picture_folders)
            if self.model_id:
                tag_versions_of_model(self.store.client, self.model_id, metrics)

        self.attempt(log)

    def attempt(self, action: Callable[[], object]) -> None:
        """Run `action`, which uses MLflow; after an error, log a warning and disable the run."""
        if not self._is_available:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001  the stage goes on whatever MLflow raises
            self._is_available = False
            reason = get_first_line(error)
            log_line(f"warning: MLflow at {get_tracking_uri()} cannot be used, this run is not logged: {reason}")

    def end(self, status: str) -> None:
        """End the run and its pipeline, even after an error of MLflow: an open run looks as if the stage still ran."""

        def finish() -> None:
            import_mlflow().end_run(status)
            if self.store is not None and self.pipeline_run_id:
                self.store.client.set_terminated(self.pipeline_run_id, status)

        if self._is_available:
            self.attempt(finish)
        else:
            with suppress(Exception):
                finish()


def _is_baseline(name: str, metrics: Mapping[str, float]) -> bool:
    """Return whether a metric is that of the frozen backbone, which the row of the head may repeat."""
    if any(part.startswith(FROZEN) for part in name.split("/")):
        return True
    return HEAD_ONLY in name and metrics.get(name.replace(HEAD_ONLY, FROZEN)) == metrics[name]
