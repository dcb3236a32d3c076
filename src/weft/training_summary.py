"""training.json: the epoch whose weights a training stage kept, and whether they are better than those before training.

Both training stages write it; the report, MLflow and `weft summary` show it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from weft import tables
from weft.errors import ContractError

VAL_METRICS = ("val_loss", "val_map_at_r", "val_tag_precision")
"""The columns of history.csv by which an epoch can be kept."""
_KEYS_OF_TYPE = {str: ("stage", "keep_best_by", "kept_by"), int: ("kept_epoch", "epochs"), bool: ("improved",)}


@dataclass(frozen=True)
class TrainingSummary:
    """What a training stage kept."""

    stage: str
    """train_head or finetune."""
    keep_best_by: str
    """The setting: one of VAL_METRICS, or "last"."""
    kept_by: str
    """The criterion that chose: that of the setting; val_loss, or else "last", if it could not be measured on val."""
    kept_epoch: int
    """The epoch whose weights were kept; 0 is the model before its first step."""
    epochs: int
    """Number of epochs that were trained."""
    improved: bool
    """Whether the kept weights are better than those before training: by `kept_by`, or with "last" by any metric."""
    before_training: Mapping[str, float | None]
    """VAL_METRICS at epoch 0; None if the metric could not be measured."""
    kept: Mapping[str, float | None]
    """VAL_METRICS at the kept epoch."""

    def describe(self) -> str:
        """Return what was kept, and what to do if training improved nothing, in one line."""
        text = f"{self.stage}: "
        if self.keep_best_by != self.kept_by:
            text += f"{self.keep_best_by} could not be measured on val, so the epoch is chosen by {self.kept_by}; "
        if self.epochs == 0:
            return f"{text}{self.stage}.epochs is 0, so the weights are those before training"
        advice = f"train for more epochs ({self.stage}.epochs) or with other learning rates ({self.stage}.optimizer)"
        if self.kept_by == "last":
            if self.improved:
                return f"{text}kept epoch {self.kept_epoch}, the last; {self._format_changes()}"
            return (
                f"{text}kept epoch {self.kept_epoch}, the last, but no val metric is better than before training "
                + (f"({self._format_changes()}): the result is worth no more than that of an untrained model; {advice}")
            )
        before, after = self.before_training[self.kept_by], self.kept[self.kept_by]
        if not self.improved:
            verb = "lowered" if is_lower_better(self.kept_by) else "raised"
            return (
                f"{text}no epoch of {self.epochs} {verb} {self.kept_by} from {_format(before)}, so the untrained "
                f"weights of epoch 0 are kept and this stage changed nothing; {advice}"
            )
        change = f"{self.kept_by} {_format(before)} before training, {_format(after)} kept"
        return f"{text}kept epoch {self.kept_epoch} of {self.epochs}, the best by {change}"

    def to_tags(self) -> dict[str, str]:
        """Return the MLflow tags of the stage's run and of its pipeline, which is the run of both stages."""
        tags = {"kept_by": self.kept_by, "kept_epoch": str(self.kept_epoch), "improved": str(self.improved).lower()}
        return {f"{self.stage}.{name}": value for name, value in tags.items()}

    def _format_changes(self) -> str:
        return ", ".join(
            f"{name} {_format(self.before_training[name])} before training, {_format(self.kept[name])} now"
            for name in VAL_METRICS
            if self.before_training[name] is not None
        )


def is_lower_better(metric: str) -> bool:
    """Return whether a lower value of one of VAL_METRICS is better."""
    return metric == "val_loss"


def write_training_summary(path: Path, summary: TrainingSummary) -> None:
    """Write training.json."""
    tables.write_text(path, json.dumps(asdict(summary), indent=1) + "\n")


def read_training_summary(path: Path) -> TrainingSummary:
    """Read training.json.

    Raises:
        ContractError: The file is missing, or a key is missing or has another type.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: cannot be read as JSON: {error}; run the training stage again") from error
    names = [field.name for field in fields(TrainingSummary)]
    if not isinstance(values, dict) or sorted(values) != sorted(names):
        raise ContractError(f"{path}: expected the keys {', '.join(names)}; run the training stage again")
    wrong = [key for kind, keys in _KEYS_OF_TYPE.items() for key in keys if type(values[key]) is not kind]
    wrong += [key for key in ("before_training", "kept") if not _are_metrics(values[key])]
    if wrong:
        raise ContractError(f"{path}: {wrong[0]}: got {values[wrong[0]]!r}; run the training stage again")
    return TrainingSummary(**values)


def _are_metrics(values: object) -> bool:
    """Return whether `values` maps each of VAL_METRICS to a finite number or None."""
    return (
        isinstance(values, dict)
        and sorted(values) == sorted(VAL_METRICS)
        and all(value is None or (type(value) in (int, float) and math.isfinite(value)) for value in values.values())
    )


def _format(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
