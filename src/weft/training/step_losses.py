"""The training loss within an epoch: its mean over a few steps, as points of a curve."""

from collections.abc import Callable

import torch

STEPS_PER_POINT = 20
"""Steps of a point. Reading a loss makes the CPU wait for the device, so not every step is read."""


class StepLosses:
    """Reports the mean loss of every STEPS_PER_POINT steps of an epoch.

    Args:
        on_steps: Called with the number of steps since the start of the training, and the mean loss of the last ones.
        steps_before: Number of steps of all earlier epochs.
    """

    def __init__(self, on_steps: Callable[[int, float], None], steps_before: int) -> None:
        self._on_steps = on_steps
        self._steps_before = steps_before
        self._last_total: torch.Tensor | None = None
        self._last_seen = 0

    def add(self, step: int, total: torch.Tensor, seen: int) -> None:
        """Add a step.

        Args:
            step: Number of the step in the epoch, from 0.
            total: The sum of the losses of all photos so far in the epoch.
            seen: Number of photos so far, since the epoch began or was continued.
        """
        if self._last_total is None:
            # The sum may contain steps before a kill, whose photos `seen` does not count.
            self._last_total, self._last_seen = total.clone(), seen
        elif (step + 1) % STEPS_PER_POINT == 0:
            mean = float(total - self._last_total) / (seen - self._last_seen)
            self._last_total, self._last_seen = total.clone(), seen
            self._on_steps(self._steps_before + step + 1, mean)
