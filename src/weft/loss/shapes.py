"""What every loss wants of its targets."""

import torch


def check_targets(z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> None:
    """Targets and weights are (batch, targets) with the batch of `z`, at least one target each.

    Raises:
        ValueError: They are not; the message names the shapes.
    """
    if targets.shape != weights.shape or targets.ndim != 2 or len(targets) != len(z):
        raise ValueError(
            f"targets {tuple(targets.shape)} and weights {tuple(weights.shape)} of {len(z)} embeddings, "
            f"wanted both ({len(z)}, targets)"
        )
    if targets.shape[1] < 1 or bool((weights.sum(1) <= 0).any()):
        raise ValueError("a photo without words has no loss: leave photos with empty bags out of the batch")
