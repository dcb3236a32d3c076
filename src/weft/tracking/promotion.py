"""What `weft promote` asks of the registry: versions, the pipelines that made them, and their evaluations."""

from collections.abc import Mapping
from typing import Any

from weft.errors import InputError
from weft.tracking.pipeline_run import PARENT_TAG, find_stage_run
from weft.tracking.registry import (
    CANDIDATE,
    CHAMPION,
    MODEL_NAME,
    find_version_by_alias,
    find_version_of_run,
    set_champion,
)
from weft.tracking.runs import find_evaluations, find_pipeline_of_run
from weft.tracking.store import get_tracking_uri, open_store, store_exists

PIPELINE_TAG = "promotion.pipeline"
"""Tag of a version: the pipeline run whose evaluation counted when it became the champion."""


class Registry:
    """The versions of MODEL_NAME in the store of runs.

    Raises:
        InputError: There is no store.
    """

    def __init__(self) -> None:
        if not store_exists():
            raise InputError(f"there is no store of runs at {get_tracking_uri()}; run `make repro` first")
        self._store = open_store()

    def find_candidate(self, run_id: str | None) -> tuple[Any, str]:
        """Return the version to promote, and the id of the pipeline run that evaluated it.

        Args:
            run_id: The run of a pipeline or of one of its stages; None for the version with the alias "candidate".

        Raises:
            InputError: There is no such run, or its pipeline has no registered model.
        """
        client = self._store.client
        if run_id is None:
            version = find_version_by_alias(client, CANDIDATE)
            if version is None:
                raise InputError(f"{MODEL_NAME} has no version with the alias {CANDIDATE}; run `make repro` first")
            return version, find_pipeline_of_run(self._store, version.run_id)
        pipeline_run_id = find_pipeline_of_run(self._store, run_id)
        finetune = find_stage_run(self._store, pipeline_run_id, "finetune")
        version = find_version_of_run(client, finetune.info.run_id) if finetune else None
        if version is None:
            raise InputError(f"{run_id}: expected a run whose finetune registered a model, got one without a model")
        return version, pipeline_run_id

    def find_champion(self) -> tuple[Any, str] | None:
        """Return the version with the alias "champion" and the pipeline run that evaluated it; None without one."""
        version = find_version_by_alias(self._store.client, CHAMPION)
        if version is None:
            return None
        evaluated = version.tags.get(PIPELINE_TAG) or self._store.client.get_run(version.run_id).data.tags[PARENT_TAG]
        return version, evaluated

    def find_evaluations(self, pipeline_run_id: str) -> dict[str, str]:
        """Return the run id of evaluate by benchmark."""
        return find_evaluations(self._store, pipeline_run_id)

    def set_champion(self, version: Any, pipeline_run_id: str, tags: Mapping[str, str]) -> None:
        """Give a version the alias "champion", and tags that say how it was chosen."""
        set_champion(self._store.client, version.version, {**tags, PIPELINE_TAG: pipeline_run_id})
