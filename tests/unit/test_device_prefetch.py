"""Batches that threads assemble and that are copied to the device ahead of their reader."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import torch

from weft.device_prefetch import map_tensors, prefetch_to_device

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@dataclass(frozen=True)
class Words:
    ids: torch.Tensor
    negatives: torch.Tensor | None = None


class Step(NamedTuple):
    number: int
    pixels: torch.Tensor
    words: Words
    photos: np.ndarray


def make_step(number: int) -> Step:
    return Step(number, torch.full((2, 3), number), Words(torch.tensor([number])), np.arange(number))


def test_batches_come_in_order_and_are_not_read_far_ahead():
    taken = []

    def numbers():
        for number in range(30):
            taken.append(number)
            yield number

    for done, step in enumerate(prefetch_to_device(make_step, numbers(), 2, "cpu")):
        assert step.number == done
        assert len(taken) <= done + 1 + 2
        assert step.pixels.eq(done).all()
    assert done == 29


def test_an_error_of_a_thread_reaches_the_reader():
    with pytest.raises(ZeroDivisionError):
        list(prefetch_to_device(lambda number: torch.tensor(1 / number), [2, 1, 0], 2, "cpu"))


def test_only_tensors_are_changed_and_everything_else_stays_the_same():
    step = make_step(3)
    doubled = map_tensors([step, "text", None], lambda tensor: 2 * tensor)
    assert doubled[0].pixels.eq(6).all()
    assert doubled[0].words == Words(torch.tensor([6]))
    assert doubled[0].photos is step.photos
    assert doubled[1:] == ["text", None]
    assert map_tensors(step.photos, torch.neg) is step.photos


@pytest.mark.gpu
@on_gpu
def test_batches_on_a_gpu_have_the_values_of_their_step():
    for number, step in enumerate(prefetch_to_device(make_step, range(40), 3, "cuda")):
        assert step.pixels.is_cuda
        assert step.words.ids.is_cuda
        # The copy of the next batch must not change this one.
        pixels = step.pixels.double() @ torch.ones(3, 300, dtype=torch.float64, device="cuda")
        assert pixels.eq(3 * number).all()
