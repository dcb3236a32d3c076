"""Which epoch's weights are kept: the best one by a val metric, or the last one."""

import math
from collections.abc import Sequence

from weft.training.history import EpochMetrics
from weft.training_summary import VAL_METRICS, TrainingSummary, is_lower_better


def find_kept_epoch(history: Sequence[EpochMetrics], keep_best_by: str) -> tuple[int, str]:
    """Return the epoch that is kept and the criterion that chose it.

    Of epochs with the same value the one with the lowest val_loss is kept, then the earliest. If `keep_best_by` is
    finite in no epoch, because val has no queries, val_loss decides; if that is not finite either, because val has no
    photos, the last epoch is kept. When an epoch is appended, the kept epoch stays the same or becomes the new one.

    Args:
        history: The metrics of the epochs 0, 1, 2 ...; at least one.
        keep_best_by: One of VAL_METRICS, or "last".
    """
    criteria = () if keep_best_by == "last" else dict.fromkeys((keep_best_by, "val_loss"))
    for criterion in criteria:
        measured = [metrics for metrics in history if math.isfinite(getattr(metrics, criterion))]
        if measured:
            best = min(measured, key=lambda metrics: (_cost(metrics, criterion), _cost(metrics, "val_loss")))
            return best.epoch, criterion
    return history[-1].epoch, "last"


def _cost(metrics: EpochMetrics, metric: str) -> float:
    """Return the metric, negated if higher is better; infinite if it is not finite."""
    value: float = getattr(metrics, metric)
    if not math.isfinite(value):
        return math.inf
    return value if is_lower_better(metric) else -value


def summarize_training(stage: str, history: Sequence[EpochMetrics], keep_best_by: str) -> TrainingSummary:
    """Return what `stage` kept, the content of training.json.

    Args:
        stage: train_head or finetune.
        history: The metrics of all epochs, from epoch 0 on.
        keep_best_by: The stage's setting of this name.
    """
    kept_epoch, kept_by = find_kept_epoch(history, keep_best_by)
    first, kept = history[0], history[kept_epoch]
    is_better = kept_epoch > 0
    if kept_by == "last":
        is_better = any(_cost(kept, metric) < _cost(first, metric) for metric in VAL_METRICS)
    return TrainingSummary(
        stage, keep_best_by, kept_by, kept_epoch, len(history) - 1, is_better, _get_metrics(first), _get_metrics(kept)
    )


def _get_metrics(metrics: EpochMetrics) -> dict[str, float | None]:
    """Return VAL_METRICS of an epoch, rounded as in history.csv; None if the metric is not finite."""
    values = {name: float(getattr(metrics, name)) for name in VAL_METRICS}
    return {name: float(f"{value:.6g}") if math.isfinite(value) else None for name, value in values.items()}
