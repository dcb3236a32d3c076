import torch

from weft.training.step_losses import STEPS_PER_POINT, StepLosses


def test_each_point_is_the_mean_of_its_steps_also_after_a_kill():
    points = []
    losses = StepLosses(lambda step, loss: points.append((step, loss)), steps_before=100)
    total, seen = torch.tensor(1000.0, dtype=torch.float64), 0
    for step in range(5, 2 * STEPS_PER_POINT):
        total += 8 * step  # eight photos with the number of the step as their loss
        seen += 8
        losses.add(step, total, seen)
    first = sum(range(6, STEPS_PER_POINT)) / (STEPS_PER_POINT - 6)
    second = sum(range(STEPS_PER_POINT, 2 * STEPS_PER_POINT)) / STEPS_PER_POINT
    assert points == [(100 + STEPS_PER_POINT, first), (100 + 2 * STEPS_PER_POINT, second)]
