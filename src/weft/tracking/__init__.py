"""Track pipelines, stages and models in MLflow. Only this package imports mlflow.

A pipeline is one run, with a nested run for each stage that was executed. All are in one experiment of the store
`MLFLOW_TRACKING_URI`, by default mlflow.db in the root of the project.
"""

from weft.tracking.promotion import Registry
from weft.tracking.registry import CANDIDATE, CHAMPION, MODEL_NAME, fetch_model, open_model
from weft.tracking.runs import download_artifact, get_comparison_url, resolve_evaluation
from weft.tracking.stage_run import start_stage_run
from weft.tracking.store import get_tracking_uri
from weft.tracking.tracked_run import TrackedRun

__all__ = [
    "CANDIDATE",
    "CHAMPION",
    "MODEL_NAME",
    "Registry",
    "TrackedRun",
    "download_artifact",
    "fetch_model",
    "get_comparison_url",
    "get_tracking_uri",
    "open_model",
    "resolve_evaluation",
    "start_stage_run",
]
